#include "url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wire/wire.h"

enum {
        URL_MAX = 2200, /* code points */
        SEGMENT_MAX = 260,
        HOST_MAX = 253,
        PORT_DIGITS_MAX = 5,
};

/* Neither a control character (DEL and the C1 set, U+0080 to U+009F, are some, too) nor a wildcard.
 * A blank at the end is a slip. */
static bool characters_ok(const char *url)
{
        size_t code_points = 0, size = strlen(url);

        for (const unsigned char *c = (const unsigned char *)url; *c; c++) {
                if (*c < ' ' || *c == 0x7f || *c == '*' || (*c == 0xc2 && c[1] < 0xa0))
                        return false;
                code_points += (*c & 0xc0) != 0x80;
        }
        return code_points <= URL_MAX && size < WIRE_URL_SIZE && url[size - 1] != ' ';
}

/* A name's letters may be any, as in IDN; what separates parts of a URL, or is escaped, is none. */
static bool name_ok(const char *name, size_t size)
{
        for (size_t i = 0; i < size; i++)
                if (!isalnum((unsigned char)name[i]) && !strchr("-._", name[i]) &&
                    (unsigned char)name[i] < 0x80)
                        return false;
        return size > 0 && size <= HOST_MAX;
}

/* In brackets, which are not part of it. A zone (RFC 6874) would name an interface of this machine.
 */
static bool address_ok(const char *address, size_t size)
{
        char text[INET6_ADDRSTRLEN];
        struct in6_addr in6;

        if (size >= sizeof(text))
                return false;
        memcpy(text, address, size);
        text[size] = '\0';
        return inet_pton(AF_INET6, text, &in6) == 1;
}

/* Nothing, as RFC 3986 has it, or a number. */
static bool port_ok(const char *port, size_t size)
{
        for (size_t i = 0; i < size; i++)
                if (!isdigit((unsigned char)port[i]))
                        return false;
        if (size == 0)
                return true;
        return size <= PORT_DIGITS_MAX && atoi(port) > 0 && atoi(port) <= UINT16_MAX;
}

/* Without user information: a password in a name would be stored, shown and told to everybody whom
 * the name is. */
static bool authority_ok(const char *authority, size_t size)
{
        const char *host_end, *end = authority + size;

        if (*authority == '[') {
                host_end = memchr(authority, ']', size);
                if (!host_end || !address_ok(authority + 1, (size_t)(host_end - authority - 1)))
                        return false;
                host_end++;
        } else {
                host_end = memchr(authority, ':', size);
                if (!host_end)
                        host_end = end;
                if (!name_ok(authority, (size_t)(host_end - authority)))
                        return false;
        }
        if (host_end == end)
                return true;
        return *host_end == ':' && port_ok(host_end + 1, (size_t)(end - host_end - 1));
}

static bool segments_ok(const char *path)
{
        while (*path && *path != '?' && *path != '#') {
                size_t length = strcspn(path, "/?#");

                if (length > SEGMENT_MAX)
                        return false;
                path += length;
                if (*path == '/')
                        path++;
        }
        return true;
}

int url_check(const char *url)
{
        const char *authority;
        size_t size;

        if (strncasecmp(url, "http://", 7) == 0)
                authority = url + 7;
        else if (strncasecmp(url, "https://", 8) == 0)
                authority = url + 8;
        else
                return -EINVAL;
        size = strcspn(authority, "/?#");
        return characters_ok(url) && authority_ok(authority, size) && segments_ok(authority + size)
                       ? 0
                       : -EINVAL;
}
