#include "report.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>

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

static int check_failed(const NetFailed *failed)
{
        if (!failure_text_ok(failed->text, sizeof(failed->text)) || failed->hresult >= 0 ||
            failed->class > NET_CHANGED || failed->retry_after_usec < -1 ||
            failed->context < NET_CONTEXT_LOCAL_FILE ||
            (failed->context > NET_CONTEXT_TRANSPORT &&
             failed->context != NET_CONTEXT_SERVER_CERTIFICATE))
                return -EBADMSG;
        return 0;
}

static int check_response(const NetResponse *response)
{
        return response->restarted <= 1 && wire_text_ok(response->validator.etag, WIRE_ETAG_SIZE)
                       ? 0
                       : -EBADMSG;
}

/* Its text has no other NUL than the packet's last byte. */
static int check_headers(const NetHeaders *headers, size_t size)
{
        size_t before = offsetof(NetHeaders, text);

        return size > before && size <= sizeof(*headers) &&
                               strnlen(headers->text, size - before) == size - before - 1
                       ? 0
                       : -EBADMSG;
}

static int check_certificate(const NetCertificate *certificate)
{
        return certificate->size > 0 && certificate->size <= NET_CERTIFICATE_SIZE &&
                               certificate->chain_size <=
                                       NET_CERTIFICATE_SIZE - certificate->size &&
                               certificate->what.authority[0] &&
                               wire_text_ok(certificate->what.authority, NET_AUTHORITY_SIZE)
                       ? 0
                       : -EBADMSG;
}

int net_report_check(const NetReport *report, size_t size)
{
        /* What bits-net may say, with the exact size of each; of NET_HEADERS, the largest. */
        static const size_t sizes[] = {
                [NET_READY] = sizeof(NetReady),
                [NET_RESPONSE] = sizeof(NetResponse),
                [NET_PROGRESS] = sizeof(NetOffset),
                [NET_CHECKPOINT] = sizeof(NetOffset),
                [NET_DONE] = sizeof(NetOffset),
                [NET_FAILED] = sizeof(NetFailed),
                [NET_WANT] = sizeof(NetOffset),
                [NET_RECEIVED] = sizeof(NetOffset),
                [NET_HEADERS] = sizeof(NetHeaders),
                [NET_REDIRECTED] = sizeof(NetRedirected),
                [NET_CERTIFICATE] = sizeof(NetCertificate),
        };
        const NetMessage *message = &report->message;
        uint32_t type;

        if (size < sizeof(WireHeader))
                return -EBADMSG;
        type = message->header.type;
        if (type >= sizeof(sizes) / sizeof(*sizes) || sizes[type] == 0 ||
            (sizes[type] != size && type != NET_HEADERS))
                return -EBADMSG;
        switch ((enum NetType)type) {
        case NET_READY:
                return message->ready.version == NET_VERSION ? 0 : -EBADMSG;
        case NET_RESPONSE:
                return check_response(&message->response);
        case NET_FAILED:
                return check_failed(&message->failed);
        case NET_HEADERS:
                return check_headers(&report->headers, size);
        case NET_REDIRECTED:
                return report->redirected.url[0] &&
                                       wire_text_ok(report->redirected.url, WIRE_URL_SIZE)
                               ? 0
                               : -EBADMSG;
        case NET_CERTIFICATE:
                return check_certificate(&report->certificate);
        case NET_PROGRESS:
        case NET_CHECKPOINT:
        case NET_DONE:
        case NET_WANT:
        case NET_RECEIVED:
                return 0;
        case NET_TRANSFER:
        case NET_PROCEED:
        case NET_CANCEL:
        case NET_SPAN:
        case NET_HALT:
        case NET_FINISH:
        case NET_LIMIT:
        case NET_SOURCE:
        case NET_COPY:
        case NET_HTTP:
                break;
        }
        return -EBADMSG;
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
