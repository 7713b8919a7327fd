#include "options.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/field.h"
#include "base/memfd.h"

enum {
        PARTS_MAX = NET_OPTIONS_HEADERS_MAX + NET_OPTIONS_CERTIFICATE_MAX +
                    NET_OPTIONS_ACCEPTED_MAX * (int)sizeof(NetAccepted),
};

static void wipe(void *data, size_t size)
{
        if (data)
                OPENSSL_cleanse(data, size);
        free(data);
}

Options *options_ref(Options *options)
{
        if (options)
                options->refs++;
        return options;
}

Options *options_unref(Options *options)
{
        if (!options || --options->refs > 0)
                return NULL;
        wipe(options->headers, options->headers ? strlen(options->headers) : 0);
        wipe(options->certificate, options->certificate_size);
        free(options->accepted);
        free(options);
        return NULL;
}

static void options_unrefp(Options **options)
{
        options_unref(*options);
}

static void *copy_new(const char *data, size_t size)
{
        char *copy = malloc(size + 1);

        if (!copy)
                return NULL;
        memcpy(copy, data, size);
        copy[size] = '\0';
        return copy;
}

int options_new(const NetHttp *http, const void *parts, size_t size, Options **ret)
{
        size_t accepted_size = http->n_accepted * sizeof(NetAccepted);
        const char *p = parts;
        _cleanup_(options_unrefp) Options *options = NULL;

        if (size != http->headers_size + http->certificate_size + accepted_size ||
            memchr(p, 0, http->headers_size))
                return -EBADMSG;
        options = calloc(1, sizeof(*options));
        if (!options)
                return -ENOMEM;
        options->refs = 1;
        options->security_flags = http->security_flags;
        options->ask = http->ask;
        (void)snprintf(options->method, sizeof(options->method), "%s",
                       http->method[0] ? http->method : "GET");

        options->headers = copy_new(p, http->headers_size);
        p += http->headers_size;
        options->certificate = copy_new(p, http->certificate_size);
        options->certificate_size = http->certificate_size;
        p += http->certificate_size;
        options->accepted = copy_new(p, accepted_size);
        options->n_accepted = http->n_accepted;
        if (!options->headers || !options->certificate || !options->accepted)
                return -ENOMEM;
        for (size_t i = 0; i < options->n_accepted; i++)
                if (!wire_text_ok(options->accepted[i].authority, NET_AUTHORITY_SIZE))
                        return -EBADMSG;
        *ret = TAKE_PTR(options);
        return 0;
}

int options_read(const NetHttp *http, int fd, Options **ret)
{
        uint64_t size;
        char *parts;
        int r;

        if (memfd_size(fd, &size) < 0 || size > PARTS_MAX)
                return -EBADMSG;
        parts = malloc(size + 1);
        if (!parts)
                return -ENOMEM;
        r = memfd_read(fd, parts, size, 0);
        if (r == 0)
                r = options_new(http, parts, size, ret);
        wipe(parts, size);
        return r;
}

/* libcurl takes "Name:" for the wish to leave that header out, "Name;" for an empty one. */
static int line_add(const char *line, size_t size, struct curl_slist **headers)
{
        struct curl_slist *longer;
        char *text = copy_new(line, size), *colon;

        if (!text)
                return -ENOMEM;
        colon = strchr(text, ':');
        if (colon[1 + strspn(colon + 1, " \t")] == '\0') {
                colon[0] = ';';
                colon[1] = '\0';
        }
        longer = curl_slist_append(*headers, text);
        wipe(text, size);
        if (!longer)
                return -ENOMEM;
        *headers = longer;
        return 0;
}

int options_headers(const Options *options, struct curl_slist **headers, const char **ret_why)
{
        size_t size;

        for (const char *line = options->headers; *line; line += size + (line[size] == '\n')) {
                size_t text;
                int r;

                size = strcspn(line, "\n"); /* the documentation's own sample has no CR */
                text = size > 0 && line[size - 1] == '\r' ? size - 1 : size;
                if (text == 0)
                        continue;
                *ret_why = field_fault(line, text);
                if (*ret_why)
                        return -EINVAL;
                r = line_add(line, text, headers);
                if (r < 0)
                        return r;
        }
        return 0;
}
