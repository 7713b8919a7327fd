/* NET_HTTP, and the parts of its descriptor: what is let through can be sent as header lines. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bits-net/message.h"
#include "bits-net/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        NetMessage message;
        struct curl_slist *headers = NULL;
        const char *why = NULL;
        Options *options;
        int r;

        if (size < sizeof(NetHttp))
                return 0;
        memset(&message, 0xa5, sizeof(message));
        memcpy(&message, data, sizeof(NetHttp));
        if (message.header.type != NET_HTTP || message_check(&message, sizeof(NetHttp), true) < 0 ||
            options_new(&message.http, data + sizeof(NetHttp), size - sizeof(NetHttp), &options) <
                    0)
                return 0;

        assert(options->method[0] && strlen(options->method) < NET_METHOD_SIZE);
        r = options_headers(options, &headers, &why);
        assert(r == 0 || (r == -EINVAL && why));
        for (const struct curl_slist *h = headers; h; h = h->next)
                assert(h->data[0] && !strpbrk(h->data, "\r\n") && strpbrk(h->data, ":;"));
        curl_slist_free_all(headers);
        options_unref(options);
        return 0;
}
