#include "report.h"

#include <errno.h>

enum {
        ERRNO_MAX = 4095, /* of the kernel */
};

static bool id_is_ok(const FileId *id)
{
        return id->handle_size <= sizeof(id->handle);
}

int file_report_check(const FileReply *reply, size_t size)
{
        if (size != sizeof(*reply) || reply->result > 0 || reply->result < -ERRNO_MAX ||
            !id_is_ok(&reply->file) || !id_is_ok(&reply->directory))
                return -EBADMSG;
        switch ((enum FileType)reply->header.type) {
        case FILE_READY:
                return reply->result == 0 && reply->size == FILE_VERSION ? 0 : -EBADMSG;
        case FILE_REPLY:
                return 0;
        case FILE_CHECK:
        case FILE_OPEN_TEMP:
        case FILE_RESUME_TEMP:
        case FILE_SEAL:
        case FILE_FINISH:
        case FILE_DISCARD:
                return -EBADMSG;
        }
        return -EBADMSG;
}

static int check_failed(const NetFailed *failed)
{
        if (!wire_text_ok(failed->text, sizeof(failed->text)) || failed->hresult >= 0 ||
            failed->class > NET_TRANSIENT || failed->retry_after_usec < -1 ||
            failed->context < NET_CONTEXT_LOCAL_FILE || failed->context > NET_CONTEXT_TRANSPORT)
                return -EBADMSG;
        return 0;
}

static int check_response(const NetResponse *response)
{
        return response->restarted <= 1 && wire_text_ok(response->validator.etag, WIRE_ETAG_SIZE)
                       ? 0
                       : -EBADMSG;
}

int net_report_check(const NetMessage *message, size_t size)
{
        /* What bits-net may say, with the exact size of each. */
        static const size_t sizes[NET_FAILED + 1] = {
                [NET_READY] = sizeof(NetReady),     [NET_RESPONSE] = sizeof(NetResponse),
                [NET_PROGRESS] = sizeof(NetOffset), [NET_CHECKPOINT] = sizeof(NetOffset),
                [NET_DONE] = sizeof(NetOffset),     [NET_FAILED] = sizeof(NetFailed),
        };

        if (size < sizeof(WireHeader) || message->header.type > NET_FAILED ||
            sizes[message->header.type] == 0 || sizes[message->header.type] != size)
                return -EBADMSG;
        if (message->header.type == NET_READY)
                return message->ready.version == NET_VERSION ? 0 : -EBADMSG;
        if (message->header.type == NET_RESPONSE)
                return check_response(&message->response);
        if (message->header.type == NET_FAILED)
                return check_failed(&message->failed);
        return 0;
}
