/* A Location and what follows from it. The first byte: the flags; the second: the status. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bits-net/redirect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const uint32_t policies[] = {0, NET_REDIRECT_ALLOW_REPORT, NET_REDIRECT_DISALLOW,
                                            NET_REDIRECT_ALLOW_HTTPS_TO_HTTP};
        char location[16384], *url = NULL, *authority;
        Redirect redirect;
        Failure failure;
        RedirectVerdict verdict;

        if (size < 2 || size - 2 >= sizeof(location))
                return 0;
        memcpy(location, data + 2, size - 2);
        location[size - 2] = '\0';
        assert(redirect_init(&redirect, "https://host:8443/a/b", "POST") == 0);
        verdict = redirect_follow(&redirect, 300 + data[1] % 10, location, policies[data[0] % 4],
                                  &url, &failure);

        assert((verdict == REDIRECT_DISALLOWED) == (url != NULL));
        assert(!url || strlen(url) < WIRE_URL_SIZE);
        assert((verdict == REDIRECT_FOLLOW) == (redirect.hops == 1));
        assert(strlen(redirect.url) < WIRE_URL_SIZE);
        assert(strncmp(redirect.url, "https://", 8) == 0 ||
               (policies[data[0] % 4] == NET_REDIRECT_ALLOW_HTTPS_TO_HTTP &&
                strncmp(redirect.url, "http://", 7) == 0));
        if (!redirect.away) /* what is the remote name's goes only there */
                assert(strncasecmp(redirect.url, "https://host:8443", 17) == 0 &&
                       strchr("/?", redirect.url[17]));
        authority = redirect_authority(redirect.url);
        assert(authority && (redirect.away || strcmp(authority, "host:8443") == 0));
        free(authority);
        free(url);
        redirect_deinit(&redirect);
        return 0;
}
