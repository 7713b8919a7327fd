#include "host.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "source.h"

struct Hosts {
        void *tree;                 /* tsearch(3) of Host */
        TAILQ_HEAD(, Host) crowded; /* Host.crowded_link */
};

static int compare(const void *a, const void *b)
{
        const Host *x = a, *y = b;

        if (x->owner != y->owner)
                return x->owner < y->owner ? -1 : 1;
        return strcmp(x->name, y->name);
}

/* The authority of the URL without user information, lower case; false when it has none that fits.
 */
static bool authority_of(const char *url, char ret[HOST_NAME_SIZE])
{
        const char *begin = strstr(url, "://"), *at;
        size_t length;

        if (!begin || source_is_local(url))
                return false;
        begin += 3;
        length = strcspn(begin, "/?#");
        at = memrchr(begin, '@', length);
        if (at) {
                length -= (size_t)(at + 1 - begin);
                begin = at + 1;
        }
        if (length == 0 || length >= HOST_NAME_SIZE)
                return false;
        memcpy(ret, begin, length);
        for (size_t i = 0; i < length; i++)
                if (ret[i] >= 'A' && ret[i] <= 'Z')
                        ret[i] = "abcdefghijklmnopqrstuvwxyz"[ret[i] - 'A'];
        ret[length] = 0;
        return true;
}

bool host_of(const char *url, char ret[HOST_NAME_SIZE])
{
        char *end;

        if (!authority_of(url, ret))
                return false;
        if (*ret == '[') {
                end = strchr(ret, ']');
                if (!end)
                        return false;
                *end = 0;
                memmove(ret, ret + 1, (size_t)(end - ret));
        } else {
                end = strchr(ret, ':');
                if (end)
                        *end = 0;
        }
        return *ret != 0;
}

/* The authority without the port that the scheme has anyway. */
static bool origin_of(const char *url, char ret[HOST_NAME_SIZE], bool *ret_tls)
{
        const char *common;
        size_t length;

        if (!authority_of(url, ret))
                return false;
        *ret_tls = strncasecmp(url, "https:", 6) == 0;
        common = *ret_tls ? ":443" : ":80";
        length = strlen(ret);
        if (ret[length - 1] == ':')
                ret[length - 1] = 0;
        else if (length > strlen(common) && strcmp(ret + length - strlen(common), common) == 0)
                ret[length - strlen(common)] = 0;
        return true;
}

bool host_is_same_origin(const char *a, const char *b)
{
        char of_a[HOST_NAME_SIZE], of_b[HOST_NAME_SIZE];
        bool tls_a, tls_b;

        return origin_of(a, of_a, &tls_a) && origin_of(b, of_b, &tls_b) && tls_a == tls_b &&
               strcmp(of_a, of_b) == 0;
}

Hosts *hosts_new(void)
{
        Hosts *hosts = calloc(1, sizeof(*hosts));

        if (hosts)
                TAILQ_INIT(&hosts->crowded);
        return hosts;
}

Hosts *hosts_free(Hosts *hosts)
{
        if (hosts)
                tdestroy(hosts->tree, free);
        free(hosts);
        return NULL;
}

bool hosts_have_room(const Hosts *hosts, uid_t owner, const char *url, uint32_t max)
{
        Host key = {.owner = owner}, **found;

        if (!authority_of(url, key.name))
                return true;
        found = tfind(&key, &hosts->tree, compare);
        return !found || (*found)->n < max;
}

/* Made when it is not there. 0, and NULL for a name without a host; -ENOMEM. */
static int get(Hosts *hosts, uid_t owner, const char *url, Host **ret)
{
        _cleanup_(freep) Host *host = calloc(1, sizeof(*host));
        Host **found;

        if (!host)
                return -ENOMEM;
        *host = (Host){.hosts = hosts, .owner = owner};
        for (size_t i = 0; i < PRIORITY_COUNT; i++)
                TAILQ_INIT(&host->waiting[i]);
        *ret = NULL;
        if (!authority_of(url, host->name))
                return 0;
        found = tsearch(host, &hosts->tree, compare);
        if (!found)
                return -ENOMEM;
        if (*found == host)
                TAKE_PTR(host);
        *ret = *found;
        return 0;
}

static void forget_unused(Host *host)
{
        if (host->n > 0 || host->crowded)
                return;
        tdelete(host, &host->hosts->tree, compare);
        free(host);
}

int hosts_take(Hosts *hosts, uid_t owner, const char *url, Host **ret)
{
        int r = get(hosts, owner, url, ret);

        if (r == 0 && *ret)
                (*ret)->n++;
        return r;
}

Host *host_release(Host *host)
{
        if (!host)
                return NULL;
        host->n--;
        forget_unused(host);
        return NULL;
}

Host *hosts_crowd(Hosts *hosts, uid_t owner, const char *url)
{
        Host *host;

        if (get(hosts, owner, url, &host) < 0 || !host)
                return NULL;
        if (!host->crowded)
                TAILQ_INSERT_TAIL(&hosts->crowded, host, crowded_link);
        host->crowded = true;
        return host;
}

static bool is_waited_for(const Host *host)
{
        for (size_t i = 0; i < PRIORITY_COUNT; i++)
                if (!TAILQ_EMPTY(&host->waiting[i]))
                        return true;
        return false;
}

Host *hosts_next_crowded(Hosts *hosts, Host *host)
{
        Host *next = host ? TAILQ_NEXT(host, crowded_link) : TAILQ_FIRST(&hosts->crowded);

        while (next && !is_waited_for(next)) {
                Host *unused = next;

                next = TAILQ_NEXT(unused, crowded_link);
                TAILQ_REMOVE(&hosts->crowded, unused, crowded_link);
                unused->crowded = false;
                forget_unused(unused);
        }
        return next;
}
