/* The shapes that scripts rely on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "format.h"
#include "job-json.h"
#include "names.h"

#define TEXT(t) ((char *)(uintptr_t)(t))

static JobFile file = {
        .index = 0,
        .remote = TEXT("http://server/file"),
        .local = TEXT("/home/alice/\"file\"\n"),
        .bytes_total = SIZE_UNKNOWN,
        .bytes_transferred = 0,
};

static Job job_example(void)
{
        return (Job){
                .id = TEXT("7F015FFC-4032-4098-A2A3-6D6F98B812C3"),
                .display_name = TEXT("name"),
                .description = TEXT(""),
                .owner = TEXT("S-1-22-1-1000"),
                .reason = TEXT("retry"),
                .helper_sid = TEXT(""),
                .state = STATE_TRANSIENT_ERROR,
                .priority = PRIORITY_NORMAL,
                .notify_flags = 3,
                .minimum_retry_delay = 600,
                .no_progress_timeout = 1209600,
                .error_count = 1,
                .owner_uid = 1000,
                .helper_uses = USE_LOCAL_FILE | USE_NETWORK,
                .bytes_total = SIZE_UNKNOWN,
                .bytes_transferred = UINT64_C(1) << 63,
                .files_total = 1,
                .created_usec = UINT64_C(1738367999123456),
                .modified_usec = UINT64_C(1738367999123456),
                .proxy_list = TEXT(""),
                .proxy_bypass = TEXT(""),
                .has_error = true,
                .error = {BG_E_HTTP_ERROR_404, 5, 0, TEXT("http"), TEXT("text")},
                .files = &file,
                .n_files = 1,
        };
}

static void assert_json(json_object *o, const char *text)
{
        assert_string_equal(json_object_to_json_string_ext(
                                    o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
                            text);
        json_object_put(o);
}

static void test_job(void **state)
{
        Job job = job_example();

        (void)state;
        assert_json(job_json(&job),
                    "{\"id\":\"7F015FFC-4032-4098-A2A3-6D6F98B812C3\",\"display_name\":\"name\","
                    "\"description\":\"\",\"type\":\"DOWNLOAD\",\"state\":\"TRANSIENT_ERROR\","
                    "\"reason\":\"retry\",\"reason_until\":null,\"priority\":\"NORMAL\","
                    "\"owner\":\"S-1-22-1-1000\",\"owner_uid\":1000,\"bytes_total\":null,"
                    "\"bytes_transferred\":9223372036854775808,\"files_total\":1,"
                    "\"files_transferred\":0,\"created\":\"2025-01-31T23:59:59.123456Z\","
                    "\"modified\":\"2025-01-31T23:59:59.123456Z\",\"completed\":null,"
                    "\"notify_flags\":3,\"notify_interface\":false,\"minimum_retry_delay\":600,"
                    "\"no_progress_timeout\":1209600,\"proxy\":{\"usage\":\"PRECONFIG\","
                    "\"list\":null,\"bypass\":null},\"helper_token_flags\":[\"file\",\"network\"],"
                    "\"helper_token_sid\":null,\"error_count\":1,\"error\":{\"name\":"
                    "\"BG_E_HTTP_ERROR_404\",\"code\":\"0x80190194\",\"context\":\"REMOTE_FILE\","
                    "\"file\":0,\"protocol\":\"http\",\"text\":\"text\"},\"files\":[{\"index\":0,"
                    "\"remote_name\":\"http://server/file\",\"local_name\":"
                    "\"/home/alice/\\\"file\\\"\\n\",\"bytes_total\":null,\"bytes_transferred\":0,"
                    "\"completed\":false}]}");
}

static void test_error(void **state)
{
        Job job = job_example();

        (void)state;
        job.error = (JobError){.code = (HRESULT)0x80201234, .file = -1};
        assert_json(job_json_error(&job),
                    "{\"name\":\"HRESULT_80201234\",\"code\":\"0x80201234\",\"context\":\"NONE\","
                    "\"file\":null,\"protocol\":null,\"text\":null}");
        job.has_error = false;
        assert_null(job_json_error(&job));
}

/* Files that were not read are not an empty list. */
static void test_files(void **state)
{
        Job job = job_example();
        json_object *o;

        (void)state;
        job.files = NULL;
        job.n_files = 0;
        o = job_json(&job);
        assert_false(json_object_object_get_ex(o, "files", NULL));
        json_object_put(o);
        job.files_total = 0;
        o = job_json(&job);
        assert_int_equal(json_object_array_length(json_object_object_get(o, "files")), 0);
        json_object_put(o);
}

static void test_values(void **state)
{
        (void)state;
        assert_null(json_size(SIZE_UNKNOWN));
        assert_null(json_time(0));
        assert_null(json_text(""));
        assert_json(json_size(0), "0");
        assert_json(json_size(UINT64_MAX - 1), "18446744073709551614");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_job),
                cmocka_unit_test(test_error),
                cmocka_unit_test(test_files),
                cmocka_unit_test(test_values),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
