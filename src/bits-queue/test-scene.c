#include "test-scene.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/packet.h"

/* ---- bitsd and workers ------------------------------------------------------------------------
 */

void receive(int sock, void *message, size_t size, int *ret_fd)
{
        struct pollfd p = {.fd = sock, .events = POLLIN};

        assert_int_equal(poll(&p, 1, PATIENCE_MSEC), 1);
        assert_int_equal(packet_recv(sock, message, size, ret_fd), size);
}

void transmit(int sock, const void *message, size_t size, int fd)
{
        assert_int_equal(packet_send(sock, message, size, fd), 0);
}

/* Starts the worker that bits-queue asks for next; our end of its socket. */
int start_worker(World *w, uint32_t role)
{
        SupervisorSpawnReply reply = {.header.type = SUPERVISOR_SPAWN_REPLY, .pid = 1};
        FileReply file = {.header.type = FILE_READY, .size = FILE_VERSION};
        NetReady net = {.header.type = NET_READY, .version = NET_VERSION};
        static uint32_t last_id;
        SupervisorSpawn asked;
        int pair[2], token;

        receive(w->supervisor, &asked, sizeof(asked), &token);
        closep(&token);
        assert_int_equal(asked.header.type, SUPERVISOR_SPAWN);
        assert_int_equal(asked.role, role);
        assert_int_equal(packet_pair(pair), 0);
        reply.header.sequence = asked.header.sequence;
        reply.worker = ++last_id;
        reply.uid = asked.with_token ? HELPER_UID : asked.ticket.uid;
        transmit(w->supervisor, &reply, sizeof(reply), pair[1]);
        close(pair[1]);
        if (role == WORKER_FILE)
                transmit(pair[0], &file, sizeof(file), -1);
        else
                transmit(pair[0], &net, sizeof(net), -1);
        return pair[0];
}

/* The next request, which must be of that type. */
FileRequest expect_request(int worker, uint32_t type)
{
        FileRequest request;

        receive(worker, &request, sizeof(request), NULL);
        assert_int_equal(request.header.type, type);
        return request;
}

void answer_request(int worker, const FileRequest *request, int result, int fd)
{
        FileReply reply = {.header = {.type = FILE_REPLY, .sequence = request->header.sequence},
                           .result = result,
                           .file.inode = 1,
                           .directory.inode = 2};

        transmit(worker, &reply, sizeof(reply), fd);
}

void serve_request(int worker, uint32_t type, int result)
{
        FileRequest request = expect_request(worker, type);

        answer_request(worker, &request, result, -1);
}

void expect_stop(const World *w)
{
        SupervisorStop stop;

        receive(w->supervisor, &stop, sizeof(stop), NULL);
        assert_int_equal(stop.header.type, SUPERVISOR_STOP);
}

/* ---- calls ------------------------------------------------------------------------------------
 */

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const sd_bus_error *refusal = sd_bus_message_get_error(m);
        Pending *call = userdata;

        (void)error;
        call->answered = true;
        if (sd_bus_message_has_signature(m, "i"))
                (void)sd_bus_message_read(m, "i", &call->result);
        (void)snprintf(call->error, sizeof(call->error), "%s", refusal ? refusal->name : "");
        return 0;
}

void begin(sd_bus *bus, Pending *call, sd_bus_message *m)
{
        *call = (Pending){.bus = bus};
        assert_true(sd_bus_call_async(bus, &call->slot, m, on_answer, call, 0) >= 0);
        assert_true(sd_bus_flush(bus) >= 0);
}

void begin_call(sd_bus *bus, Pending *call, const char *job, const char *method, const char *types,
                const char *a, const char *b)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_method_call(bus, &m, NULL, job, JOB_INTERFACE, method) >= 0);
        if (*types)
                assert_true(sd_bus_message_append(m, types, a, b) >= 0);
        begin(bus, call, m);
}

void begin_add_files(sd_bus *bus, Pending *call, const char *job, size_t n)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_method_call(bus, &m, NULL, job, JOB_INTERFACE,
                                                   "AddFileSet") >= 0);
        assert_true(sd_bus_message_open_container(m, 'a', "(ss)") >= 0);
        for (size_t i = 0; i < n; i++)
                assert_true(sd_bus_message_append(m, "(ss)", "http://127.0.0.1/x", "/tmp/x") >= 0);
        assert_true(sd_bus_message_close_container(m) >= 0);
        begin(bus, call, m);
}

/* Waits for the answer: "" or the error's name. */
const char *finish(Pending *call)
{
        for (int i = 0; !call->answered && i < 1000; i++) {
                int r = sd_bus_process(call->bus, NULL);

                assert_true(r >= 0);
                if (r == 0)
                        assert_true(sd_bus_wait(call->bus, (uint64_t)PATIENCE_MSEC * 1000) > 0);
        }
        assert_true(call->answered);
        call->slot = sd_bus_slot_unref(call->slot);
        return call->error;
}

uint32_t job_state(sd_bus *bus, const char *job)
{
        uint32_t state;

        assert_true(sd_bus_get_property_trivial(bus, NULL, job, JOB_INTERFACE, "State", NULL, 'u',
                                                &state) >= 0);
        return state;
}

void wait_state(sd_bus *bus, const char *job, JobState expected)
{
        for (int waited = 0; waited < PATIENCE_MSEC; waited += 10) {
                if (job_state(bus, job) == expected)
                        return;
                (void)poll(NULL, 0, 10);
        }
        assert_int_equal(job_state(bus, job), expected);
}

/* ---- a job ------------------------------------------------------------------------------------
 */

void scene_begin(World *w, Scene *ret)
{
        *ret = (Scene){.world = w, .file = -1, .net = -1};
        assert_true(speak(dial(w), &ret->bus) >= 0);
        create_job(ret->bus, &ret->job);
        authorize(w, ret->bus);
}

void scene_end(Scene *s)
{
        closep(&s->file);
        closep(&s->net);
        free(s->job);
        bus_end(&s->bus);
}

void scene_add_file(Scene *s, const char *local)
{
        Pending call;

        begin_call(s->bus, &call, s->job, "AddFile", "ss", "http://127.0.0.1/x", local);
        if (s->file < 0)
                s->file = start_worker(s->world, WORKER_FILE);
        serve_request(s->file, FILE_CHECK, 0);
        assert_string_equal(finish(&call), "");
}

void scene_resume(Scene *s)
{
        Pending call;

        begin_call(s->bus, &call, s->job, "Resume", "", NULL, NULL);
        assert_string_equal(finish(&call), "");
}

void scene_open(Scene *s)
{
        FileRequest request = expect_request(s->file, FILE_OPEN_TEMP);
        _cleanup_(closep) int fd = memfd_create("temporary", MFD_CLOEXEC);

        answer_request(s->file, &request, 0, fd);
}

/* To the order that a bits-net gets. */
NetTransfer scene_move(Scene *s)
{
        NetTransfer order;
        int fd;

        scene_resume(s);
        scene_open(s);
        s->net = start_worker(s->world, WORKER_NET);
        receive(s->net, &order, sizeof(order), &fd);
        closep(&fd);
        assert_int_equal(order.header.type, NET_TRANSFER);
        return order;
}

void send_response(const Scene *s, uint32_t id, const char *etag)
{
        NetResponse response = {.header = {.type = NET_RESPONSE, .sequence = id},
                                .validator = {.size = 1000, .last_modified_usec = 5000000}};

        (void)snprintf(response.validator.etag, sizeof(response.validator.etag), "%s", etag);
        transmit(s->net, &response, sizeof(response), -1);
}

void send_offset(const Scene *s, uint32_t id, uint32_t type, uint64_t offset)
{
        NetOffset message = {.header = {.type = type, .sequence = id}, .offset = offset};

        transmit(s->net, &message, sizeof(message), -1);
}

void send_cancelled(const Scene *s, uint32_t id, uint64_t offset)
{
        NetFailed failed = {.header = {.type = NET_FAILED, .sequence = id},
                            .hresult = E_ABORT,
                            .context = NET_CONTEXT_TRANSPORT,
                            .class = NET_FATAL,
                            .retry_after_usec = -1,
                            .offset = offset};

        transmit(s->net, &failed, sizeof(failed), -1);
}

/* Half of it is there, and noted. */
uint32_t scene_move_half(Scene *s)
{
        NetTransfer order = scene_move(s);
        uint32_t id = order.header.sequence;

        send_response(s, id, "\"1\"");
        send_offset(s, id, NET_CHECKPOINT, 500);
        wait_state(s->bus, s->job, JOB_TRANSFERRING);
        assert_served(s->world);
        return id;
}

void expect_cancel(const Scene *s, uint32_t id)
{
        NetOrder order;

        receive(s->net, &order, sizeof(order), NULL);
        assert_int_equal(order.header.type, NET_CANCEL);
        assert_int_equal(order.header.sequence, id);
}

/* It goes on where the service knew it to be. */
NetTransfer scene_move_again(Scene *s, uint64_t from)
{
        FileRequest request = expect_request(s->file, FILE_RESUME_TEMP);
        _cleanup_(closep) int temp = memfd_create("temporary", MFD_CLOEXEC);
        NetTransfer order;
        int fd;

        assert_int_equal(request.size, from);
        answer_request(s->file, &request, 0, temp);
        receive(s->net, &order, sizeof(order), &fd);
        closep(&fd);
        assert_int_equal(order.header.type, NET_TRANSFER);
        assert_int_equal(order.begin, from);
        return order;
}
