/*
 * One request, from its first line to its line in the access log. The joint to libmicrohttpd: it
 * fits the types of its callbacks, and nothing else in the program knows that library but server.c.
 */
#pragma once

#include <microhttpd.h>

/* What every request needs; outlives them all. */
typedef struct Origin {
        int directory; /* what is served */
        int log;       /* of access_log_open() */
} Origin;

/* MHD_OPTION_URI_LOG_CALLBACK: makes the request, which becomes the context of the others. */
void *request_begin(void *origin, const char *target, struct MHD_Connection *connection);

/* MHD_AccessHandlerCallback: answers it, without waiting for a body. */
enum MHD_Result request_answer(void *origin, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_size, void **request);

/* MHD_OPTION_NOTIFY_COMPLETED: logs and frees it. */
void request_end(void *origin, struct MHD_Connection *connection, void **request,
                 enum MHD_RequestTerminationCode code);
