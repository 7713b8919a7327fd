#include "service.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "command.h"
#include "config.h"
#include "format.h"
#include "libbits/locate.h"
#include "ticket.h"

#define ERROR_PREFIX "org.bitsd1.Error."
#define USEC_PER_SEC UINT64_C(1000000)

enum {
        CONNECT_SEC = 10,
        ANSWER_SEC = 120, /* a check of a file may wait for a slow mount */
};

static int open_socket(const char *directory, int *ret)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct timeval patience = {.tv_sec = CONNECT_SEC};
        _cleanup_(closep) int fd = -1;
        int n;

        n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/bus", directory);
        if (n < 0 || (size_t)n >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;
        *ret = TAKE_FD(fd);
        return 0;
}

static int open_bus(const char *directory, sd_bus **ret)
{
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int fd = -1, r;

        r = open_socket(directory, &fd);
        if (r < 0)
                return r;
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fd, fd);
        if (r < 0) {
                close(fd);
                return r;
        }
        r = sd_bus_negotiate_fds(bus, 1);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

static bool is_system(const Service *service)
{
        return strcmp(service->directory, RUNTIME_DIR) == 0;
}

/* Once found, the system's service is waited for by whoever connects again; a person's own is
 * started anew. Never does one take the place of the other. */
static int find(Service *service)
{
        bool user_only = service->user_only || service->directory[0];
        int r;

        if (is_system(service))
                return 0;
        r = locate_service(user_only, service->directory);
        if (r < 0 && !user_only)
                service->directory[0] = 0;
        return r;
}

int service_connect(Service *service)
{
        int r;

        r = find(service);
        if (r < 0)
                return r;
        service_disconnect(service);
        return open_bus(service->directory, &service->bus);
}

int service_identity(const Service *service, Identity *ret)
{
        return identity_open(service->directory, is_system(service) ? 0 : geteuid(), ret);
}

void service_disconnect(Service *service)
{
        if (service->bus)
                (void)sd_bus_detach_event(service->bus);
        service->bus = sd_bus_close_unref(service->bus);
}

void service_deinit(Service *service)
{
        service->bus = sd_bus_flush_close_unref(service->bus);
        free(service->text);
        service->text = NULL;
}

/* sd-bus makes errors of its own out of a connection that breaks or an answer that is late. */
static bool is_lost(const sd_bus_error *error, int r)
{
        static const int lost[] = {ENOTCONN, ECONNRESET, ECONNABORTED, EPIPE, ESHUTDOWN, ETIMEDOUT};

        if (!sd_bus_error_is_set(error))
                return true;
        if (strncmp(error->name, ERROR_PREFIX, strlen(ERROR_PREFIX)) == 0)
                return false;
        for (size_t i = 0; i < ELEMENTS(lost); i++)
                if (r == -lost[i])
                        return true;
        return sd_bus_error_has_names(error, SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_TIMEOUT,
                                      SD_BUS_ERROR_DISCONNECTED);
}

/* Errors of the service carry a name of ours; a few come from its sd-bus. */
static int take_error(Service *service, const sd_bus_error *error, int r)
{
        if (is_lost(error, r))
                return r;
        free(service->text);
        service->text = NULL;
        if (strncmp(error->name, ERROR_PREFIX, strlen(ERROR_PREFIX)) == 0)
                service->code = hresult_parse(error->name + strlen(ERROR_PREFIX));
        else if (sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_OBJECT))
                service->code = BG_E_NOT_FOUND;
        else if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED))
                service->code = E_ACCESSDENIED;
        else
                service->code = E_FAIL;
        if (error->message)
                service->text = strdup(error->message);
        return SERVICE_E_REFUSED;
}

static int send_for(Service *service, sd_bus_message *call, uint64_t patience_usec,
                    sd_bus_message **ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = sd_bus_call(service->bus, call, patience_usec, &error, ret);

        return r < 0 ? take_error(service, &error, r) : 0;
}

int service_send(Service *service, sd_bus_message *call, sd_bus_message **ret)
{
        return send_for(service, call, ANSWER_SEC * USEC_PER_SEC, ret);
}

int service_call(Service *service, const char *path, const char *interface, const char *member,
                 sd_bus_message **ret, const char *types, ...)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        va_list arguments;
        int r;

        if (!service->bus)
                return -ENOTCONN;
        r = sd_bus_message_new_method_call(service->bus, &call, NULL, path, interface, member);
        if (r < 0)
                return r;
        if (types && *types) {
                va_start(arguments, types);
                r = sd_bus_message_appendv(call, types, arguments);
                va_end(arguments);
                if (r < 0)
                        return r;
        }
        return service_send(service, call, ret);
}

int service_call_result(Service *service, const char *path, const char *member, HRESULT *ret_result)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *answer = NULL;
        int r;

        if (!service->bus)
                return -ENOTCONN;
        r = sd_bus_message_new_method_call(service->bus, &call, NULL, path, JOB_INTERFACE, member);
        if (r < 0)
                return r;
        r = send_for(service, call, UINT64_MAX, &answer);
        if (r != 0)
                return r;
        r = sd_bus_message_read(answer, "i", ret_result);
        return r < 0 ? r : 0;
}

static int ticket_needed(Service *service)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        uint64_t expires_usec;
        int needed, r;

        r = service_call(service, MANAGER_PATH, MANAGER_INTERFACE, "GetAuthorization", &answer, "");
        if (r == SERVICE_E_REFUSED)
                return 0; /* the call that follows is refused too, and says why */
        if (r < 0)
                return r;
        r = sd_bus_message_read(answer, "bt", &needed, &expires_usec);
        return r < 0 ? r : needed;
}

int service_authorize(Service *service)
{
        int r = ticket_needed(service);

        if (r <= 0 || service->identity_failed)
                return r < 0 ? r : 0;
        r = ticket_store(service, NULL);
        if (r == 0)
                return 0;
        service->identity_failed = true;
        if (r > 0) {
                (void)service_fail(service, r, "no authorisation");
                return 0;
        }
        if (r == -ENOTCONN || r == -ECONNRESET)
                return r;
        service_say(service, "no authorisation: %s", ticket_error_text(r));
        return 0;
}

void service_say(const Service *service, const char *format, ...)
{
        va_list arguments;

        fprintf(stderr, "bitsctl: %s: ", service->command);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
}

static const char *connection_text(int error)
{
        switch (-error) {
        case ETIMEDOUT:
                return "the service does not answer; what was asked for may still happen";
        case ENOTCONN:
        case ECONNRESET:
        case EPIPE:
                return "the connection to the service was lost";
        case ECONNREFUSED:
        case ENOENT:
                return "the service is not running";
        default:
                return strerror(-error);
        }
}

int service_fail(const Service *service, int r, const char *subject)
{
        _cleanup_(freep) char *clean_subject = NULL, *text = NULL;
        char name[HRESULT_NAME_SIZE];
        const char *known;

        clean_subject = format_clean(subject ?: "");
        if (!clean_subject)
                abort();
        if (r < 0) {
                service_say(service, "%s%s%s", clean_subject, *clean_subject ? ": " : "",
                            connection_text(r));
                return EXIT_FAILED;
        }
        known = hresult_text(service->code);
        text = format_clean(service->text && *service->text ? service->text : known ?: "it failed");
        hresult_name(service->code, name);
        service_say(service, "%s%s%s (0x%08X): %s", clean_subject, *clean_subject ? ": " : "", name,
                    (unsigned)service->code, text ?: "");
        return EXIT_FAILED;
}
