#include "message.h"

#include <errno.h>
#include <strings.h>

#include "answer.h"
#include "base/cleanup.h"

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

static bool transfer_ok(const NetMessage *message)
{
        const NetTransfer *transfer = &message->transfer;

        return transfer->begin <= INT64_MAX && transfer->foreground <= 1 &&
               transfer->reserved == 0 && wire_text_ok(transfer->url, sizeof(transfer->url)) &&
               url_ok(transfer->url) &&
               (transfer->begin == 0 || validator_ok(&transfer->validator, transfer->begin));
}

static const struct {
        size_t size; /* 0: not a message of bits-queue's */
        bool with_fd;
        bool (*ok)(const NetMessage *message);
} rows[] = {
        [NET_TRANSFER] = {sizeof(NetTransfer), true, transfer_ok},
        [NET_PROCEED] = {sizeof(NetOrder), false, NULL},
        [NET_CANCEL] = {sizeof(NetOrder), false, NULL},
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
            message->header.sequence == 0)
                return -EBADMSG;
        return rows[type].ok && !rows[type].ok(message) ? -EBADMSG : 0;
}
