#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/packet.h"
#include "certificate.h"
#include "error.h"
#include "handler.h"
#include "node.h"
#include "request.h"

enum {
        BATCH_MAX = 32,
};

#define LONG_BYTES (8 * 1024 * 1024) /* reading so much takes a time of its own */

/* When the directory is gone or is another one, the temporary file is gone with it. */
enum GoneMeans {
        GONE_IS_AN_ERROR,
        GONE_IS_DONE,
        GONE_IS_THE_PATH, /* to be told from a file that is gone */
};

enum Flush {
        FLUSH_FILE = 1,
        FLUSH_DIRECTORY = 2,
};

typedef struct Handler {
        int (*handle)(Call *call);
        int (*conclude)(Call *call, int flushed); /* after CALL_FLUSH */
        unsigned flush;                           /* what that is */
        enum GoneMeans gone;
} Handler;

static const Handler handlers[] = {
        [FILE_CHECK] = {handle_check},
        [FILE_OPEN_TEMP] = {handle_open_temp, conclude_open_temp, FLUSH_DIRECTORY},
        [FILE_RESUME_TEMP] = {handle_resume_temp},
        [FILE_SEAL] = {handle_seal, conclude_seal, FLUSH_FILE},
        [FILE_FINISH] = {handle_finish, conclude_finish, FLUSH_FILE | FLUSH_DIRECTORY},
        [FILE_DISCARD] = {handle_discard, conclude_discard, FLUSH_DIRECTORY, GONE_IS_DONE},
        [FILE_OPEN_SOURCE] = {handle_open_source, .gone = GONE_IS_THE_PATH},
};

typedef struct Item { /* of a batch */
        FileRequest request;
        FileReply reply;
        Call call;
        int result; /* of the first half */
        bool directory_flushed;
} Item;

static bool has_same_directory(const Call *a, const Call *b)
{
        size_t length = (size_t)(a->name - a->request->path);

        return (size_t)(b->name - b->request->path) == length &&
               memcmp(a->request->path, b->request->path, length) == 0;
}

/* What the batch has looked up already is not looked up again for one that comes right after. */
static int open_directory(Call *call, const Call *before)
{
        const FileRequest *request = call->request;
        int r;

        if (before && before->directory.fd >= 0 && has_same_directory(call, before))
                r = directory_share(&before->directory, &call->directory);
        else
                r = directory_open(request->path, &call->directory);
        if (r < 0)
                return r;
        if (file_id_is_known(&request->directory) &&
            !file_id_equal(&request->directory, &call->directory.id))
                return -EXDEV;
        return 0;
}

static int work(Call *call, const Call *before)
{
        const Handler *handler = &handlers[call->request->header.type];
        int r;

        r = open_directory(call, before);
        if (r == 0)
                return handler->handle(call);
        if ((r == -ENOENT || r == -ENOTDIR || r == -EXDEV) && handler->gone == GONE_IS_DONE)
                return 0;
        return r == -ENOENT && handler->gone == GONE_IS_THE_PATH ? -ENOTDIR : r;
}

static void item_begin(Item *item, const Item *before)
{
        item->reply = (FileReply){.header = {FILE_REPLY, item->request.header.sequence}};
        item->call = (Call){
                .request = &item->request,
                .name = strrchr(item->request.path, '/') + 1,
                .directory = DIRECTORY_INIT,
                .reply = &item->reply,
                .file = -1,
                .fd = -1,
        };
        item->directory_flushed = false;
        item->result = work(&item->call, before ? &before->call : NULL);
}

/* One flush of a directory has the names of the whole batch. */
static bool is_directory_flushed(const Item *batch, const Item *item)
{
        for (const Item *other = batch; other < item; other++)
                if (other->directory_flushed &&
                    file_id_equal(&other->call.directory.id, &item->call.directory.id))
                        return true;
        return false;
}

static int flush(const Item *batch, Item *item)
{
        Call *call = &item->call;
        unsigned what = handlers[item->request.header.type].flush;
        int r;

        if (what & FLUSH_FILE && call->file >= 0 && fsync(call->file) < 0)
                return system_error();
        if (!(what & FLUSH_DIRECTORY) || is_directory_flushed(batch, item))
                return 0;
        r = directory_sync(&call->directory, call->file >= 0 ? call->file : call->fd);
        item->directory_flushed = r == 0;
        return r;
}

static int item_end(int sock, const Item *batch, Item *item)
{
        Call *call = &item->call;
        int r = item->result;

        if (r == CALL_FLUSH)
                r = handlers[item->request.header.type].conclude(call, flush(batch, item));
        item->reply.result = r;
        call->file = close_fd(call->file);
        directory_deinit(&call->directory);
        r = packet_send(sock, &item->reply, sizeof(item->reply), call->fd);
        call->fd = close_fd(call->fd);
        return r;
}

/* Begins to write what many files have, so that the first flush finds it on its way, and one commit
 * of the file system's journal serves them all. Proves nothing: each file is flushed for itself. */
static void write_ahead(const Item *batch, size_t n)
{
        for (size_t i = 0; i < n && n > 1; i++)
                if (batch[i].result == CALL_FLUSH && batch[i].call.file >= 0)
                        (void)sync_file_range(batch[i].call.file, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* All that was done of the batch is made durable, and answered one by one as soon as it is. */
static int batch_end(int sock, Item *batch, size_t n)
{
        int r = 0;

        write_ahead(batch, n);
        for (size_t i = 0; i < n; i++) {
                int sent = item_end(sock, batch, &batch[i]);

                r = r < 0 ? r : sent;
        }
        return r;
}

static int answer_certificate(int sock, const FileCertificate *request)
{
        FileReply reply = {.header = {FILE_REPLY, request->header.sequence}};
        _cleanup_(closep) int fd = -1;

        reply.result = certificate_find(request, &reply, &fd);
        return packet_send(sock, &reply, sizeof(reply), fd);
}

static int refuse(int sock, uint32_t sequence)
{
        FileReply reply = {.header = {FILE_REPLY, sequence}, .result = -EPROTO};

        (void)packet_send(sock, &reply, sizeof(reply), -1);
        return -EPROTO;
}

/* Receives one that can be worked on. 1; 0: hang-up; -EPROTO: another one came. */
static int receive(int sock, FileMessage *ret)
{
        ssize_t n;

        memset(ret, 0, sizeof(*ret));
        n = packet_recv(sock, ret, sizeof(*ret), NULL);
        if (n == 0 || n == -ECONNRESET)
                return 0;
        if (n < 0 && n != -EMSGSIZE && n != -EBADMSG)
                return (int)n;
        if (n < 0 ||
            (file_request_check(ret, (size_t)n) < 0 && file_certificate_check(ret, (size_t)n) < 0))
                return -EPROTO;
        return 1;
}

static bool is_another_there(int sock)
{
        struct pollfd there = {.fd = sock, .events = POLLIN};

        return poll(&there, 1, 0) == 1;
}

/* The whole file may be read or copied: nobody's answer waits for that but its own. */
static bool is_long(const FileRequest *request)
{
        return request->size > LONG_BYTES &&
               (request->header.type == FILE_SEAL || request->header.type == FILE_RESUME_TEMP);
}

/* What has come by now is worked on as one batch. 1: go on; 0: hang-up. */
static int serve_batch(int sock, Item *batch)
{
        FileMessage message;
        size_t n = 0;
        int r, sent;

        do {
                r = receive(sock, &message);
                if (r <= 0 || message.header.type == FILE_CERTIFICATE)
                        break;
                batch[n].request = message.request;
                if (n > 0 && is_long(&batch[n].request)) {
                        sent = batch_end(sock, batch, n);
                        if (sent < 0)
                                return sent;
                        batch[0].request = batch[n].request;
                        n = 0;
                }
                item_begin(&batch[n], n > 0 ? &batch[n - 1] : NULL);
                n++;
        } while (n < BATCH_MAX && !is_long(&batch[n - 1].request) && is_another_there(sock));

        sent = batch_end(sock, batch, n);
        if (r == -EPROTO && sent == 0)
                return refuse(sock, message.header.sequence);
        if (r == 1 && sent == 0 && message.header.type == FILE_CERTIFICATE)
                sent = answer_certificate(sock, &message.certificate);
        return sent < 0 ? sent : r;
}

int serve(int sock)
{
        FileReply ready = {.header.type = FILE_READY, .size = FILE_VERSION};
        Item *batch = calloc(BATCH_MAX, sizeof(*batch));
        int r;

        r = batch ? packet_send(sock, &ready, sizeof(ready), -1) : -ENOMEM;
        if (r == 0)
                do
                        r = serve_batch(sock, batch);
                while (r > 0);
        free(batch);
        return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}
