/* bits-net's check of what bits-queue sends. The first byte: whether a descriptor came along. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bits-net/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        NetMessage message;
        bool with_fd;

        if (size == 0)
                return 0;
        with_fd = data[0] & 1;
        data++;
        size--;
        if (size > sizeof(message)) /* the receiver refuses longer ones by themselves */
                return 0;

        memset(&message, 0xa5, sizeof(message)); /* what was not received must not matter */
        memcpy(&message, data, size);
        if (message_check(&message, size, with_fd) == 0) {
                assert((message.header.sequence != 0) == (message.header.type != NET_LIMIT));
                if (message.header.type == NET_SPAN)
                        assert(message.next.span.length > 0 &&
                               message.next.span.local <= INT64_MAX);
                if (message.header.type == NET_HTTP)
                        assert(with_fd && message.http.headers_size <= NET_OPTIONS_HEADERS_MAX &&
                               strlen(message.http.method) < NET_METHOD_SIZE);
                if (message.header.type == NET_COPY)
                        assert(with_fd && message.copy.begin <= INT64_MAX);
                if (message.header.type == NET_TRANSFER)
                        assert(with_fd && size == sizeof(NetTransfer) &&
                               strlen(message.transfer.url) < sizeof(message.transfer.url));
        }
        return 0;
}
