#include "message.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "answer.h"
#include "base/cleanup.h"
#include "base/field.h"

static bool url_ok(const char *url)
{
        if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
                return false;
        for (; *url; url++)
                if ((unsigned char)*url < ' ' || *url == 0x7f)
                        return false;
        return true;
}

static bool validator_ok(const NetValidator *validator, uint64_t begin)
{
        if (!wire_text_ok(validator->etag, sizeof(validator->etag)))
                return false;
        if (validator->etag[0] && !etag_is_valid(validator->etag))
                return false;
        return validator->size == NET_SIZE_UNKNOWN ||
               (validator->size <= INT64_MAX && begin <= validator->size);
}

/* Neither end beyond what a file can have. */
static bool span_ok(const NetSpan *span)
{
        uint64_t length = span->length == NET_SIZE_UNKNOWN ? 0 : span->length;

        return span->length != 0 && span->remote <= INT64_MAX && span->local <= INT64_MAX &&
               length <= INT64_MAX - span->remote && length <= INT64_MAX - span->local;
}

/* Of a ranged file the bytes that are there need not be the first ones of the remote file, nor
 * fewer than it has. */
static bool transfer_ok(const NetMessage *message)
{
        const NetTransfer *transfer = &message->transfer;
        const NetSpan none = {0};
        bool ranged = transfer->ranged == 1;

        return transfer->begin <= INT64_MAX &&
               !(transfer->flags & ~(uint32_t)(NET_FOREGROUND | NET_SEAL_SYNCS)) &&
               transfer->ranged <= 1 && transfer->dynamic <= 1 &&
               (!transfer->dynamic || (transfer->begin == 0 && !ranged)) &&
               transfer->host_connections > 0 &&
               transfer->host_connections <= NET_CONNECTIONS_MAX &&
               (ranged ? span_ok(&transfer->span)
                       : memcmp(&transfer->span, &none, sizeof(none)) == 0) &&
               wire_text_ok(transfer->url, sizeof(transfer->url)) && url_ok(transfer->url) &&
               (transfer->begin == 0 ||
                validator_ok(&transfer->validator, ranged ? 0 : transfer->begin));
}

/* CONNECT asks for a tunnel, which no file is. */
static bool method_ok(const char *method)
{
        return !*method ||
               (field_is_token(method, strlen(method)) && strcmp(method, "CONNECT") != 0);
}

static bool security_flags_ok(uint32_t flags)
{
        uint32_t policy = flags & NET_REDIRECT_MASK;

        return (flags & ~(uint32_t)(NET_SSL_MASK | NET_REDIRECT_MASK |
                                    NET_REDIRECT_ALLOW_HTTPS_TO_HTTP)) == 0 &&
               (policy == NET_REDIRECT_ALLOW_SILENT || policy == NET_REDIRECT_ALLOW_REPORT ||
                policy == NET_REDIRECT_DISALLOW);
}

static bool http_ok(const NetMessage *message)
{
        const NetHttp *http = &message->http;

        return security_flags_ok(http->security_flags) && http->ask <= 1 && http->reserved == 0 &&
               http->headers_size <= NET_OPTIONS_HEADERS_MAX &&
               http->certificate_size <= NET_OPTIONS_CERTIFICATE_MAX &&
               http->n_accepted <= NET_OPTIONS_ACCEPTED_MAX &&
               wire_text_ok(http->method, sizeof(http->method)) && method_ok(http->method);
}

static bool next_ok(const NetMessage *message)
{
        return span_ok(&message->next.span);
}

static bool limit_ok(const NetMessage *message)
{
        return message->limit.bytes_per_sec <= INT64_MAX;
}

static bool copy_ok(const NetMessage *message)
{
        const NetCopy *copy = &message->copy;

        return copy->begin <= INT64_MAX &&
               (copy->begin == 0 || validator_ok(&copy->validator, copy->begin));
}

static const struct {
        size_t size; /* 0: not a message of bits-queue's */
        bool with_fd;
        bool for_all; /* of no transfer: its sequence is 0 */
        bool (*ok)(const NetMessage *message);
} rows[] = {
        [NET_TRANSFER] = {sizeof(NetTransfer), true, false, transfer_ok},
        [NET_PROCEED] = {sizeof(NetOrder), false, false, NULL},
        [NET_CANCEL] = {sizeof(NetOrder), false, false, NULL},
        [NET_SPAN] = {sizeof(NetNext), false, false, next_ok},
        [NET_HALT] = {sizeof(NetOrder), false, false, NULL},
        [NET_FINISH] = {sizeof(NetOrder), false, false, NULL},
        [NET_LIMIT] = {sizeof(NetLimit), false, true, limit_ok},
        [NET_SOURCE] = {sizeof(NetSource), true, false, NULL},
        [NET_COPY] = {sizeof(NetCopy), true, false, copy_ok},
        [NET_HTTP] = {sizeof(NetHttp), true, false, http_ok},
};

int message_check(const NetMessage *message, size_t size, bool with_fd)
{
        uint32_t type;

        if (size < sizeof(WireHeader))
                return -EBADMSG;
        type = message->header.type;
        if (type >= ELEMENTS(rows) || rows[type].size == 0)
                return -EBADMSG;
        if (size != rows[type].size || with_fd != rows[type].with_fd ||
            (message->header.sequence == 0) != rows[type].for_all)
                return -EBADMSG;
        return rows[type].ok && !rows[type].ok(message) ? -EBADMSG : 0;
}
