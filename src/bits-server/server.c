/*
 * The HTTP server. Every connection costs a socket, a file and a bounded memory; there is room for
 * SERVER_CONNECTIONS of them, and one that does nothing for a while is ended.
 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/log.h"

#define SERVER_CONNECTIONS 1000U
#define SERVER_THREADS     4U /* reading a file that is not in memory waits for the disk */
#define SERVER_TIMEOUT_SEC 30U
#define SERVER_MEMORY      (size_t)(16 * 1024) /* a connection: the greatest request head */
#define SERVER_DESCRIPTORS (SERVER_CONNECTIONS * 2 + 64)

struct Server {
        struct MHD_Daemon *daemon;
        char url[SERVER_URL_SIZE];
};

static void addrinfop(struct addrinfo **info)
{
        if (*info)
                freeaddrinfo(*info);
}

static int listen_on(const struct addrinfo *info)
{
        static const int yes = 1;
        _cleanup_(closep) int fd =
                socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
            bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0)
                return -errno;
        return TAKE_FD(fd);
}

/* A descriptor, or -errno. */
static int server_listen(const char *address, uint16_t port)
{
        static const struct addrinfo hints = {
                .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                .ai_socktype = SOCK_STREAM,
        };
        _cleanup_(addrinfop) struct addrinfo *info = NULL;
        char service[sizeof("65535")];

        (void)snprintf(service, sizeof(service), "%u", (unsigned)port);
        if (getaddrinfo(address, service, &hints, &info) != 0) {
                info = NULL;
                return -EINVAL;
        }
        return listen_on(info);
}

/* The address as the kernel has it: with the port it chose. */
static int url_make(int sock, char ret[SERVER_URL_SIZE])
{
        char host[INET6_ADDRSTRLEN + IF_NAMESIZE], service[sizeof("65535")];
        struct sockaddr_storage name;
        socklen_t size = sizeof(name);

        if (getsockname(sock, (struct sockaddr *)&name, &size) < 0)
                return -errno;
        if (getnameinfo((struct sockaddr *)&name, size, host, sizeof(host), service,
                        sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
                return -EINVAL;
        (void)snprintf(ret, SERVER_URL_SIZE,
                       name.ss_family == AF_INET6 ? "http://[%s]:%s/" : "http://%s:%s/", host,
                       service);
        return 0;
}

/* With fewer descriptors than connections may need it still works: those answer 503. */
static void raise_descriptor_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= SERVER_DESCRIPTORS)
                return;
        limit.rlim_cur = limit.rlim_max < SERVER_DESCRIPTORS ? limit.rlim_max : SERVER_DESCRIPTORS;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* What the library complains of is nearly always a client's doing, so it is for who asks. */
static void log_complaint(void *data, const char *format, va_list arguments)
        __attribute__((format(printf, 2, 0)));

static void log_complaint(void *data, const char *format, va_list arguments)
{
        char text[256];

        (void)data;
        (void)vsnprintf(text, sizeof(text), format, arguments);
        log_debug("%s", text);
}

/* The daemon owns the socket as soon as there is one. */
static struct MHD_Daemon *start(int sock, Origin *origin)
{
        return MHD_start_daemon(MHD_USE_EPOLL_INTERNALLY | MHD_USE_ERROR_LOG | MHD_USE_ITC, 0, NULL,
                                NULL, request_answer, origin, MHD_OPTION_EXTERNAL_LOGGER,
                                log_complaint, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                                MHD_OPTION_LISTEN_SOCKET, sock, MHD_OPTION_THREAD_POOL_SIZE,
                                SERVER_THREADS, MHD_OPTION_CONNECTION_LIMIT, SERVER_CONNECTIONS,
                                MHD_OPTION_CONNECTION_TIMEOUT, SERVER_TIMEOUT_SEC,
                                MHD_OPTION_CONNECTION_MEMORY_LIMIT, SERVER_MEMORY,
                                MHD_OPTION_URI_LOG_CALLBACK, request_begin, origin,
                                MHD_OPTION_NOTIFY_COMPLETED, request_end, origin, MHD_OPTION_END);
}

int server_new(const char *address, uint16_t port, Origin *origin, Server **ret)
{
        _cleanup_(server_freep) Server *server = calloc(1, sizeof(*server));
        _cleanup_(closep) int sock = -1;
        int r;

        if (!server)
                return -ENOMEM;
        sock = server_listen(address, port);
        if (sock < 0)
                return sock;
        r = url_make(sock, server->url);
        if (r < 0)
                return r;
        raise_descriptor_limit();

        errno = 0;
        server->daemon = start(sock, origin);
        if (!server->daemon)
                return errno > 0 ? -errno : -ENOMEM;
        (void)TAKE_FD(sock);

        *ret = TAKE_PTR(server);
        return 0;
}

Server *server_free(Server *server)
{
        if (server && server->daemon)
                MHD_stop_daemon(server->daemon);
        free(server);
        return NULL;
}

void server_freep(Server **server)
{
        *server = server_free(*server);
}

void server_url(const Server *server, char ret[SERVER_URL_SIZE])
{
        (void)snprintf(ret, SERVER_URL_SIZE, "%s", server->url);
}
