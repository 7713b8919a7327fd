/* behaviour.md §1.1 and §1.2, row by row: what the table allows, and that it refuses all else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "state.h"

typedef struct Row {
        JobState from;
        JobEvent event;
        JobState to;
} Row;

static const Row allowed[] = {
        {JOB_SUSPENDED, EVENT_RESUME, JOB_QUEUED},
        {JOB_ERROR, EVENT_RESUME, JOB_QUEUED},
        {JOB_TRANSIENT_ERROR, EVENT_RESUME, JOB_QUEUED},
        {JOB_QUEUED, EVENT_RESUME, JOB_QUEUED},
        {JOB_CONNECTING, EVENT_RESUME, JOB_CONNECTING},
        {JOB_TRANSFERRING, EVENT_RESUME, JOB_TRANSFERRING},
        {JOB_TRANSFERRED, EVENT_RESUME, JOB_QUEUED},
        {JOB_QUEUED, EVENT_SUSPEND, JOB_SUSPENDED},
        {JOB_CONNECTING, EVENT_SUSPEND, JOB_SUSPENDED},
        {JOB_TRANSFERRING, EVENT_SUSPEND, JOB_SUSPENDED},
        {JOB_TRANSIENT_ERROR, EVENT_SUSPEND, JOB_SUSPENDED},
        {JOB_SUSPENDED, EVENT_SUSPEND, JOB_SUSPENDED},
        {JOB_ERROR, EVENT_SUSPEND, JOB_ERROR},
        {JOB_TRANSFERRED, EVENT_SUSPEND, JOB_TRANSFERRED},
        {JOB_QUEUED, EVENT_START, JOB_CONNECTING},
        {JOB_CONNECTING, EVENT_CONNECTED, JOB_TRANSFERRING},
        {JOB_CONNECTING, EVENT_PREEMPT, JOB_QUEUED},
        {JOB_TRANSFERRING, EVENT_PREEMPT, JOB_QUEUED},
        {JOB_CONNECTING, EVENT_SATISFIED, JOB_SUSPENDED},
        {JOB_TRANSFERRING, EVENT_SATISFIED, JOB_SUSPENDED},
        {JOB_QUEUED, EVENT_TRANSFERRED, JOB_TRANSFERRED},
        {JOB_CONNECTING, EVENT_TRANSFERRED, JOB_TRANSFERRED},
        {JOB_TRANSFERRING, EVENT_TRANSFERRED, JOB_TRANSFERRED},
        {JOB_QUEUED, EVENT_TRANSIENT, JOB_TRANSIENT_ERROR},
        {JOB_CONNECTING, EVENT_TRANSIENT, JOB_TRANSIENT_ERROR},
        {JOB_TRANSFERRING, EVENT_TRANSIENT, JOB_TRANSIENT_ERROR},
        {JOB_QUEUED, EVENT_FATAL, JOB_ERROR},
        {JOB_CONNECTING, EVENT_FATAL, JOB_ERROR},
        {JOB_TRANSFERRING, EVENT_FATAL, JOB_ERROR},
        {JOB_TRANSIENT_ERROR, EVENT_FATAL, JOB_ERROR},
        {JOB_TRANSIENT_ERROR, EVENT_RETRY, JOB_QUEUED},
        {JOB_QUEUED, EVENT_OWNER, JOB_QUEUED},
        {JOB_CONNECTING, EVENT_OWNER, JOB_QUEUED},
        {JOB_TRANSFERRING, EVENT_OWNER, JOB_QUEUED},
        {JOB_SUSPENDED, EVENT_OWNER, JOB_SUSPENDED},
        {JOB_ERROR, EVENT_OWNER, JOB_ERROR},
        {JOB_TRANSIENT_ERROR, EVENT_OWNER, JOB_TRANSIENT_ERROR},
        {JOB_TRANSFERRED, EVENT_OWNER, JOB_QUEUED},
        {JOB_QUEUED, EVENT_INVALIDATED, JOB_ERROR},
        {JOB_CONNECTING, EVENT_INVALIDATED, JOB_ERROR},
        {JOB_TRANSFERRING, EVENT_INVALIDATED, JOB_ERROR},
        {JOB_TRANSIENT_ERROR, EVENT_INVALIDATED, JOB_ERROR},
        {JOB_SUSPENDED, EVENT_INVALIDATED, JOB_ERROR},
        {JOB_ERROR, EVENT_INVALIDATED, JOB_ERROR},
        {JOB_TRANSFERRED, EVENT_INVALIDATED, JOB_ERROR},
};

static const Row *find(JobState from, JobEvent event)
{
        for (size_t i = 0; i < ELEMENTS(allowed); i++)
                if (allowed[i].from == from && allowed[i].event == event)
                        return &allowed[i];
        return NULL;
}

static void test_table(void **state)
{
        (void)state;
        for (JobState from = 0; from < JOB_STATE_COUNT; from++)
                for (JobEvent event = 0; event < JOB_EVENT_COUNT; event++) {
                        const Row *row = find(from, event);
                        JobState to = JOB_STATE_COUNT;
                        bool ok = state_next(from, event, &to);

                        if (event == EVENT_CANCEL || event == EVENT_COMPLETE ||
                            event == EVENT_COMPLETE_FAILED) {
                                assert_int_equal(ok, !state_is_final(from));
                                if (ok)
                                        assert_int_equal(to, event == EVENT_CANCEL ? JOB_CANCELLED
                                                             : event == EVENT_COMPLETE
                                                                     ? JOB_ACKNOWLEDGED
                                                                     : JOB_TRANSFERRED);
                        } else if (row) {
                                assert_true(ok);
                                assert_int_equal(to, row->to);
                        } else {
                                assert_false(ok);
                                assert_int_equal(to, JOB_STATE_COUNT);
                        }
                }
}

static void test_final_states_never_change(void **state)
{
        JobState to;

        (void)state;
        for (JobEvent event = 0; event < JOB_EVENT_COUNT; event++) {
                assert_false(state_next(JOB_ACKNOWLEDGED, event, &to));
                assert_false(state_next(JOB_CANCELLED, event, &to));
        }
}

static void test_values_and_names(void **state)
{
        /* types.md, BG_JOB_STATE */
        static const char *const names[] = {
                "QUEUED",          "CONNECTING",  "TRANSFERRING", "SUSPENDED", "ERROR",
                "TRANSIENT_ERROR", "TRANSFERRED", "ACKNOWLEDGED", "CANCELLED",
        };

        (void)state;
        assert_int_equal(ELEMENTS(names), JOB_STATE_COUNT);
        for (JobState s = 0; s < JOB_STATE_COUNT; s++)
                assert_string_equal(state_name(s), names[s]);
        for (JobEvent event = 0; event < JOB_EVENT_COUNT; event++)
                assert_non_null(event_name(event));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_final_states_never_change),
                cmocka_unit_test(test_values_and_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
