#include "serve.h"

#include <errno.h>
#include <string.h>

#include "base/packet.h"
#include "certificate.h"
#include "handler.h"
#include "node.h"
#include "request.h"

/* When the directory is gone or is another one, the temporary file is gone with it. */
enum GoneMeans {
        GONE_IS_AN_ERROR,
        GONE_IS_DONE,
        GONE_IS_THE_PATH, /* to be told from a file that is gone */
};

static const struct {
        int (*handle)(Call *call);
        enum GoneMeans gone;
} handlers[] = {
        [FILE_CHECK] = {handle_check},
        [FILE_OPEN_TEMP] = {handle_open_temp},
        [FILE_RESUME_TEMP] = {handle_resume_temp},
        [FILE_SEAL] = {handle_seal},
        [FILE_FINISH] = {handle_finish},
        [FILE_DISCARD] = {handle_discard, GONE_IS_DONE},
        [FILE_OPEN_SOURCE] = {handle_open_source, GONE_IS_THE_PATH},
};

static int open_directory(Call *call)
{
        const FileRequest *request = call->request;
        int r;

        r = directory_open(request->path, &call->directory);
        if (r < 0)
                return r;
        if (file_id_is_known(&request->directory) &&
            !file_id_equal(&request->directory, &call->directory.id))
                return -EXDEV;
        return 0;
}

static int work(Call *call)
{
        uint32_t type = call->request->header.type;
        int r;

        r = open_directory(call);
        if (r == 0)
                r = handlers[type].handle(call);
        else if ((r == -ENOENT || r == -ENOTDIR || r == -EXDEV) &&
                 handlers[type].gone == GONE_IS_DONE)
                r = 0;
        else if (r == -ENOENT && handlers[type].gone == GONE_IS_THE_PATH)
                r = -ENOTDIR;
        directory_deinit(&call->directory);
        return r;
}

static int answer(int sock, const FileRequest *request)
{
        FileReply reply = {.header = {FILE_REPLY, request->header.sequence}};
        Call call = {
                .request = request,
                .name = strrchr(request->path, '/') + 1,
                .directory = DIRECTORY_INIT,
                .reply = &reply,
                .fd = -1,
        };
        int r;

        reply.result = work(&call);
        r = packet_send(sock, &reply, sizeof(reply), call.fd);
        call.fd = close_fd(call.fd);
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

/* 1: go on; 0: hang-up. */
static int serve_one(int sock)
{
        FileMessage message;
        ssize_t n;
        int r;

        memset(&message, 0, sizeof(message));
        n = packet_recv(sock, &message, sizeof(message), NULL);
        if (n == 0 || n == -ECONNRESET)
                return 0;
        if (n < 0 && n != -EMSGSIZE && n != -EBADMSG)
                return (int)n;
        if (n >= 0 && file_certificate_check(&message, (size_t)n) == 0)
                r = answer_certificate(sock, &message.certificate);
        else if (n >= 0 && file_request_check(&message, (size_t)n) == 0)
                r = answer(sock, &message.request);
        else
                return refuse(sock, message.header.sequence);
        if (r == -EPIPE || r == -ECONNRESET)
                return 0;
        return r < 0 ? r : 1;
}

int serve(int sock)
{
        FileReply ready = {.header.type = FILE_READY, .size = FILE_VERSION};
        int r;

        r = packet_send(sock, &ready, sizeof(ready), -1);
        if (r < 0)
                return r;
        do
                r = serve_one(sock);
        while (r > 0);
        return r;
}
