/*
 * One request. What to send is decided by conditional.c from the validators of the descriptor that
 * is then sent: the tag and the bytes are of one and the same file, whatever its name means by
 * then.
 */
#include "request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "access-log.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "conditional.h"
#include "date.h"
#include "path.h"
#include "resource.h"
#include "tally.h"

#define LOG_METHOD_SIZE 32
#define LOG_PATH_SIZE   2048
#define CONTENT_RANGE_SIZE                                                                         \
        sizeof("bytes 18446744073709551615-18446744073709551615/18446744073709551615")

typedef struct Request {
        char path[PATH_SIZE]; /* decoded; of no meaning when path_error is set */
        int path_error;
        char log_method[LOG_METHOD_SIZE];
        char log_path[LOG_PATH_SIZE];
        Selection selection; /* what was answered; status 0: nothing yet */
        uint64_t body_bytes; /* what the answer's body has when it is sent whole */
        uint64_t head_bytes;
        uint64_t written_bytes; /* tally of the connection before the answer */
        bool is_tallied;
        bool is_read; /* the head is; a body may follow */
} Request;

/* Why a file cannot be had, as a status. What is not listed is our own trouble: 500. */
static const struct {
        int error;
        unsigned status;
} open_errors[] = {
        {EINVAL, 400}, {ENAMETOOLONG, 404}, {ENOENT, 404}, {ENOTDIR, 404}, {ENXIO, 404},
        {ENODEV, 404}, {EXDEV, 403},        {ELOOP, 403},  {EACCES, 403},  {EPERM, 403},
        {EAGAIN, 503}, {EMFILE, 503},       {ENFILE, 503}, {ENOMEM, 503},
};

static const struct {
        unsigned status;
        const char *text;
} bodies[] = {
        {400, "This is no path.\n"},
        {403, "This may not be read, or leads out of what is served.\n"},
        {404, "There is no such file.\n"},
        {405, "Files are only read here: GET and HEAD.\n"},
        {412, "The file is not the one that was meant.\n"},
        {416, "The file has no such bytes.\n"},
        {500, "The file could not be opened.\n"},
        {503, "Too busy. Try again.\n"},
};

static void responsep(struct MHD_Response **response)
{
        if (*response)
                MHD_destroy_response(*response);
}

static unsigned error_status(int error)
{
        for (size_t i = 0; i < ELEMENTS(open_errors); i++)
                if (open_errors[i].error == -error)
                        return open_errors[i].status;
        return 500;
}

static const char *status_body(unsigned status)
{
        for (size_t i = 0; i < ELEMENTS(bodies); i++)
                if (bodies[i].status == status)
                        return bodies[i].text;
        return "";
}

void *request_begin(void *origin, const char *target, struct MHD_Connection *connection)
{
        Request *request = calloc(1, sizeof(*request));

        (void)origin;
        (void)connection;
        if (!request)
                return NULL;
        request->path_error = path_decode(target, request->path);
        path_clean(target, request->log_path, sizeof(request->log_path));
        return request;
}

static Method method_parse(const char *method)
{
        if (strcmp(method, MHD_HTTP_METHOD_GET) == 0)
                return METHOD_GET;
        if (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
                return METHOD_HEAD;
        return METHOD_OTHER;
}

typedef struct FieldReader {
        Conditions *conditions;
        int error;
} FieldReader;

static enum MHD_Result read_field(void *data, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
        FieldReader *reader = data;

        (void)kind;
        reader->error = conditions_add(reader->conditions, name, value ? value : "");
        return reader->error < 0 ? MHD_NO : MHD_YES;
}

static int read_conditions(struct MHD_Connection *connection, Conditions *conditions)
{
        FieldReader reader = {.conditions = conditions};

        (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, read_field, &reader);
        return reader.error;
}

static enum MHD_Result add_size(void *data, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
        size_t *size = data;

        (void)kind;
        *size += strlen(name) + strlen(value) + strlen(": \r\n");
        return MHD_YES;
}

/* The size of the head that the library makes of a response: our fields, and those it adds itself
 * to an answer of HTTP/1.1, status line, date and length. */
static size_t head_size(struct MHD_Response *response, unsigned status, uint64_t length)
{
        int size = snprintf(NULL, 0,
                            "HTTP/1.1 %u %s\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                            "Content-Length: %" PRIu64 "\r\n\r\n",
                            status, MHD_get_reason_phrase_for(status), length);
        size_t total = size > 0 ? (size_t)size : 0;

        (void)MHD_get_response_headers(response, add_size, &total);
        return total;
}

static int connection_socket(struct MHD_Connection *connection)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

        return info ? (int)info->connect_fd : -1;
}

static enum MHD_Result queue(Request *request, struct MHD_Connection *connection,
                             struct MHD_Response *response)
{
        request->head_bytes =
                head_size(response, request->selection.status, request->selection.length);
        request->is_tallied =
                tally_written(connection_socket(connection), &request->written_bytes) == 0;
        return MHD_queue_response(connection, request->selection.status, response);
}

static enum MHD_Result answer_status(Request *request, struct MHD_Connection *connection,
                                     unsigned status, Method method)
{
        const char *body = status_body(status);
        _cleanup_(responsep) struct MHD_Response *response = MHD_create_response_from_buffer(
                strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_PERSISTENT);

        if (!response ||
            !MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8"))
                return MHD_NO;
        if (status == 405 && !MHD_add_response_header(response, "Allow", "GET, HEAD"))
                return MHD_NO;
        request->selection = (Selection){.status = status, .length = strlen(body)};
        request->body_bytes = method == METHOD_HEAD ? 0 : strlen(body);
        return queue(request, connection, response);
}

static bool add_validators(struct MHD_Response *response, const Validators *validators)
{
        char date[DATE_TEXT_SIZE];

        if (!MHD_add_response_header(response, "ETag", validators->etag) ||
            !MHD_add_response_header(response, "Accept-Ranges", "bytes"))
                return false;
        return date_format(validators->modified_sec, date) < 0 ||
               MHD_add_response_header(response, "Last-Modified", date);
}

static bool add_content_range(struct MHD_Response *response, const Selection *selection,
                              uint64_t size_bytes)
{
        char text[CONTENT_RANGE_SIZE];

        if (selection->status == 206)
                (void)snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
                               selection->begin, selection->begin + selection->length - 1,
                               size_bytes);
        else if (selection->status == 416)
                (void)snprintf(text, sizeof(text), "bytes */%" PRIu64, size_bytes);
        else
                return true;
        return MHD_add_response_header(response, "Content-Range", text);
}

/* The response owns the descriptor as soon as there is one. That of 304 has a body too, which is
 * not sent: its length is, and must be none but that of 200 (RFC 9110, 8.6). */
static struct MHD_Response *create_response(const Selection *selection, Resource *resource)
{
        const char *body = status_body(selection->status);
        struct MHD_Response *response;

        if (selection->status >= 400)
                return MHD_create_response_from_buffer(strlen(body), (void *)(uintptr_t)body,
                                                       MHD_RESPMEM_PERSISTENT);
        response = MHD_create_response_from_fd_at_offset64(
                selection->status == 304 ? resource->validators.size_bytes : selection->length,
                resource->fd, selection->begin);
        if (response)
                resource->fd = -1;
        return response;
}

static enum MHD_Result answer_file(Request *request, struct MHD_Connection *connection,
                                   Resource *resource, Method method)
{
        _cleanup_(responsep) struct MHD_Response *response = NULL;
        _cleanup_(conditions_clear) Conditions conditions = {0};
        Selection selection;
        int64_t now_sec = (int64_t)time(NULL);

        /* RFC 9110, 8.8.2.1: never modified later than the answer's own date */
        if (resource->validators.modified_sec > now_sec)
                resource->validators.modified_sec = now_sec;
        if (read_conditions(connection, &conditions) < 0)
                return MHD_NO;
        selection = conditional_select(&conditions, &resource->validators, method, now_sec);

        response = create_response(&selection, resource);
        if (!response || !add_validators(response, &resource->validators) ||
            !add_content_range(response, &selection, resource->validators.size_bytes))
                return MHD_NO;
        if (!MHD_add_response_header(response, "Content-Type",
                                     selection.status < 400 ? "application/octet-stream"
                                                            : "text/plain; charset=utf-8"))
                return MHD_NO;
        if (selection.status >= 400)
                selection.length = strlen(status_body(selection.status));
        request->selection = selection;
        request->body_bytes = method == METHOD_HEAD ? 0 : selection.length;
        return queue(request, connection, response);
}

enum MHD_Result request_answer(void *origin, struct MHD_Connection *connection, const char *url,
                               const char *method_text, const char *version, const char *upload,
                               size_t *upload_size, void **context)
{
        _cleanup_(resource_close) Resource resource = RESOURCE_NONE;
        const Origin *served = origin;
        Request *request = *context;
        Method method = method_parse(method_text);
        int r;

        (void)url;
        (void)version;
        (void)upload;
        if (!request) /* there was no memory for it */
                return MHD_NO;
        path_clean(method_text, request->log_method, sizeof(request->log_method));
        if (method == METHOD_OTHER)
                return answer_status(request, connection, 405, method);

        /* An answer before the end of a request costs the connection: the library closes it. */
        if (!request->is_read || *upload_size > 0) {
                request->is_read = true;
                *upload_size = 0;
                return MHD_YES;
        }

        r = request->path_error;
        if (r == 0)
                r = resource_open(served->directory, request->path, &resource);
        if (r < 0)
                return answer_status(request, connection, error_status(r), method);
        return answer_file(request, connection, &resource, method);
}

/* Of an answer that was cut off: what of its body went out, whether or not it was read. */
static uint64_t count_sent(const Request *request, struct MHD_Connection *connection)
{
        uint64_t before = request->written_bytes + request->head_bytes, now;

        if (!request->is_tallied || tally_sent(connection_socket(connection), &now) < 0 ||
            now < before)
                return 0;
        return now - before < request->body_bytes ? now - before : request->body_bytes;
}

void request_end(void *origin, struct MHD_Connection *connection, void **context,
                 enum MHD_RequestTerminationCode code)
{
        _cleanup_(freep) Request *request = *context;
        const Origin *served = origin;
        AccessEntry entry;
        int r;

        *context = NULL;
        if (!request)
                return;
        entry = (AccessEntry){
                .method = request->log_method,
                .path = request->log_path,
                .status = request->selection.status,
                .begin = request->selection.begin,
                .length = request->body_bytes,
                .is_complete = code == MHD_REQUEST_TERMINATED_COMPLETED_OK,
        };
        entry.sent = entry.is_complete ? entry.length : count_sent(request, connection);
        r = access_log_write(served->log, &entry);
        if (r < 0)
                log_warning("access log: %s", strerror(-r));
}
