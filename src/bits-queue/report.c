#include "report.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "wire/identity.h"

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
        case FILE_OPEN_SOURCE:
        case FILE_CERTIFICATE:
                return -EBADMSG;
        }
        return -EBADMSG;
}

/* UTF-8 of one line or two, without another control character: it goes to D-Bus and terminals. */
static bool failure_text_ok(const char *text, size_t size)
{
        size_t lines = 1, length;
        uint32_t c;

        if (!wire_text_ok(text, size))
                return false;
        for (; *text; text += length) {
                length = utf8_decode(text, SIZE_MAX, &c);
                if (length == 0 || (c == '\n' && ++lines > 2) || (c < 0x20 && c != '\n') ||
                    (c >= 0x7f && c < 0xa0))
                        return false;
        }
        return true;
}

static bool ready_ok(const NetReport *report)
{
        return report->message.ready.version == NET_VERSION;
}

static bool failed_ok(const NetReport *report)
{
        const NetFailed *failed = &report->message.failed;

        return failure_text_ok(failed->text, sizeof(failed->text)) && failed->hresult < 0 &&
               failed->class <= NET_CHANGED && failed->retry_after_usec >= -1 &&
               failed->context >= NET_CONTEXT_LOCAL_FILE &&
               (failed->context <= NET_CONTEXT_TRANSPORT ||
                failed->context == NET_CONTEXT_SERVER_CERTIFICATE);
}

static bool response_ok(const NetReport *report)
{
        const NetResponse *response = &report->message.response;

        return response->restarted <= 1 && wire_text_ok(response->validator.etag, WIRE_ETAG_SIZE);
}

static bool redirected_ok(const NetReport *report)
{
        return report->redirected.url[0] && wire_text_ok(report->redirected.url, WIRE_URL_SIZE);
}

static bool certificate_ok(const NetReport *report)
{
        const NetCertificate *certificate = &report->certificate;

        return certificate->size > 0 && certificate->size <= NET_CERTIFICATE_SIZE &&
               certificate->chain_size <= NET_CERTIFICATE_SIZE - certificate->size &&
               certificate->what.authority[0] &&
               wire_text_ok(certificate->what.authority, NET_AUTHORITY_SIZE);
}

/* Its text has no other NUL than the packet's last byte. */
static bool headers_ok(const NetHeaders *headers, size_t size)
{
        size_t before = offsetof(NetHeaders, text);

        return size > before && size <= sizeof(*headers) &&
               strnlen(headers->text, size - before) == size - before - 1;
}

static const struct {
        size_t size; /* 0: not a message of bits-net's */
        bool (*ok)(const NetReport *report);
} net_rows[] = {
        [NET_READY] = {sizeof(NetReady), ready_ok},
        [NET_RESPONSE] = {sizeof(NetResponse), response_ok},
        [NET_PROGRESS] = {sizeof(NetOffset), NULL},
        [NET_CHECKPOINT] = {sizeof(NetOffset), NULL},
        [NET_DONE] = {sizeof(NetOffset), NULL},
        [NET_FAILED] = {sizeof(NetFailed), failed_ok},
        [NET_WANT] = {sizeof(NetOffset), NULL},
        [NET_RECEIVED] = {sizeof(NetOffset), NULL},
        [NET_REDIRECTED] = {sizeof(NetRedirected), redirected_ok},
        [NET_CERTIFICATE] = {sizeof(NetCertificate), certificate_ok},
};

int net_report_check(const NetReport *report, size_t size)
{
        uint32_t type;

        if (size < sizeof(WireHeader))
                return -EBADMSG;
        type = report->message.header.type;
        if (type == NET_HEADERS) /* the one whose size varies */
                return headers_ok(&report->headers, size) ? 0 : -EBADMSG;
        if (type >= ELEMENTS(net_rows) || net_rows[type].size == 0 || net_rows[type].size != size)
                return -EBADMSG;
        return net_rows[type].ok && !net_rows[type].ok(report) ? -EBADMSG : 0;
}

static int check_done(const NotifyDone *done)
{
        if (done->result > 0 || done->result < -ERRNO_MAX ||
            (done->result < 0 && done->status != 0))
                return -EBADMSG;
        return WIFEXITED(done->status) || WIFSIGNALED(done->status) ? 0 : -EBADMSG;
}

int notify_report_check(const NotifyMessage *message, size_t size)
{
        if (size < sizeof(WireHeader))
                return -EBADMSG;
        switch ((enum NotifyType)message->header.type) {
        case NOTIFY_READY:
                return size == sizeof(NotifyReady) && message->ready.version == NOTIFY_VERSION
                               ? 0
                               : -EBADMSG;
        case NOTIFY_DONE:
                return size == sizeof(NotifyDone) ? check_done(&message->done) : -EBADMSG;
        case NOTIFY_RUN:
                return -EBADMSG;
        }
        return -EBADMSG;
}

/* ---- of bitsd -----------------------------------------------------------------------------------
 */

static bool result_is_ok(int32_t result)
{
        return result <= 0 && result >= -ERRNO_MAX;
}

static bool flags_are_ok(uint32_t flags)
{
        return !(flags & ~(uint32_t)(SUPERVISOR_USER_MODE | SUPERVISOR_ALLOW_RESTRICTED |
                                     SUPERVISOR_RESTRICT_SYSTEM_ACCOUNTS | SUPERVISOR_ROOT_JOBS |
                                     SUPERVISOR_NOTIFY_ADMINISTRATORS | SUPERVISOR_NOTIFY_OTHERS));
}

static bool start_is_ok(const SupervisorStart *start)
{
        return start->header.sequence == 0 && start->version == SUPERVISOR_VERSION &&
               flags_are_ok(start->flags);
}

static bool query_reply_is_ok(const SupervisorQueryReply *reply)
{
        if (!result_is_ok(reply->result) || reply->administrator > 1 || reply->by_logon > 1)
                return false;
        if (reply->result < 0)
                return reply->uid == 0 && reply->audience == 0 && reply->uses == 0 &&
                       reply->administrator == 0 && reply->by_logon == 0;
        return reply->uses && !(reply->uses & ~(uint32_t)(TOKEN_LOCAL_FILE | TOKEN_NETWORK));
}

static bool verify_reply_is_ok(const SupervisorVerifyReply *reply)
{
        return result_is_ok(reply->result) && (reply->result == 0 || reply->uid == 0);
}

static bool spawn_reply_is_ok(const SupervisorSpawnReply *reply, bool with_fd)
{
        if (!result_is_ok(reply->result) || with_fd != (reply->result == 0))
                return false;
        if (reply->result < 0)
                return reply->worker == 0 && reply->uid == 0 && reply->pid == 0;
        return reply->worker != 0 && reply->pid != 0 && reply->pid <= INT32_MAX;
}

static bool supervisor_message_is_ok(const SupervisorMessage *message, bool with_fd)
{
        switch ((enum SupervisorType)message->header.type) {
        case SUPERVISOR_START:
                return start_is_ok(&message->start);
        case SUPERVISOR_QUERY_REPLY:
                return query_reply_is_ok(&message->query_reply);
        case SUPERVISOR_VERIFY_REPLY:
                return verify_reply_is_ok(&message->verify_reply);
        case SUPERVISOR_SPAWN_REPLY:
                return spawn_reply_is_ok(&message->spawn_reply, with_fd);
        case SUPERVISOR_EXITED:
                return message->header.sequence == 0 && message->exited.worker != 0;
        case SUPERVISOR_REVOKED:
                return message->header.sequence == 0 && message->revoked.epoch != 0;
        case SUPERVISOR_SETTINGS:
                return message->header.sequence == 0 && flags_are_ok(message->settings.flags);
        case SUPERVISOR_QUERY:
        case SUPERVISOR_VERIFY:
        case SUPERVISOR_SPAWN:
        case SUPERVISOR_STOP:
        case SUPERVISOR_IDLE:
                return false;
        }
        return false;
}

int supervisor_report_check(const SupervisorMessage *message, size_t size, bool with_fd)
{
        /* What bitsd may say, with the exact size of each. */
        static const size_t sizes[SUPERVISOR_SETTINGS + 1] = {
                [SUPERVISOR_START] = sizeof(SupervisorStart),
                [SUPERVISOR_QUERY_REPLY] = sizeof(SupervisorQueryReply),
                [SUPERVISOR_VERIFY_REPLY] = sizeof(SupervisorVerifyReply),
                [SUPERVISOR_SPAWN_REPLY] = sizeof(SupervisorSpawnReply),
                [SUPERVISOR_EXITED] = sizeof(SupervisorExited),
                [SUPERVISOR_REVOKED] = sizeof(SupervisorRevoked),
                [SUPERVISOR_SETTINGS] = sizeof(SupervisorSettings),
        };

        if (size < sizeof(WireHeader) || message->header.type > SUPERVISOR_SETTINGS ||
            sizes[message->header.type] != size)
                return -EBADMSG;
        if (with_fd && message->header.type != SUPERVISOR_SPAWN_REPLY)
                return -EBADMSG;
        return supervisor_message_is_ok(message, with_fd) ? 0 : -EBADMSG;
}
