/*
 * What bits-queue hands to bits-net of a job's HTTP options, and what it makes of what bits-net
 * says of an answer. The test is bits-net; argv[1] is bits-queue.
 */
#include "test-scene.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/packet.h"

typedef struct Order { /* NET_HTTP and the NET_TRANSFER behind it */
        NetHttp http;
        char *parts; /* of the memfd, and a NUL */
        size_t size;
        NetTransfer transfer;
} Order;

static void order_clear(Order *order)
{
        free(order->parts);
}

static void call(const Scene *s, const char *method, const char *types, const char *text)
{
        Pending pending;

        begin_call(s->bus, &pending, s->job, method, types, text, NULL);
        assert_string_equal(finish(&pending), "");
}

static void call_number(const Scene *s, const char *method, uint32_t number)
{
        assert_true(sd_bus_call_method(s->bus, NULL, s->job, JOB_INTERFACE, method, NULL, NULL, "u",
                                       number) >= 0);
}

static void read_parts(int fd, Order *ret)
{
        int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
        struct stat st;

        assert_int_equal(fcntl(fd, F_GET_SEALS) & seals, seals);
        assert_int_equal(fstat(fd, &st), 0);
        ret->size = (size_t)st.st_size;
        ret->parts = calloc(1, ret->size + 1);
        assert_non_null(ret->parts);
        assert_int_equal(pread(fd, ret->parts, ret->size, 0), ret->size);
}

static void receive_order(const Scene *s, Order *ret)
{
        int fd;

        *ret = (Order){0};
        receive(s->net, &ret->http, sizeof(ret->http), &fd);
        assert_int_equal(ret->http.header.type, NET_HTTP);
        read_parts(fd, ret);
        close(fd);
        assert_int_equal(ret->size, ret->http.headers_size + ret->http.certificate_size +
                                            ret->http.n_accepted * sizeof(NetAccepted));
        receive(s->net, &ret->transfer, sizeof(ret->transfer), &fd);
        closep(&fd);
        assert_int_equal(ret->transfer.header.type, NET_TRANSFER);
        assert_int_equal(ret->transfer.header.sequence, ret->http.header.sequence);
}

/* From Resume to the order of a job with options. */
static void move_with(Scene *s, Order *ret)
{
        scene_resume(s);
        scene_open(s);
        s->net = start_worker(s->world, WORKER_NET);
        receive_order(s, ret);
}

static void send_failed(const Scene *s, uint32_t id, HRESULT code, enum NetClass class)
{
        NetFailed failed = {.header = {.type = NET_FAILED, .sequence = id},
                            .hresult = code,
                            .context = NET_CONTEXT_REMOTE_FILE,
                            .class = class,
                            .retry_after_usec = -1};

        transmit(s->net, &failed, sizeof(failed), -1);
}

static void send_headers(const Scene *s, uint32_t id, const char *text)
{
        struct {
                WireHeader header;
                char text[256];
        } headers = {.header = {.type = NET_HEADERS, .sequence = id}};

        (void)snprintf(headers.text, sizeof(headers.text), "%s", text);
        transmit(s->net, &headers, sizeof(WireHeader) + strlen(text) + 1, -1);
}

static void send_redirected(const Scene *s, uint32_t id, const char *url)
{
        NetRedirected redirected = {.header = {.type = NET_REDIRECTED, .sequence = id}};

        (void)snprintf(redirected.url, sizeof(redirected.url), "%s", url);
        transmit(s->net, &redirected, sizeof(redirected), -1);
}

static void assert_remote_name(const Scene *s, const char *expected)
{
        _cleanup_(freep) char *name = NULL;
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/file/0", s->job);
        assert_true(sd_bus_get_property_string(s->bus, NULL, path, FILE_INTERFACE, "RemoteName",
                                               NULL, &name) >= 0);
        assert_string_equal(name, expected);
}

static void assert_response_headers(const Scene *s, const char *expected)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        const char *text;
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/file/0", s->job);
        assert_true(sd_bus_call_method(s->bus, NULL, path, FILE_INTERFACE, "GetProperty", NULL,
                                       &answer, "u", 1) >= 0);
        assert_true(sd_bus_message_read(answer, "v", "s", &text) >= 0);
        assert_string_equal(text, expected);
}

static void wait_error(const Scene *s, HRESULT code, uint32_t context)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        int32_t found;
        uint32_t where;

        assert_true(sd_bus_call_method(s->bus, NULL, s->job, JOB_INTERFACE, "GetError", NULL,
                                       &answer, "") >= 0);
        assert_true(sd_bus_message_read(answer, "iu", &found, &where) >= 0);
        assert_int_equal(found, code);
        assert_int_equal(where, context);
}

/* ---- what goes out --------------------------------------------------------------------------- */

static void test_options_go_with_the_transfer(void **state)
{
        _cleanup_(order_clear) Order order = {0};
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        call(&s, "SetCustomHeaders", "s", "Authorization: secret\nX-A: b");
        call(&s, "SetHttpMethod", "s", "REPORT");
        call_number(&s, "SetSecurityFlags", 0x90a);
        move_with(&s, &order);
        assert_int_equal(order.http.security_flags, 0x90a);
        assert_string_equal(order.http.method, "REPORT");
        assert_string_equal(order.parts, "Authorization: secret\r\nX-A: b\r\n");
        assert_int_equal(order.http.headers_size, strlen(order.parts));
        assert_int_equal(order.http.ask, 0);
        assert_int_equal(order.transfer.flags & NET_FOREGROUND, 1);
        scene_end(&s);
}

static void set_dynamic(const Scene *s)
{
        assert_true(sd_bus_call_method(s->bus, NULL, s->job, JOB_INTERFACE, "SetProperty", NULL,
                                       NULL, "uv", 3, "b", 1) >= 0);
        call_number(s, "SetPriority", 0);
}

/* What is there of it is worth nothing: it begins at 0, and says so. */
static void test_dynamic_content_starts_over(void **state)
{
        NetTransfer order;
        uint32_t id;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        set_dynamic(&s);
        id = scene_move_half(&s);
        call(&s, "Suspend", "", NULL);
        expect_cancel(&s, id);
        send_cancelled(&s, id, 600);
        scene_resume(&s);
        order = scene_move_again(&s, 0);
        assert_int_equal(order.dynamic, 1);
        assert_int_equal(order.begin, 0);
        scene_end(&s);
}

/* Revocation is to be checked before the first byte: also of what is being fetched. */
static void test_revocation_starts_over(void **state)
{
        _cleanup_(order_clear) Order order = {0};
        FileRequest request;
        uint32_t id;
        Scene s;
        int temp;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        id = scene_move_half(&s);
        call_number(&s, "SetSecurityFlags", 1);
        expect_cancel(&s, id);
        send_cancelled(&s, id, 600);
        request = expect_request(s.file, FILE_RESUME_TEMP);
        assert_int_equal(request.size, 0);
        temp = open("/dev/null", O_WRONLY | O_CLOEXEC);
        answer_request(s.file, &request, 0, temp);
        close(temp);
        receive_order(&s, &order);
        assert_int_equal(order.transfer.begin, 0);
        assert_int_equal(order.http.security_flags, 1);
        scene_end(&s);
}

/* ---- a request that may have had its effect -------------------------------------------------- */

static void scene_with_method(void **state, Scene *ret, Order *ret_order)
{
        scene_begin(*state, ret);
        scene_add_file(ret, "/tmp/x");
        call(ret, "SetHttpMethod", "s", "POST");
        move_with(ret, ret_order);
}

/* What would be tried again is an error: only Resume sends it again, from the beginning. */
static void test_method_is_not_repeated(void **state)
{
        _cleanup_(order_clear) Order order = {0}, again = {0};
        FileRequest request;
        Scene s;
        int temp;

        scene_with_method(state, &s, &order);
        send_response(&s, order.http.header.sequence, "\"1\"");
        send_offset(&s, order.http.header.sequence, NET_CHECKPOINT, 500);
        send_failed(&s, order.http.header.sequence, BG_E_CONNECTION_CLOSED, NET_TRANSIENT);
        wait_state(s.bus, s.job, JOB_ERROR);
        wait_error(&s, BG_E_CONNECTION_CLOSED, NET_CONTEXT_REMOTE_FILE);
        scene_resume(&s);
        request = expect_request(s.file, FILE_RESUME_TEMP);
        assert_int_equal(request.size, 0);
        temp = open("/dev/null", O_WRONLY | O_CLOEXEC);
        answer_request(s.file, &request, 0, temp);
        close(temp);
        receive_order(&s, &again);
        assert_int_equal(again.transfer.begin, 0);
        assert_string_equal(again.http.method, "POST");
        scene_end(&s);
}

static void test_method_and_a_lost_worker(void **state)
{
        _cleanup_(order_clear) Order order = {0};
        Scene s;

        scene_with_method(state, &s, &order);
        s.net = close_fd(s.net);
        wait_state(s.bus, s.job, JOB_ERROR);
        wait_error(&s, BG_E_CONNECTION_CLOSED, NET_CONTEXT_TRANSPORT);
        scene_end(&s);
}

/* ---- the client certificate ------------------------------------------------------------------ */

#define PEM "certificate and key"

static int make_certificate(const char *subject, int seals)
{
        FileCertificateFound found = {.sha1 = {1, 2, 3}};
        int fd = memfd_create("certificate", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        (void)snprintf(found.subject, sizeof(found.subject), "%s", subject);
        assert_int_equal(write(fd, &found, sizeof(found)), sizeof(found));
        assert_int_equal(write(fd, PEM, strlen(PEM)), strlen(PEM));
        assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
        return fd;
}

/* The owner's bits-file is asked, and gives it, sealed so. */
static FileCertificate serve_certificate(const Scene *s, int result, int seals)
{
        FileReply reply = {.header.type = FILE_REPLY, .result = result};
        FileCertificate request;
        int fd = -1;

        receive(s->file, &request, sizeof(request), NULL);
        assert_int_equal(request.header.type, FILE_CERTIFICATE);
        reply.header.sequence = request.header.sequence;
        if (result == 0) {
                fd = make_certificate("Example, alice", seals);
                reply.size = sizeof(FileCertificateFound) + strlen(PEM);
        }
        transmit(s->file, &reply, sizeof(reply), fd);
        closep(&fd);
        return request;
}

enum {
        SEALED = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
};

static void begin_by_name(const Scene *s, Pending *pending)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_method_call(s->bus, &m, NULL, s->job, JOB_INTERFACE,
                                                   "SetClientCertificateByName") >= 0);
        assert_true(sd_bus_message_append(m, "uss", 1, "MY", "alice") >= 0);
        begin(s->bus, pending, m);
}

static void choose_certificate(const Scene *s)
{
        FileCertificate request;
        Pending pending;

        begin_by_name(s, &pending);
        request = serve_certificate(s, 0, SEALED);
        assert_int_equal(request.location, 1);
        assert_int_equal(request.by_hash, 0);
        assert_string_equal(request.store, "MY");
        assert_string_equal(request.subject, "alice");
        assert_string_equal(finish(&pending), "");
}

static void name_file(const Scene *s, const char *name)
{
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/file/0", s->job);
        assert_true(sd_bus_call_method(s->bus, NULL, path, FILE_INTERFACE, "SetRemoteName", NULL,
                                       NULL, "s", name) >= 0);
}

static void test_certificate(void **state)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        _cleanup_(order_clear) Order order = {0};
        const char *store, *subject;
        FileCertificate request;
        const void *hash;
        uint32_t where;
        size_t size;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        name_file(&s, "https://127.0.0.1/x");
        choose_certificate(&s);
        assert_true(sd_bus_call_method(s.bus, NULL, s.job, JOB_INTERFACE, "GetClientCertificate",
                                       NULL, &answer, "") >= 0);
        assert_true(sd_bus_message_read(answer, "us", &where, &store) >= 0);
        assert_true(sd_bus_message_read_array(answer, 'y', &hash, &size) >= 0);
        assert_true(sd_bus_message_read(answer, "s", &subject) >= 0);
        assert_int_equal(where, 1);
        assert_string_equal(store, "MY");
        assert_string_equal(subject, "Example, alice");
        assert_int_equal(size, 20);
        assert_memory_equal(hash, "\1\2\3\0", 4);

        /* read afresh, and by what it is */
        scene_resume(&s);
        scene_open(&s);
        request = serve_certificate(&s, 0, SEALED);
        assert_int_equal(request.by_hash, 1);
        assert_memory_equal(request.sha1, "\1\2\3\0", 4);
        s.net = start_worker(s.world, WORKER_NET);
        receive_order(&s, &order);
        assert_int_equal(order.http.certificate_size, strlen(PEM));
        assert_string_equal(order.parts, PEM);
        scene_end(&s);
}

static void test_certificate_is_gone(void **state)
{
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        name_file(&s, "https://127.0.0.1/x");
        choose_certificate(&s);
        scene_resume(&s);
        scene_open(&s);
        serve_certificate(&s, -ENODATA, 0);
        wait_state(s.bus, s.job, JOB_ERROR);
        wait_error(&s, CRYPT_E_NOT_FOUND, 2);
        scene_end(&s);
}

/* Only TLS has a use for it. */
static void test_certificate_without_tls(void **state)
{
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        choose_certificate(&s);
        (void)scene_move(&s);
        scene_end(&s);
}

/* What could still change is not looked at. */
static void test_unsealed_certificate(void **state)
{
        Pending pending;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        begin_by_name(&s, &pending);
        serve_certificate(&s, 0, F_SEAL_SHRINK | F_SEAL_GROW);
        assert_string_equal(finish(&pending), "org.bitsd1.Error.E_UNEXPECTED");
        scene_end(&s);
}

/* ---- a server's certificate ------------------------------------------------------------------ */

typedef struct Judge { /* the client's object */
        int32_t verdict;
        unsigned asked;
        bool silent; /* keeps the call, and never answers */
        sd_bus_message *kept;
} Judge;

static int on_validate(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const void *certificate, *chain;
        size_t size, chain_size;
        uint32_t file, encoding;
        Judge *judge = userdata;
        const char *job;

        (void)error;
        judge->asked++;
        assert_true(sd_bus_message_read(m, "ou", &job, &file) >= 0);
        assert_true(sd_bus_message_read_array(m, 'y', &certificate, &size) >= 0);
        assert_true(sd_bus_message_read(m, "u", &encoding) >= 0);
        assert_true(sd_bus_message_read_array(m, 'y', &chain, &chain_size) >= 0);
        assert_int_equal(file, 0);
        assert_int_equal(encoding, 1);
        assert_int_equal(size, 3);
        assert_memory_equal(certificate, "end", 3);
        assert_int_equal(chain_size, 5);
        assert_memory_equal(chain, "chain", 5);
        if (!judge->silent)
                return sd_bus_reply_method_return(m, "i", judge->verdict);
        judge->kept = sd_bus_message_ref(m);
        return 1;
}

static const sd_bus_vtable judge_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("ValidateServerCertificate", "ouayuay", "i", on_validate,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static void send_question(const Scene *s, uint32_t id, const char *authority)
{
        NetCertificate *c = calloc(1, sizeof(*c));

        assert_non_null(c);
        *c = (NetCertificate){.header = {.type = NET_CERTIFICATE, .sequence = id},
                              .what.sha256 = {4, 5, 6},
                              .size = 3,
                              .chain_size = 5};
        (void)snprintf(c->what.authority, sizeof(c->what.authority), "%s", authority);
        memcpy(c->der, "endchain", 8);
        transmit(s->net, c, sizeof(*c), -1);
        free(c);
        send_failed(s, id, BG_E_SERVER_CERT_VALIDATION_INTERFACE_REQUIRED, NET_FATAL);
}

static void wait_asked(const Scene *s, const Judge *judge, unsigned n)
{
        while (judge->asked < n) {
                int r = sd_bus_process(s->bus, NULL);

                assert_true(r >= 0);
                if (r == 0)
                        assert_true(sd_bus_wait(s->bus, (uint64_t)PATIENCE_MSEC * 1000) > 0);
        }
        assert_true(sd_bus_flush(s->bus) >= 0);
        assert_int_equal(judge->asked, n);
}

/* A job that asks judge, up to its first question. */
static void scene_with_judge(void **state, Judge *judge, Scene *s, Order *order)
{
        scene_begin(*state, s);
        scene_add_file(s, "/tmp/x");
        assert_true(sd_bus_add_object_vtable(s->bus, NULL, CALLBACK_PATH, CALLBACK_INTERFACE,
                                             judge_vtable, judge) >= 0);
        assert_true(sd_bus_call_method(s->bus, NULL, s->job, JOB_INTERFACE,
                                       "SetServerCertificateValidationInterface", NULL, NULL, "b",
                                       1) >= 0);
        move_with(s, order);
        assert_int_equal(order->http.ask, 1);
        assert_int_equal(order->http.n_accepted, 0);
        send_question(s, order->http.header.sequence, "127.0.0.1:443");
        wait_asked(s, judge, 1);
}

static void resume_temp(const Scene *s)
{
        FileRequest request = expect_request(s->file, FILE_RESUME_TEMP);
        _cleanup_(closep) int temp = open("/dev/null", O_WRONLY | O_CLOEXEC);

        answer_request(s->file, &request, 0, temp);
}

static void test_accepted_certificate(void **state)
{
        _cleanup_(order_clear) Order order = {0}, again = {0}, other = {0};
        Judge judge = {.verdict = S_OK};
        const NetAccepted *accepted;
        Scene s;

        scene_with_judge(state, &judge, &s, &order);
        resume_temp(&s);
        receive_order(&s, &again);
        assert_int_equal(again.http.n_accepted, 1);
        accepted = (const NetAccepted *)(const void *)again.parts;
        assert_string_equal(accepted->authority, "127.0.0.1:443");
        assert_memory_equal(accepted->sha256, "\4\5\6\0", 4);

        /* the same certificate of another server is another question */
        send_question(&s, again.http.header.sequence, "127.0.0.1:444");
        wait_asked(&s, &judge, 2);
        resume_temp(&s);
        receive_order(&s, &other);
        assert_int_equal(other.http.n_accepted, 2);
        scene_end(&s);
}

static void test_declined_certificate(void **state)
{
        _cleanup_(order_clear) Order order = {0}, again = {0};
        Judge judge = {.verdict = E_FAIL};
        Scene s;

        scene_with_judge(state, &judge, &s, &order);
        wait_state(s.bus, s.job, JOB_TRANSIENT_ERROR);
        wait_error(&s, E_FAIL, 8);
        scene_resume(&s); /* it is not remembered: asked again */
        resume_temp(&s);
        receive_order(&s, &again);
        assert_int_equal(again.http.n_accepted, 0);
        scene_end(&s);
}

/* Whoever was to be asked has gone: the job waits for its owner, also over a restart. */
static void test_nobody_to_ask(void **state)
{
        _cleanup_(order_clear) Order order = {0}, again = {0};
        Judge judge = {.silent = true};
        Scene s;

        scene_with_judge(state, &judge, &s, &order);
        judge.kept = sd_bus_message_unref(judge.kept);
        bus_end(&s.bus);
        assert_true(speak(dial(s.world), &s.bus) >= 0);
        wait_state(s.bus, s.job, JOB_ERROR);
        wait_error(&s, BG_E_SERVER_CERT_VALIDATION_INTERFACE_REQUIRED, 8);
        scene_resume(&s);
        resume_temp(&s);
        receive_order(&s, &again);
        assert_int_equal(again.http.ask, 1);
        send_question(&s, again.http.header.sequence, "127.0.0.1:443");
        wait_state(s.bus, s.job, JOB_ERROR);
        scene_end(&s);
}

/* A client that does not answer holds up neither Suspend nor what follows. */
static void test_suspended_while_asking(void **state)
{
        _cleanup_(order_clear) Order order = {0}, again = {0};
        Judge judge = {.silent = true};
        Scene s;

        scene_with_judge(state, &judge, &s, &order);
        call(&s, "Suspend", "", NULL);
        scene_resume(&s);
        resume_temp(&s);
        receive_order(&s, &again);
        assert_true(sd_bus_reply_method_return(judge.kept, "i", S_OK) >= 0);
        judge.kept = sd_bus_message_unref(judge.kept);
        send_question(&s, again.http.header.sequence, "127.0.0.1:443");
        resume_temp(&s); /* the late answer holds */
        scene_end(&s);
}

static void test_validation_of_an_active_job(void **state)
{
        _cleanup_(order_clear) Order order = {0};
        Judge judge = {.verdict = S_OK};
        Pending pending;
        Scene s;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        scene_with_judge(state, &judge, &s, &order);
        assert_true(sd_bus_message_new_method_call(s.bus, &m, NULL, s.job, JOB_INTERFACE,
                                                   "SetServerCertificateValidationInterface") >= 0);
        assert_true(sd_bus_message_append(m, "b", 0) >= 0);
        begin(s.bus, &pending, m);
        assert_string_equal(finish(&pending), "org.bitsd1.Error.BG_E_READ_ONLY_WHEN_JOB_ACTIVE");
        scene_end(&s);
}

/* ---- what comes in --------------------------------------------------------------------------- */

static void test_response_headers(void **state)
{
        NetTransfer order;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        assert_response_headers(&s, "");
        order = scene_move(&s);
        send_headers(&s, order.header.sequence, "HTTP/1.1 200 OK\r\nX: gr\374n\r\n\r\n");
        send_response(&s, order.header.sequence, "\"1\"");
        wait_state(s.bus, s.job, JOB_TRANSFERRING);
        assert_response_headers(&s, "HTTP/1.1 200 OK\r\nX: gr\303\274n\r\n\r\n");
        send_headers(&s, order.header.sequence, "HTTP/1.1 404 \303\274\r\n\r\n");
        send_failed(&s, order.header.sequence, BG_E_HTTP_ERROR_404, NET_FATAL);
        wait_state(s.bus, s.job, JOB_ERROR);
        assert_response_headers(&s, "HTTP/1.1 404 \303\274\r\n\r\n");
        scene_end(&s);
}

static void test_headers_that_end_early(void **state)
{
        NetTransfer order;
        Scene s;
        char bytes[] = "\0\0\0\0\0\0\0\0a\0b";

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        order = scene_move(&s);
        *(WireHeader *)(void *)bytes =
                (WireHeader){.type = NET_HEADERS, .sequence = order.header.sequence};
        transmit(s.net, bytes, sizeof(bytes), -1);
        expect_stop(s.world);
        assert_served(s.world);
        scene_end(&s);
}

/* A redirect to url that is to be reported, half of the file, and the order that follows after
 * that. */
static void move_by_redirect(Scene *s, const char *url, const char *expected_name, Order *ret)
{
        _cleanup_(order_clear) Order order = {0};

        scene_add_file(s, "/tmp/x");
        call(s, "SetCustomHeaders", "s", "Authorization: secret");
        call_number(s, "SetSecurityFlags", 0x100);
        move_with(s, &order);
        assert_string_equal(order.parts, "Authorization: secret\r\n");
        send_redirected(s, order.http.header.sequence, url);
        assert_remote_name(s, "http://127.0.0.1/x");
        send_response(s, order.http.header.sequence, "\"1\"");
        send_offset(s, order.http.header.sequence, NET_CHECKPOINT, 500);
        wait_state(s->bus, s->job, JOB_TRANSFERRING);
        assert_remote_name(s, expected_name);
        call(s, "Suspend", "", NULL);
        expect_cancel(s, order.http.header.sequence);
        send_cancelled(s, order.http.header.sequence, 500);
        scene_resume(s);
        resume_temp(s);
        receive_order(s, ret);
        assert_string_equal(ret->transfer.url, expected_name);
}

/* Where a redirect led becomes the remote name, and headers for the former server stay at home. */
static void test_reported_redirect(void **state)
{
        _cleanup_(order_clear) Order again = {0};
        Scene s;

        scene_begin(*state, &s);
        move_by_redirect(&s, "http://127.0.0.2/y", "http://127.0.0.2/y", &again);
        assert_string_equal(again.transfer.validator.etag, "\"1\"");
        assert_int_equal(again.http.headers_size, 0);
        scene_end(&s);
}

/* The name stays, and does not get the ETag of another. */
static void test_reported_redirect_to_no_name(void **state)
{
        _cleanup_(order_clear) Order again = {0};
        Scene s;

        scene_begin(*state, &s);
        move_by_redirect(&s, "http://user:secret@127.0.0.2/y", "http://127.0.0.1/x", &again);
        assert_string_equal(again.transfer.validator.etag, "");
        scene_end(&s);
}

/* The host is still the redirect's choice when its owner has replaced the scheme alone. */
static void test_prefix_of_a_redirect(void **state)
{
        _cleanup_(order_clear) Order order = {0}, again = {0}, own = {0};
        Pending pending;
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        call(&s, "SetCustomHeaders", "s", "Authorization: secret");
        call_number(&s, "SetSecurityFlags", 0x200);
        move_with(&s, &order);
        send_redirected(&s, order.http.header.sequence, "http://127.0.0.2/y");
        send_failed(&s, order.http.header.sequence, HRESULT_FROM_WIN32(302), NET_FATAL);
        wait_state(s.bus, s.job, JOB_ERROR);
        begin_call(s.bus, &pending, s.job, "ReplaceRemotePrefix", "ss", "http:", "https:");
        assert_string_equal(finish(&pending), "");
        scene_resume(&s);
        resume_temp(&s);
        receive_order(&s, &again);
        assert_string_equal(again.transfer.url, "https://127.0.0.2/y");
        assert_int_equal(again.http.headers_size, 0);

        /* and his own when he names it */
        send_failed(&s, again.http.header.sequence, BG_E_HTTP_ERROR_404, NET_FATAL);
        wait_state(s.bus, s.job, JOB_ERROR);
        name_file(&s, "https://127.0.0.2/y");
        scene_resume(&s);
        resume_temp(&s);
        receive_order(&s, &own);
        assert_string_equal(own.parts, "Authorization: secret\r\n");
        scene_end(&s);
}

/* The remote name of a file whose transfer was redirected and then failed. */
static void check_name_after(void **state, uint32_t security_flags, const char *const *urls,
                             HRESULT code, const char *expected)
{
        _cleanup_(order_clear) Order order = {0};
        Scene s;

        scene_begin(*state, &s);
        scene_add_file(&s, "/tmp/x");
        call_number(&s, "SetSecurityFlags", security_flags);
        move_with(&s, &order);
        for (; *urls; urls++)
                send_redirected(&s, order.http.header.sequence, *urls);
        send_failed(&s, order.http.header.sequence, code, NET_FATAL);
        wait_state(s.bus, s.job, JOB_ERROR);
        assert_remote_name(&s, expected);
        scene_end(&s);
}

static void test_redirect_that_does_not_count(void **state)
{
        check_name_after(state, 0x100, (const char *const[]){"http://127.0.0.2/y", NULL},
                         BG_E_HTTP_ERROR_404, "http://127.0.0.1/x");
}

static void test_forbidden_redirect(void **state)
{
        const char *const urls[] = {"file:///etc/passwd", /* never that */
                                    "https://127.0.0.2/y", NULL};

        check_name_after(state, 0x200, urls, HRESULT_FROM_WIN32(302), "https://127.0.0.2/y");
}

static void test_redirect_to_a_local_file(void **state)
{
        check_name_after(state, 0x200, (const char *const[]){"file:///etc/passwd", NULL},
                         HRESULT_FROM_WIN32(302), "http://127.0.0.1/x");
}

#define WITH_WORLD(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                WITH_WORLD(test_options_go_with_the_transfer),
                WITH_WORLD(test_dynamic_content_starts_over),
                WITH_WORLD(test_revocation_starts_over),
                WITH_WORLD(test_method_is_not_repeated),
                WITH_WORLD(test_method_and_a_lost_worker),
                WITH_WORLD(test_certificate),
                WITH_WORLD(test_certificate_is_gone),
                WITH_WORLD(test_certificate_without_tls),
                WITH_WORLD(test_unsealed_certificate),
                WITH_WORLD(test_accepted_certificate),
                WITH_WORLD(test_declined_certificate),
                WITH_WORLD(test_nobody_to_ask),
                WITH_WORLD(test_suspended_while_asking),
                WITH_WORLD(test_validation_of_an_active_job),
                WITH_WORLD(test_response_headers),
                WITH_WORLD(test_headers_that_end_early),
                WITH_WORLD(test_reported_redirect),
                WITH_WORLD(test_reported_redirect_to_no_name),
                WITH_WORLD(test_prefix_of_a_redirect),
                WITH_WORLD(test_redirect_that_does_not_count),
                WITH_WORLD(test_forbidden_redirect),
                WITH_WORLD(test_redirect_to_a_local_file),
        };

        if (argc != 2)
                return 2;
        world_program = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
