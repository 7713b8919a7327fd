#include "host.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "source.h"

enum {
        NAME_SIZE = 272, /* a DNS name, brackets and a port */
};

struct Host {
        Hosts *hosts;
        uid_t owner;
        char name[NAME_SIZE]; /* as in the URL, lower case, with its port if it names one */
        uint32_t n;
};

struct Hosts {
        void *tree; /* tsearch(3) of Host */
};

static int compare(const void *a, const void *b)
{
        const Host *x = a, *y = b;

        if (x->owner != y->owner)
                return x->owner < y->owner ? -1 : 1;
        return strcmp(x->name, y->name);
}

/* The authority of the URL without user information; false when it has none that fits. */
static bool set_name(Host *host, const char *url)
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
        if (length == 0 || length >= sizeof(host->name))
                return false;
        for (size_t i = 0; i < length; i++)
                host->name[i] =
                        begin[i] >= 'A' && begin[i] <= 'Z' ? (char)(begin[i] | 32) : begin[i];
        return true;
}

Hosts *hosts_new(void)
{
        return calloc(1, sizeof(Hosts));
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

        if (!set_name(&key, url))
                return true;
        found = tfind(&key, &hosts->tree, compare);
        return !found || (*found)->n < max;
}

int hosts_take(Hosts *hosts, uid_t owner, const char *url, Host **ret)
{
        _cleanup_(freep) Host *host = calloc(1, sizeof(*host));
        Host **found;

        if (!host)
                return -ENOMEM;
        *host = (Host){.hosts = hosts, .owner = owner};
        *ret = NULL;
        if (!set_name(host, url))
                return 0;
        found = tsearch(host, &hosts->tree, compare);
        if (!found)
                return -ENOMEM;
        if (*found == host)
                TAKE_PTR(host);
        (*found)->n++;
        *ret = *found;
        return 0;
}

Host *host_release(Host *host)
{
        if (!host || --host->n > 0)
                return NULL;
        tdelete(host, &host->hosts->tree, compare);
        free(host);
        return NULL;
}
