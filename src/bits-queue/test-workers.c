/*
 * A real bits-queue between its neighbours: the test is bitsd and every worker, and does what those
 * never would, or would do once in a thousand years. argv[1] is the program.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "test-scene.h"

/* ---- tests ------------------------------------------------------------------------------------
 */

/* What is sent between the two is there when the service looks: one round of its loop has it all.
 */
static void hold_service(const World *w)
{
        siginfo_t info;

        assert_int_equal(kill(w->pid, SIGSTOP), 0);
        assert_int_equal(waitid(P_PID, (id_t)w->pid, &info, WSTOPPED), 0);
}

static void release_service(const World *w)
{
        assert_int_equal(kill(w->pid, SIGCONT), 0);
}

static void send_restarted(const Scene *s, const NetTransfer *order)
{
        NetResponse response = {
                .header = {.type = NET_RESPONSE, .sequence = order->header.sequence},
                .restarted = 1,
                .validator = {.size = 1000, .last_modified_usec = INT64_MIN}};

        transmit(s->net, &response, sizeof(response), -1);
}

/* The bits-net that waits for a commit is gone before it: the job goes on with another. */
static void test_lost_while_restarting(void **state)
{
        NetTransfer order;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        order = scene_move(&s);
        hold_service(s.world);
        send_restarted(&s, &order);
        s.net = close_fd(s.net);
        release_service(s.world);
        serve_request(s.file, FILE_RESUME_TEMP, -ENOENT);
        wait_state(s.bus, s.job, JOB_ERROR);
        assert_served(s.world);
        scene_end(&s);
}

static void test_failed_while_restarting(void **state)
{
        NetTransfer order;
        NetFailed failed;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        order = scene_move(&s);
        failed = (NetFailed){.header = {.type = NET_FAILED, .sequence = order.header.sequence},
                             .hresult = BG_E_HTTP_ERROR_404,
                             .context = NET_CONTEXT_REMOTE_FILE,
                             .class = NET_FATAL,
                             .retry_after_usec = -1};
        hold_service(s.world);
        send_restarted(&s, &order);
        transmit(s.net, &failed, sizeof(failed), -1);
        release_service(s.world);
        wait_state(s.bus, s.job, JOB_ERROR);
        assert_served(s.world);
        scene_end(&s);
}

/* Done before it was told to proceed: it is ended, and the job goes on with another. */
static NetFailed failed_at(const NetTransfer *order, uint64_t offset)
{
        return (NetFailed){.header = {.type = NET_FAILED, .sequence = order->header.sequence},
                           .hresult = BG_E_CONNECTION_CLOSED,
                           .context = NET_CONTEXT_TRANSPORT,
                           .class = NET_TRANSIENT,
                           .retry_after_usec = -1,
                           .offset = offset};
}

/* What was durable when a transfer failed is not fetched again. */
static void test_failed_goes_on_from_there(void **state)
{
        NetResponse response = {.header = {.type = NET_RESPONSE},
                                .validator = {.size = 1000, .last_modified_usec = INT64_MIN}};
        NetTransfer order;
        NetFailed failed;
        FileRequest request;
        Scene s;
        int fd;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        order = scene_move(&s);
        response.header.sequence = order.header.sequence;
        transmit(s.net, &response, sizeof(response), -1);
        failed = failed_at(&order, 400);
        transmit(s.net, &failed, sizeof(failed), -1);
        wait_state(s.bus, s.job, JOB_TRANSIENT_ERROR);

        scene_resume(&s);
        request = expect_request(s.file, FILE_RESUME_TEMP);
        fd = memfd_create("temporary", MFD_CLOEXEC);
        answer_request(s.file, &request, 0, fd);
        closep(&fd);
        receive(s.net, &order, sizeof(order), &fd);
        closep(&fd);
        assert_int_equal(order.header.type, NET_TRANSFER);
        assert_int_equal(order.begin, 400);
        assert_served(s.world);
        scene_end(&s);
}

/* A bits-net has nothing durable before it may begin: this one lies, and is not believed. */
static void test_failed_with_bytes_while_restarting(void **state)
{
        NetTransfer order;
        NetFailed failed;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        order = scene_move(&s);
        failed = failed_at(&order, 400);
        hold_service(s.world);
        send_restarted(&s, &order);
        transmit(s.net, &failed, sizeof(failed), -1);
        release_service(s.world);
        serve_request(s.file, FILE_RESUME_TEMP, -ENOENT); /* as if it had fallen: another try */
        wait_state(s.bus, s.job, JOB_ERROR);
        assert_served(s.world);
        scene_end(&s);
}

static void test_done_while_restarting(void **state)
{
        NetOffset done = {.header.type = NET_DONE, .offset = 1000};
        NetTransfer order;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        order = scene_move(&s);
        done.header.sequence = order.header.sequence;
        hold_service(s.world);
        send_restarted(&s, &order);
        transmit(s.net, &done, sizeof(done), -1);
        release_service(s.world);
        expect_stop(s.world);
        serve_request(s.file, FILE_RESUME_TEMP, -ENOENT);
        wait_state(s.bus, s.job, JOB_ERROR);
        assert_served(s.world);
        scene_end(&s);
}

/* ---- another source while it moves ------------------------------------------------------------
 */

static void scene_rename(const Scene *s, const char *name)
{
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/file/0", s->job);
        assert_true(sd_bus_call_method(s->bus, NULL, path, FILE_INTERFACE, "SetRemoteName", NULL,
                                       NULL, "s", name) >= 0);
}

/* Resume brings the new name in while the old one is being fetched: that is given up, and what it
 * still says is of the old one. */
static void test_renamed_while_moving(void **state)
{
        NetTransfer order;
        uint32_t id;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        id = scene_move_half(&s);
        scene_rename(&s, "http://127.0.0.1/y");
        scene_resume(&s);
        expect_cancel(&s, id);
        send_response(&s, id, "\"2\"");
        send_offset(&s, id, NET_CHECKPOINT, 700);
        send_cancelled(&s, id, 700);
        order = scene_move_again(&s, 500);
        assert_string_equal(order.url, "http://127.0.0.1/y");
        assert_string_equal(order.validator.etag, "");
        assert_int_equal(order.validator.size, 1000);
        scene_end(&s);
}

/* All has come, but what is not durable counts only when the seal has made it so. */
static void test_received(void **state)
{
        NetTransfer order;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        order = scene_move(&s);
        assert_int_equal(order.flags, NET_SEAL_SYNCS);
        send_response(&s, order.header.sequence, "");
        send_offset(&s, order.header.sequence, NET_RECEIVED, 1000);
        serve_request(s.file, FILE_SEAL, -EIO);
        wait_state(s.bus, s.job, JOB_ERROR);

        scene_resume(&s);
        order = scene_move_again(&s, 0);
        send_response(&s, order.header.sequence, "");
        send_offset(&s, order.header.sequence, NET_RECEIVED, 1000);
        serve_request(s.file, FILE_SEAL, 0);
        wait_state(s.bus, s.job, JOB_TRANSFERRED);
        assert_served(s.world);
        scene_end(&s);
}

static void test_received_too_much(void **state)
{
        NetTransfer order;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        order = scene_move(&s);
        send_response(&s, order.header.sequence, "");
        send_offset(&s, order.header.sequence, NET_RECEIVED, 1001);
        expect_stop(s.world);
        serve_request(s.file, FILE_RESUME_TEMP, -ENOENT);
        wait_state(s.bus, s.job, JOB_ERROR);
        scene_end(&s);
}

static void test_renamed_and_done(void **state)
{
        NetTransfer order;
        uint32_t id;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        id = scene_move_half(&s);
        scene_rename(&s, "http://127.0.0.1/y");
        scene_resume(&s);
        expect_cancel(&s, id);
        send_offset(&s, id, NET_DONE, 1000);
        order = scene_move_again(&s, 500);
        assert_string_equal(order.url, "http://127.0.0.1/y");
        scene_end(&s);
}

/* An answer that comes after the order to stop is not noted, so neither are its bytes. */
static void test_answer_while_stopping(void **state)
{
        NetTransfer order;
        Pending call;
        uint32_t id;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        id = scene_move_half(&s);
        begin_call(s.bus, &call, s.job, "Suspend", "", NULL, NULL);
        assert_string_equal(finish(&call), "");
        expect_cancel(&s, id);
        send_offset(&s, id, NET_CHECKPOINT, 600);
        send_response(&s, id, "\"2\"");
        send_offset(&s, id, NET_CHECKPOINT, 700);
        send_cancelled(&s, id, 700);
        scene_resume(&s);
        order = scene_move_again(&s, 600);
        assert_string_equal(order.validator.etag, "\"1\"");
        scene_end(&s);
}

/* Each is below the limit when it is asked for, and only one of them when it comes in. */
static void test_too_many_files_at_once(void **state)
{
        World *w = *state;
        Pending first, second;
        Scene s;

        if (getuid() == 0) /* for an administrator there is no limit */
                assert_int_equal(seteuid(OWNER_UID), 0);
        scene_begin(w, &s);
        begin_add_files(s.bus, &first, s.job, 101);
        begin_add_files(s.bus, &second, s.job, 101);
        s.file = start_worker(w, WORKER_FILE);
        for (size_t i = 0; i < 202; i++)
                serve_request(s.file, FILE_CHECK, 0);
        assert_string_equal(finish(&first), "");
        assert_string_equal(finish(&second), "org.bitsd1.Error.BG_E_TOO_MANY_FILES_IN_JOB");
        begin_add_files(s.bus, &first, s.job, 100);
        assert_string_equal(finish(&first), "org.bitsd1.Error.BG_E_TOO_MANY_FILES_IN_JOB");
        begin_add_files(s.bus, &first, s.job, 99);
        for (size_t i = 0; i < 99; i++)
                serve_request(s.file, FILE_CHECK, 0);
        assert_string_equal(finish(&first), "");
        scene_end(&s);
}

/* The call, and what bitsd says of the token. */
static void set_token(Scene *s, int token)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        SupervisorQueryReply reply = {.header.type = SUPERVISOR_QUERY_REPLY,
                                      .uid = HELPER_UID,
                                      .audience = geteuid(),
                                      .uses = 1};
        SupervisorQuery query;
        Pending call;
        int passed;

        assert_true(sd_bus_message_new_method_call(s->bus, &m, NULL, s->job, JOB_INTERFACE,
                                                   "SetHelperToken") >= 0);
        assert_true(sd_bus_message_append(m, "h", token) >= 0);
        begin(s->bus, &call, m);
        receive(s->world->supervisor, &query, sizeof(query), &passed);
        closep(&passed);
        assert_int_equal(query.header.type, SUPERVISOR_QUERY);
        reply.header.sequence = query.header.sequence;
        transmit(s->world->supervisor, &reply, sizeof(reply), -1);
        assert_string_equal(finish(&call), "");
        assert_true(sd_bus_call_method(s->bus, NULL, s->job, JOB_INTERFACE, "SetHelperTokenFlags",
                                       NULL, NULL, "u", 1) >= 0);
}

/* The same token handed in again and again, whole or as a copy: its worker serves on. */
static void test_one_worker_for_a_token(void **state)
{
        int token[2], other[2];
        Scene s;

        scene_begin(*state, &s);
        assert_int_equal(packet_pair(token), 0);
        assert_int_equal(packet_pair(other), 0);
        for (size_t i = 0; i < 3; i++) {
                set_token(&s, token[0]);
                scene_add_file(&s, "/tmp/x"); /* asks for a worker the first time only */
        }
        set_token(&s, other[0]);
        s.file = close_fd(s.file);
        scene_add_file(&s, "/tmp/x"); /* another token is another worker */

        /* A token that hung up is gone from the job, however often it was set. */
        set_token(&s, other[0]);
        for (size_t i = 0; i < 2; i++) {
                close(token[i]);
                close(other[i]);
        }
        scene_resume(&s);
        wait_state(s.bus, s.job, JOB_ERROR);
        scene_end(&s);
}

/* The worker falls with the request in its hands, and another gets it. */
static FileRequest fall_with(Scene *s, uint32_t type)
{
        FileRequest request = expect_request(s->file, type);

        s->file = close_fd(s->file);
        s->file = start_worker(s->world, WORKER_FILE);
        return request;
}

static void test_bits_file_falls(void **state)
{
        NetResponse response = {.header.type = NET_RESPONSE,
                                .validator = {.size = 5, .last_modified_usec = INT64_MIN}};
        NetOffset done = {.header.type = NET_DONE, .offset = 5};
        _cleanup_(closep) int fd = memfd_create("temporary", MFD_CLOEXEC);
        FileRequest first, second;
        NetTransfer order;
        Pending call;
        int passed;
        Scene s;

        scene_begin(*state, &s);
        begin_call(s.bus, &call, s.job, "AddFile", "ss", "http://127.0.0.1/x", "/tmp/x");
        s.file = start_worker(s.world, WORKER_FILE);
        (void)fall_with(&s, FILE_CHECK);
        serve_request(s.file, FILE_CHECK, 0);
        assert_string_equal(finish(&call), "");

        scene_resume(&s);
        first = fall_with(&s, FILE_OPEN_TEMP);
        second = expect_request(s.file, FILE_OPEN_TEMP);
        assert_string_equal(second.temp, first.temp); /* what the first may have made is found */
        answer_request(s.file, &second, 0, fd);
        s.net = start_worker(s.world, WORKER_NET);
        receive(s.net, &order, sizeof(order), &passed);
        closep(&passed);
        response.header.sequence = done.header.sequence = order.header.sequence;
        transmit(s.net, &response, sizeof(response), -1);
        transmit(s.net, &done, sizeof(done), -1);
        (void)fall_with(&s, FILE_SEAL);
        serve_request(s.file, FILE_SEAL, 0);
        wait_state(s.bus, s.job, JOB_TRANSFERRED);

        begin_call(s.bus, &call, s.job, "Complete", "", NULL, NULL);
        for (size_t i = 0; i < 2; i++)
                (void)fall_with(&s, FILE_FINISH);
        (void)expect_request(s.file, FILE_FINISH);
        s.file = close_fd(s.file); /* the third time: enough of it */
        assert_string_equal(finish(&call), "org.bitsd1.Error.BG_E_WATCHDOG_TIMEOUT");
        assert_int_equal(job_state(s.bus, s.job), JOB_TRANSFERRED);
        scene_end(&s);
}

static int setup_impatient(void **state)
{
        int r;

        assert_int_equal(setenv("BITS_FILE_PATIENCE", "3", 1), 0);
        r = world_setup(state);
        assert_int_equal(unsetenv("BITS_FILE_PATIENCE"), 0);
        return r;
}

static int setup_narrow(void **state)
{
        int r;

        assert_int_equal(setenv("BITS_ORPHANS_MAX", "2", 1), 0);
        r = world_setup(state);
        assert_int_equal(unsetenv("BITS_ORPHANS_MAX"), 0);
        return r;
}

/* A bits-file that hangs, on the first of two calls: that is answered, the other goes elsewhere. */
static void test_hanging_check(void **state)
{
        Pending first, second;
        Scene s;

        scene_begin(*state, &s);
        begin_call(s.bus, &first, s.job, "AddFile", "ss", "http://127.0.0.1/x", "/hangs/x");
        s.file = start_worker(s.world, WORKER_FILE);
        begin_call(s.bus, &second, s.job, "AddFile", "ss", "http://127.0.0.1/x", "/tmp/x");
        (void)expect_request(s.file, FILE_CHECK);
        expect_stop(s.world);
        assert_string_equal(finish(&first), "org.bitsd1.Error.BG_E_WATCHDOG_TIMEOUT");
        s.file = close_fd(s.file);
        s.file = start_worker(s.world, WORKER_FILE);
        serve_request(s.file, FILE_CHECK, 0);
        assert_string_equal(finish(&second), "");
        scene_end(&s);
}

/* The job can be left while its bits-file hangs. */
static void test_cancel_while_opening_hangs(void **state)
{
        Pending call;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        scene_resume(&s);
        (void)expect_request(s.file, FILE_OPEN_TEMP);
        begin_call(s.bus, &call, s.job, "Cancel", "", NULL, NULL);
        expect_stop(s.world);
        s.file = close_fd(s.file);
        s.file = start_worker(s.world, WORKER_FILE);
        serve_request(s.file, FILE_DISCARD, 0);
        assert_string_equal(finish(&call), "");
        assert_int_equal(job_state(s.bus, s.job), JOB_CANCELLED);
        scene_end(&s);
}

/* One that never says it is ready, stopped by its user for example. */
static void test_never_ready(void **state)
{
        SupervisorSpawnReply reply = {
                .header.type = SUPERVISOR_SPAWN_REPLY, .worker = 7000, .uid = geteuid(), .pid = 1};
        SupervisorSpawn asked;
        Pending call;
        int pair[2];
        Scene s;

        scene_begin(*state, &s);
        begin_call(s.bus, &call, s.job, "AddFile", "ss", "http://127.0.0.1/x", "/tmp/x");
        receive(s.world->supervisor, &asked, sizeof(asked), NULL);
        assert_int_equal(packet_pair(pair), 0);
        reply.header.sequence = asked.header.sequence;
        transmit(s.world->supervisor, &reply, sizeof(reply), pair[1]);
        expect_stop(s.world);
        assert_string_equal(finish(&call), "org.bitsd1.Error.BG_E_WATCHDOG_TIMEOUT");
        close(pair[0]);
        close(pair[1]);
        scene_end(&s);
}

/* A large file is sealed for as long as it takes, while another's call is overdue. */
static void test_seal_of_a_large_file(void **state)
{
        NetResponse response = {
                .header.type = NET_RESPONSE,
                .validator = {.size = UINT64_C(1) << 40, .last_modified_usec = INT64_MIN}};
        NetOffset done = {.header.type = NET_DONE, .offset = UINT64_C(1) << 40};
        FileRequest seal;
        NetTransfer order;
        Pending call;
        int token[2], other;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        order = scene_move(&s);
        response.header.sequence = done.header.sequence = order.header.sequence;
        transmit(s.net, &response, sizeof(response), -1);
        transmit(s.net, &done, sizeof(done), -1);
        seal = expect_request(s.file, FILE_SEAL);

        assert_int_equal(packet_pair(token), 0);
        set_token(&s, token[0]);
        begin_call(s.bus, &call, s.job, "AddFile", "ss", "http://127.0.0.1/x", "/hangs/x");
        other = start_worker(s.world, WORKER_FILE);
        (void)expect_request(other, FILE_CHECK);
        expect_stop(s.world);
        assert_string_equal(finish(&call), "org.bitsd1.Error.BG_E_WATCHDOG_TIMEOUT");
        answer_request(s.file, &seal, 0, -1);
        wait_state(s.bus, s.job, JOB_TRANSFERRED);
        close(other);
        close(token[0]);
        close(token[1]);
        scene_end(&s);
}

static void assert_nothing_asked(World *w, int worker)
{
        struct pollfd p[] = {{.fd = worker, .events = POLLIN},
                             {.fd = w->supervisor, .events = POLLIN}};

        assert_served(w); /* it has done what there was to do */
        assert_int_equal(poll(p, ELEMENTS(p), 0), 0);
}

/* Two files with temporary names, and a job that failed with them. */
static void leave_two_names(Scene *s)
{
        FileRequest first, second;

        scene_add_file(s, "/tmp/x");
        scene_add_file(s, "/tmp/y");
        scene_resume(s);
        first = expect_request(s->file, FILE_OPEN_TEMP);
        second = expect_request(s->file, FILE_OPEN_TEMP);
        answer_request(s->file, &first, -EACCES, -1);
        answer_request(s->file, &second, -EACCES, -1);
        wait_state(s->bus, s->job, JOB_ERROR);
}

/* What cannot be deleted is tried once each time, and one after the other. */
static void test_sweep(void **state)
{
        FileRequest first, again;
        Pending call;
        Scene s;

        scene_begin(*state, &s);
        leave_two_names(&s);
        begin_call(s.bus, &call, s.job, "Cancel", "", NULL, NULL);
        first = expect_request(s.file, FILE_DISCARD);
        assert_nothing_asked(s.world, s.file);
        answer_request(s.file, &first, -EACCES, -1);
        serve_request(s.file, FILE_DISCARD, -EACCES);
        assert_string_equal(finish(&call), "");
        assert_int_equal(call.result, BG_S_UNABLE_TO_DELETE_FILES);
        assert_nothing_asked(s.world, s.file);

        s.file = close_fd(s.file); /* the next one tries again */
        free(s.job);
        create_job(s.bus, &s.job);
        scene_add_file(&s, "/tmp/z");
        again = expect_request(s.file, FILE_DISCARD);
        assert_string_equal(again.temp, first.temp);
        answer_request(s.file, &again, 0, -1);
        serve_request(s.file, FILE_DISCARD, 0);
        assert_nothing_asked(s.world, s.file);
        scene_end(&s);
}

/* Who has left too many makes no new ones, until some could be deleted. */
static void test_too_many_orphans(void **state)
{
        Pending call;
        Scene s;

        scene_begin(*state, &s);
        leave_two_names(&s);
        begin_call(s.bus, &call, s.job, "Cancel", "", NULL, NULL);
        serve_request(s.file, FILE_DISCARD, -EACCES);
        serve_request(s.file, FILE_DISCARD, -EACCES);
        assert_string_equal(finish(&call), "");

        free(s.job);
        create_job(s.bus, &s.job);
        scene_add_file(&s, "/tmp/z");
        scene_resume(&s);
        serve_request(s.file, FILE_DISCARD, -EACCES);
        serve_request(s.file, FILE_DISCARD, -EACCES);
        wait_state(s.bus, s.job, JOB_TRANSIENT_ERROR);
        assert_nothing_asked(s.world, s.file);
        scene_resume(&s);
        serve_request(s.file, FILE_DISCARD, 0);
        serve_request(s.file, FILE_DISCARD, -EACCES);
        wait_state(s.bus, s.job, JOB_TRANSIENT_ERROR);
        scene_resume(&s);
        scene_open(&s);
        scene_end(&s);
}

/* One owner's orphans are no business of another's bits-file, though it is of the same user. */
static void test_sweep_for_another_owner(void **state)
{
        FileRequest discard;
        Scene alice, bob;
        Pending call;
        int token[2], apart;

        scene_begin(*state, &alice);
        assert_int_equal(packet_pair(token), 0);
        set_token(&alice, token[0]);
        leave_two_names(&alice);
        assert_true(sd_bus_call_method(alice.bus, NULL, alice.job, JOB_INTERFACE,
                                       "ClearHelperToken", NULL, NULL, "") >= 0);
        begin_call(alice.bus, &call, alice.job, "Cancel", "", NULL, NULL);
        assert_string_equal(finish(&call), "");
        assert_int_equal(call.result, BG_S_UNABLE_TO_DELETE_FILES);

        assert_int_equal(seteuid(HELPER_UID), 0); /* these tests are root's */
        scene_begin(*state, &bob);
        begin_call(bob.bus, &call, bob.job, "AddFile", "ss", "http://127.0.0.1/x", "/tmp/z");
        bob.file = start_worker(bob.world, WORKER_FILE);
        apart = start_worker(bob.world, WORKER_FILE);
        discard = expect_request(apart, FILE_DISCARD);
        serve_request(bob.file, FILE_CHECK, 0);
        assert_string_equal(finish(&call), "");
        assert_nothing_asked(bob.world, bob.file);
        answer_request(apart, &discard, 0, -1);
        serve_request(apart, FILE_DISCARD, 0);
        assert_nothing_asked(bob.world, apart);
        close(apart);
        close(token[0]);
        close(token[1]);
        scene_end(&bob);
        scene_end(&alice);
}

#define WITH_WORLD(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
#define IMPATIENT(f)  cmocka_unit_test_setup_teardown(f, setup_impatient, world_teardown)

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                WITH_WORLD(test_lost_while_restarting),
                WITH_WORLD(test_failed_while_restarting),
                WITH_WORLD(test_failed_goes_on_from_there),
                WITH_WORLD(test_failed_with_bytes_while_restarting),
                WITH_WORLD(test_done_while_restarting),
                WITH_WORLD(test_renamed_while_moving),
                WITH_WORLD(test_received),
                WITH_WORLD(test_received_too_much),
                WITH_WORLD(test_renamed_and_done),
                WITH_WORLD(test_answer_while_stopping),
                WITH_WORLD(test_too_many_files_at_once),
                WITH_WORLD(test_one_worker_for_a_token),
                WITH_WORLD(test_bits_file_falls),
                WITH_WORLD(test_sweep),
                WITH_WORLD(test_sweep_for_another_owner),
                cmocka_unit_test_setup_teardown(test_too_many_orphans, setup_narrow,
                                                world_teardown),
                IMPATIENT(test_hanging_check),
                IMPATIENT(test_cancel_while_opening_hangs),
                IMPATIENT(test_never_ready),
                IMPATIENT(test_seal_of_a_large_file),
        };

        if (argc != 2)
                return 2;
        world_program = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
