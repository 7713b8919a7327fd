#include "http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "command.h"
#include "format.h"
#include "job-json.h"
#include "job.h"
#include "names.h"

enum {
        HEADERS_FILE_MAX = 65536,
        HASH_SIZE = 20,
        PROPERTY_DYNAMIC_CONTENT = 3,
        PRIORITY_FOREGROUND = 0,
};

/* ---- the command line ------------------------------------------------------------------------ */

static int append(HttpSettings *s, const char *text)
{
        char *longer;

        if (asprintf(&longer, "%s%s\n", s->headers ? s->headers : "", text) < 0)
                return -ENOMEM;
        http_clear(s);
        s->headers = longer;
        return 0;
}

static int append_file(HttpSettings *s, const char *name)
{
        _cleanup_(fclosep) FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
        char text[HEADERS_FILE_MAX];
        size_t n;
        int r;

        if (!f) {
                fprintf(stderr, "bitsctl: %s: %s\n", name, strerror(errno));
                return -EINVAL;
        }
        n = fread(text, 1, sizeof(text) - 1, f);
        text[n] = 0;
        if (ferror(f) || n == sizeof(text) - 1 || strlen(text) != n) {
                fprintf(stderr, "bitsctl: %s: cannot be read, or is no text\n", name);
                return -EINVAL;
        }
        while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
                text[--n] = 0;
        s->no_headers |= n == 0;
        r = n > 0 ? append(s, text) : 0;
        explicit_bzero(text, sizeof(text));
        return r;
}

static int say_bad_value(const char *option, const char *value)
{
        fprintf(stderr, "bitsctl: %s: not a value of --%s\n", value, option);
        return -EINVAL;
}

int http_take_option(HttpSettings *s, int option, const char *value)
{
        switch (option) {
        case HTTP_HEADER:
                return append(s, value);
        case HTTP_HEADERS_FILE:
                return append_file(s, value);
        case HTTP_NO_HEADERS:
                s->no_headers = true;
                return 0;
        case HTTP_WRITE_ONLY:
                s->write_only = true;
                return 0;
        case HTTP_METHOD:
                s->method = value;
                return 0;
        case HTTP_TLS:
                s->has_ssl_flags = true;
                return ssl_flags_parse(value, &s->ssl_flags) ? 0 : say_bad_value("tls", value);
        case HTTP_REDIRECTS:
                s->has_redirects = true;
                return redirects_parse(value, &s->redirects) ? 0
                                                             : say_bad_value("redirects", value);
        case HTTP_DYNAMIC:
                s->dynamic = true;
                return 0;
        case HTTP_CERTIFICATE:
                s->certificate = value;
                return 0;
        case HTTP_NO_CERTIFICATE:
                s->no_certificate = true;
                return 0;
        case HTTP_STORE:
                s->store = value;
                return 0;
        default:
                return -EINVAL;
        }
}

void http_clear(HttpSettings *s)
{
        if (s->headers)
                explicit_bzero(s->headers, strlen(s->headers));
        free(s->headers);
        s->headers = NULL;
}

void http_print_help(void)
{
        puts("  --header \"NAME: VALUE\"   send this with every request; may be given again\n"
             "  --headers-file FILE      the same, line by line, not for all to see; - is stdin\n"
             "  --no-headers             send none any more\n"
             "  --write-only             nobody reads the headers back, for good\n"
             "  --method METHOD          instead of GET; each request is sent once\n"
             "  --tls FLAGS              revocation, any-name, any-date, any-authority, "
             "any-usage,\n"
             "                           joined by commas, or strict\n"
             "  --redirects POLICY       follow, report or refuse; \",to-http\" allows leaving "
             "TLS\n"
             "  --dynamic                the server need not know sizes and ranges; FOREGROUND\n"
             "  --certificate WHICH      client certificate: part of its subject, or its SHA-1\n"
             "  --store [machine:]NAME   where that is; MY\n"
             "  --no-certificate         none any more");
}

/* ---- telling the service --------------------------------------------------------------------- */

static int set_flags(Service *service, const HttpSettings *s, const char *path)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        uint32_t flags;
        int r;

        r = service_call(service, path, JOB_INTERFACE, "GetSecurityFlags", &answer, "");
        if (r == 0 && sd_bus_message_read(answer, "u", &flags) < 0)
                r = -EBADMSG;
        if (r != 0)
                return r;
        if (s->has_ssl_flags)
                flags = (flags & ~SSL_FLAGS_ALL) | s->ssl_flags;
        if (s->has_redirects)
                flags = (flags & SSL_FLAGS_ALL) | s->redirects;
        return service_call(service, path, JOB_INTERFACE, "SetSecurityFlags", NULL, "u", flags);
}

static int set_certificate(Service *service, const HttpSettings *s, const char *path)
{
        static const char machine[] = "machine:";
        const char *store = s->store ? s->store : "MY";
        uint32_t location = strncmp(store, machine, strlen(machine)) == 0;
        uint8_t h[HASH_SIZE];

        if (location)
                store += strlen(machine);
        if (!digest_parse(s->certificate, h, sizeof(h)))
                return service_call(service, path, JOB_INTERFACE, "SetClientCertificateByName",
                                    NULL, "uss", location, store, s->certificate);
        return service_call(service, path, JOB_INTERFACE, "SetClientCertificateByID", NULL, "usay",
                            location, store, HASH_SIZE, h[0], h[1], h[2], h[3], h[4], h[5], h[6],
                            h[7], h[8], h[9], h[10], h[11], h[12], h[13], h[14], h[15], h[16],
                            h[17], h[18], h[19]);
}

static int set_dynamic(Service *service, const char *path)
{
        int r;

        r = service_call(service, path, JOB_INTERFACE, "SetProperty", NULL, "uv",
                         PROPERTY_DYNAMIC_CONTENT, "b", true);
        return r != 0 ? r
                      : service_call(service, path, JOB_INTERFACE, "SetPriority", NULL, "u",
                                     PRIORITY_FOREGROUND);
}

int http_configure(Service *service, const HttpSettings *s, const char *path)
{
        HRESULT result;
        int r = 0;

        if (s->headers || s->no_headers)
                r = service_call(service, path, JOB_INTERFACE, "SetCustomHeaders", NULL, "s",
                                 s->headers ? s->headers : "");
        if (r == 0 && s->write_only)
                r = service_call(service, path, JOB_INTERFACE, "MakeCustomHeadersWriteOnly", NULL,
                                 "");
        if (r == 0 && s->method)
                r = service_call(service, path, JOB_INTERFACE, "SetHttpMethod", NULL, "s",
                                 s->method);
        if (r == 0 && (s->has_ssl_flags || s->has_redirects))
                r = set_flags(service, s, path);
        if (r == 0 && s->dynamic)
                r = set_dynamic(service, path);
        if (r == 0 && s->no_certificate)
                r = service_call_result(service, path, "RemoveClientCertificate", &result);
        if (r == 0 && s->certificate)
                r = set_certificate(service, s, path);
        return r;
}

/* ---- showing --------------------------------------------------------------------------------- */

typedef struct Shown { /* what the service has; texts are of the answers */
        sd_bus_message *headers_answer, *method_answer, *certificate_answer;
        uint32_t flags;
        const char *method;
        const char *headers; /* NULL: not to be read */
        bool has_certificate;
        uint32_t location;
        const char *store, *subject;
        char hash[2 * HASH_SIZE + 1];
} Shown;

static void shown_clear(Shown *shown)
{
        sd_bus_message_unref(shown->headers_answer);
        sd_bus_message_unref(shown->method_answer);
        sd_bus_message_unref(shown->certificate_answer);
}

static int read_certificate(Shown *shown)
{
        const uint8_t *hash;
        const void *bytes;
        size_t size;
        int r;

        r = sd_bus_message_read(shown->certificate_answer, "us", &shown->location, &shown->store);
        if (r >= 0)
                r = sd_bus_message_read_array(shown->certificate_answer, 'y', &bytes, &size);
        if (r >= 0)
                r = sd_bus_message_read(shown->certificate_answer, "s", &shown->subject);
        if (r < 0 || size != HASH_SIZE)
                return r < 0 ? r : -EBADMSG;
        hash = bytes;
        for (size_t i = 0; i < HASH_SIZE; i++)
                (void)snprintf(shown->hash + 2 * i, 3, "%02x", hash[i]);
        shown->has_certificate = true;
        return 0;
}

/* Headers and certificate are the owner's to see, and not always his. */
static int read_shown(Service *service, const char *path, Shown *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        int r;

        r = service_call(service, path, JOB_INTERFACE, "GetSecurityFlags", &answer, "");
        if (r == 0 && sd_bus_message_read(answer, "u", &ret->flags) < 0)
                r = -EBADMSG;
        if (r == 0)
                r = service_call(service, path, JOB_INTERFACE, "GetHttpMethod", &ret->method_answer,
                                 "");
        if (r == 0 && sd_bus_message_read(ret->method_answer, "s", &ret->method) < 0)
                r = -EBADMSG;
        if (r != 0)
                return r;
        r = service_call(service, path, JOB_INTERFACE, "GetCustomHeaders", &ret->headers_answer,
                         "");
        if (r < 0 || (r == 0 && sd_bus_message_read(ret->headers_answer, "s", &ret->headers) < 0))
                return r < 0 ? r : -EBADMSG;
        r = service_call(service, path, JOB_INTERFACE, "GetClientCertificate",
                         &ret->certificate_answer, "");
        return r == 0 ? read_certificate(ret) : r < 0 ? r : 0;
}

static json_object *certificate_json(const Shown *shown)
{
        json_object *o;

        if (!shown->has_certificate)
                return NULL;
        o = json_object_new_object();
        json_object_object_add(o, "location",
                               json_object_new_string(shown->location ? "machine" : "user"));
        json_object_object_add(o, "store", json_text(shown->store));
        json_object_object_add(o, "sha1", json_object_new_string(shown->hash));
        json_object_object_add(o, "subject", json_text(shown->subject));
        return o;
}

static void print_json(const char *id, const Shown *shown)
{
        char tls[SSL_FLAGS_TEXT_SIZE], redirects[REDIRECTS_TEXT_SIZE];
        json_object *o = json_object_new_object();

        ssl_flags_name(shown->flags, tls);
        redirects_name(shown->flags, redirects);
        json_object_object_add(o, "id", json_object_new_string(id));
        json_object_object_add(o, "method", json_text(shown->method));
        json_object_object_add(o, "tls", json_object_new_string(tls));
        json_object_object_add(o, "redirects", json_object_new_string(redirects));
        json_object_object_add(
                o, "headers", shown->headers && *shown->headers ? json_text(shown->headers) : NULL);
        json_object_object_add(o, "certificate", certificate_json(shown));
        json_print(o);
}

/* Each without what a terminal would obey. */
static void print_headers(const char *headers)
{
        while (*headers) {
                size_t n = strcspn(headers, "\r\n");
                _cleanup_(freep) char *line = strndup(headers, n), *clean = NULL;

                clean = line ? format_clean(line) : NULL;
                printf("HEADER       %s\n", clean ? clean : "");
                headers += n;
                headers += strspn(headers, "\r\n");
        }
}

static void print_text(const Shown *shown)
{
        _cleanup_(freep) char *store = NULL, *subject = NULL;
        char tls[SSL_FLAGS_TEXT_SIZE], redirects[REDIRECTS_TEXT_SIZE];

        ssl_flags_name(shown->flags, tls);
        redirects_name(shown->flags, redirects);
        printf("METHOD       %s\nTLS          %s\nREDIRECTS    %s\n", shown->method, tls,
               redirects);
        if (!shown->headers)
                puts("HEADERS      not to be read");
        else
                print_headers(shown->headers);
        if (!shown->has_certificate)
                return;
        store = format_clean(shown->store);
        subject = format_clean(shown->subject);
        printf("CERTIFICATE  %s%s: %s (%s)\n", shown->location ? "machine:" : "",
               store ? store : "", subject ? subject : "", shown->hash);
}

int command_http(Service *service, const Options *options)
{
        _cleanup_(shown_clear) Shown shown = {0};
        _cleanup_(freep) char *path = NULL;
        char id[GUID_TEXT_SIZE];
        int r;

        r = job_resolve(service, options->arguments[0], &path, id);
        if (r != EXIT_DONE)
                return r;
        r = options->http.certificate ? service_authorize(service) : 0;
        if (r == 0)
                r = http_configure(service, &options->http, path);
        if (r == 0)
                r = read_shown(service, path, &shown);
        if (r != 0)
                return job_fail(service, r, id);
        if (options->json)
                print_json(id, &shown);
        else if (!(options->seen & OPTION_HTTP))
                print_text(&shown);
        return EXIT_DONE;
}
