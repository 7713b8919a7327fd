#include "route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "host.h"

enum {
        SETTLE_USEC = 100 * 1000, /* changes come in bursts */
        LOOKS_MAX = 4,            /* after 1, 4, 16 and 64 s */
        LINKS_MAX = 4096,
        BUFFER_SIZE = 32768,
};

typedef struct Link {
        int index;
        uint32_t flags; /* IFF_* */
} Link;

struct Routes {
        sd_event *event;
        void (*changed)(void *userdata);
        void *userdata;
        int fd;     /* told of changes */
        int ask_fd; /* asks */
        uint32_t sequence;
        sd_event_source *watch, *settle;

        Link *links;
        size_t n_links;
        bool stale;       /* the kernel has told of a change since they were read */
        bool off;         /* some route leads off this machine */
        unsigned n_looks; /* since the last change */
        uint64_t hash;    /* of links and routes: tells a change from a refresh */
        uint64_t told;    /* that of the last change that was told */
};

typedef struct Address {
        int family;
        uint8_t bytes[16];
        size_t size;
} Address;

/* ---- netlink --------------------------------------------------------------------------------- */

typedef void (*MessageHandler)(Routes *routes, const struct nlmsghdr *message, void *userdata);

static int netlink_open(uint32_t groups)
{
        struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

        if (fd < 0)
                return -errno;
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
                int r = -errno;

                close(fd);
                return r;
        }
        return fd;
}

/* A datagram of the kernel's: its length, 0 for one of somebody else, or -errno. */
static ssize_t receive(int fd, void *buffer)
{
        struct sockaddr_nl from;
        socklen_t size = sizeof(from);
        ssize_t n = recvfrom(fd, buffer, BUFFER_SIZE, MSG_TRUNC, (struct sockaddr *)&from, &size);

        if (n < 0)
                return -errno;
        if (n > BUFFER_SIZE)
                return -EMSGSIZE;
        return size == sizeof(from) && from.nl_pid == 0 ? n : 0;
}

/* Calls handler for each message of the answer. The kernel answers within send(), so nothing is
 * waited for. 0, or what the kernel says: -ENETUNREACH, ... */
static int ask(Routes *routes, struct nlmsghdr *request, MessageHandler handler, void *userdata)
{
        _cleanup_(freep) char *buffer = malloc(BUFFER_SIZE);
        ssize_t n;

        if (!buffer)
                return -ENOMEM;
        request->nlmsg_seq = ++routes->sequence;
        request->nlmsg_flags |= NLM_F_REQUEST;
        while (receive(routes->ask_fd, buffer) >= 0) /* left over from one that went wrong */
                ;
        if (send(routes->ask_fd, request, request->nlmsg_len, 0) < 0)
                return -errno;
        for (;;) {
                n = receive(routes->ask_fd, buffer);
                if (n < 0)
                        return (int)n;
                for (struct nlmsghdr *m = (struct nlmsghdr *)buffer; NLMSG_OK(m, n);
                     m = NLMSG_NEXT(m, n)) {
                        if (m->nlmsg_seq != routes->sequence)
                                continue;
                        if (m->nlmsg_type == NLMSG_DONE)
                                return 0;
                        if (m->nlmsg_type == NLMSG_ERROR)
                                return m->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))
                                               ? -EBADMSG
                                               : ((struct nlmsgerr *)NLMSG_DATA(m))->error;
                        handler(routes, m, userdata);
                        if (!(m->nlmsg_flags & NLM_F_MULTI))
                                return 0;
                }
        }
}

/* ---- what there is --------------------------------------------------------------------------- */

static void mix(uint64_t *hash, const void *data, size_t size)
{
        const uint8_t *bytes = data;

        for (size_t i = 0; i < size; i++)
                *hash = (*hash ^ bytes[i]) * 0x100000001B3ULL; /* FNV-1a */
}

static uint32_t flags_of(const Routes *routes, int index)
{
        for (size_t i = 0; i < routes->n_links; i++)
                if (routes->links[i].index == index)
                        return routes->links[i].flags;
        return 0;
}

static bool leads_off(const Routes *routes, int index)
{
        uint32_t flags = flags_of(routes, index);

        return flags & IFF_UP && flags & IFF_LOWER_UP && !(flags & IFF_LOOPBACK);
}

static void on_link(Routes *routes, const struct nlmsghdr *message, void *userdata)
{
        const struct ifinfomsg *info = NLMSG_DATA(message);
        Link link, *more;

        (void)userdata;
        if (message->nlmsg_type != RTM_NEWLINK ||
            message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) || routes->n_links == LINKS_MAX)
                return;
        link = (Link){info->ifi_index, info->ifi_flags & (IFF_UP | IFF_LOWER_UP | IFF_LOOPBACK)};
        more = reallocarray(routes->links, routes->n_links + 1, sizeof(Link));
        if (!more)
                return;
        routes->links = more;
        routes->links[routes->n_links++] = link;
        mix(&routes->hash, &link, sizeof(link));
}

/* The links of a route that has several, or one. */
static bool hops_lead_off(const Routes *routes, struct rtattr *attribute)
{
        struct rtnexthop *hop = RTA_DATA(attribute);
        int left = (int)RTA_PAYLOAD(attribute);

        while (left >= (int)sizeof(*hop) && RTNH_OK(hop, left)) {
                if (leads_off(routes, hop->rtnh_ifindex))
                        return true;
                left -= RTNH_ALIGN(hop->rtnh_len);
                hop = RTNH_NEXT(hop);
        }
        return false;
}

typedef struct Route {
        bool leads_off, local, link_local;
        bool unicast;
} Route;

static struct rtattr *next(struct rtattr *attribute)
{
        return (struct rtattr *)((uint8_t *)attribute + RTA_ALIGN(attribute->rta_len));
}

static void read_route(Routes *routes, const struct nlmsghdr *message, Route *ret)
{
        struct rtmsg *info = NLMSG_DATA(message);
        struct rtattr *attribute;
        int left = (int)message->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*info)), index;

        *ret = (Route){0};
        if (message->nlmsg_type != RTM_NEWROUTE || left < 0)
                return;
        ret->unicast = info->rtm_type == RTN_UNICAST;
        ret->local = info->rtm_type == RTN_LOCAL;
        mix(&routes->hash, info, sizeof(*info));
        for (attribute = RTM_RTA(info); RTA_OK(attribute, left); attribute = next(attribute)) {
                const uint8_t *data = RTA_DATA(attribute);

                left -= (int)RTA_ALIGN(attribute->rta_len);
                if (attribute->rta_type == RTA_OIF && RTA_PAYLOAD(attribute) == sizeof(index)) {
                        memcpy(&index, data, sizeof(index));
                        ret->leads_off |= leads_off(routes, index);
                } else if (attribute->rta_type == RTA_MULTIPATH)
                        ret->leads_off |= hops_lead_off(routes, attribute);
                else if (attribute->rta_type == RTA_DST && info->rtm_family == AF_INET6 &&
                         RTA_PAYLOAD(attribute) == 16)
                        ret->link_local |= data[0] == 0xFE && (data[1] & 0xC0) == 0x80;
                if (attribute->rta_type == RTA_OIF || attribute->rta_type == RTA_DST ||
                    attribute->rta_type == RTA_GATEWAY || attribute->rta_type == RTA_MULTIPATH)
                        mix(&routes->hash, data, RTA_PAYLOAD(attribute));
        }
}

static void on_route(Routes *routes, const struct nlmsghdr *message, void *userdata)
{
        Route route;

        (void)userdata;
        read_route(routes, message, &route);
        routes->off |= route.unicast && route.leads_off && !route.link_local;
}

/* Reads it all anew. */
static int refresh(Routes *routes)
{
        struct {
                struct nlmsghdr header;
                struct ifinfomsg info;
        } links = {
                .header = {.nlmsg_len = sizeof(links),
                           .nlmsg_type = RTM_GETLINK,
                           .nlmsg_flags = NLM_F_DUMP},
                .info = {.ifi_family = AF_UNSPEC},
        };
        struct {
                struct nlmsghdr header;
                struct rtmsg info;
        } all = {
                .header = {.nlmsg_len = sizeof(all),
                           .nlmsg_type = RTM_GETROUTE,
                           .nlmsg_flags = NLM_F_DUMP},
                .info = {.rtm_family = AF_UNSPEC},
        };
        int r;

        routes->n_links = 0;
        routes->off = routes->stale = false;
        routes->hash = 0xCBF29CE484222325ULL;
        r = ask(routes, &links.header, on_link, NULL);
        return r < 0 ? r : ask(routes, &all.header, on_route, NULL);
}

/* ---- changes --------------------------------------------------------------------------------- */

/* A route of IPv6 is not usable at once when its link is back, and when it is, the kernel does not
 * say so: after a change it is looked again, less and less often, a few times. */
static void look_again(Routes *routes)
{
        if (routes->n_looks == LOOKS_MAX) {
                routes->n_looks = 0;
                return;
        }
        if (sd_event_source_set_time_relative(routes->settle, 1000000ULL << (2 * routes->n_looks)) <
                    0 ||
            sd_event_source_set_enabled(routes->settle, SD_EVENT_ONESHOT) < 0)
                return;
        routes->n_looks++;
}

static int on_settled(sd_event_source *source, uint64_t usec, void *userdata)
{
        Routes *routes = userdata;
        int r;

        (void)source;
        (void)usec;
        r = refresh(routes);
        if (r < 0)
                log_error("the routes cannot be read: %s", strerror(-r));
        if (r == 0 && routes->hash == routes->told && routes->n_looks == 0)
                return 0;
        if (routes->hash != routes->told)
                routes->n_looks = 0;
        routes->told = routes->hash;
        look_again(routes);
        routes->changed(routes->userdata);
        return 0;
}

/* What the kernel says does not matter: something changed, which is read a moment later. */
static void take_notice(Routes *routes)
{
        _cleanup_(freep) char *buffer = malloc(BUFFER_SIZE);
        bool any = false;
        ssize_t n;

        while (buffer) {
                n = receive(routes->fd, buffer);
                if (n < 0 && n != -ENOBUFS && n != -EMSGSIZE)
                        break;
                any = true;
        }
        /* The first of a burst brings the look near; the others do not put it off. */
        if (any && (!routes->stale || sd_event_source_get_enabled(routes->settle, NULL) == 0)) {
                (void)sd_event_source_set_time_relative(routes->settle, SETTLE_USEC);
                (void)sd_event_source_set_enabled(routes->settle, SD_EVENT_ONESHOT);
        }
        routes->stale |= any;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        (void)source;
        (void)fd;
        (void)revents;
        take_notice(userdata);
        return 0;
}

static int open_all(Routes *routes)
{
        static const uint32_t groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                                       RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
        int r;

        routes->fd = netlink_open(groups);
        if (routes->fd < 0)
                return routes->fd;
        routes->ask_fd = netlink_open(0);
        if (routes->ask_fd < 0)
                return routes->ask_fd;
        r = sd_event_add_io(routes->event, &routes->watch, routes->fd, EPOLLIN, on_readable,
                            routes);
        if (r >= 0)
                r = sd_event_add_time(routes->event, &routes->settle, CLOCK_MONOTONIC, 0, 1000,
                                      on_settled, routes);
        if (r >= 0)
                r = sd_event_source_set_enabled(routes->settle, SD_EVENT_OFF);
        if (r >= 0)
                r = refresh(routes);
        routes->told = routes->hash;
        return r;
}

int routes_new(sd_event *event, void (*changed)(void *userdata), void *userdata, Routes **ret)
{
        Routes *routes = calloc(1, sizeof(*routes));
        int r;

        if (!routes)
                return -ENOMEM;
        *routes = (Routes){
                .event = event, .changed = changed, .userdata = userdata, .fd = -1, .ask_fd = -1};
        r = open_all(routes);
        if (r < 0) {
                log_warning("no netlink here (%s): every host counts as reachable", strerror(-r));
                routes->ask_fd = close_fd(routes->ask_fd);
        }
        *ret = routes;
        return 0;
}

Routes *routes_free(Routes *routes)
{
        if (!routes)
                return NULL;
        sd_event_source_disable_unref(routes->watch);
        sd_event_source_disable_unref(routes->settle);
        closep(&routes->fd);
        closep(&routes->ask_fd);
        free(routes->links);
        free(routes);
        return NULL;
}

/* ---- one host -------------------------------------------------------------------------------- */

/* In every form that a URL may have an address in, as libcurl reads them. */
static bool parse_address(const char *host, Address *ret)
{
        char text[INET6_ADDRSTRLEN];
        struct in_addr v4;
        struct in6_addr v6;
        size_t length = strcspn(host, "%"); /* a zone says no more than a link-local address */

        if (inet_aton(host, &v4)) {
                *ret = (Address){.family = AF_INET, .size = 4};
                memcpy(ret->bytes, &v4, 4);
                return true;
        }
        if (length >= sizeof(text))
                return false;
        memcpy(text, host, length);
        text[length] = 0;
        if (inet_pton(AF_INET6, text, &v6) != 1)
                return false;
        if (IN6_IS_ADDR_V4MAPPED(&v6)) {
                *ret = (Address){.family = AF_INET, .size = 4};
                memcpy(ret->bytes, v6.s6_addr + 12, 4);
        } else {
                *ret = (Address){.family = AF_INET6, .size = 16};
                memcpy(ret->bytes, v6.s6_addr, 16);
        }
        return true;
}

static bool is_loopback(const Address *address)
{
        return address->family == AF_INET ? address->bytes[0] == 127
                                          : memcmp(address->bytes, &in6addr_loopback, 16) == 0;
}

/* RFC 6761: localhost and all below it. */
static bool is_localhost(const char *host)
{
        static const char name[] = "localhost";
        size_t length = strlen(host);

        if (length > 0 && host[length - 1] == '.')
                length--;
        if (length < sizeof(name) - 1)
                return false;
        host += length - (sizeof(name) - 1);
        return strncasecmp(host, name, sizeof(name) - 1) == 0 &&
               (length == sizeof(name) - 1 || host[-1] == '.');
}

static void on_answer(Routes *routes, const struct nlmsghdr *message, void *userdata)
{
        uint64_t hash = routes->hash;

        read_route(routes, message, userdata);
        routes->hash = hash;
}

static bool has_route(Routes *routes, const Address *address)
{
        struct {
                struct nlmsghdr header;
                struct rtmsg info;
                struct rtattr attribute;
                uint8_t bytes[16];
        } request = {
                .header = {.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(struct rtmsg)) +
                                                   RTA_LENGTH(address->size)),
                           .nlmsg_type = RTM_GETROUTE},
                .info = {.rtm_family = (uint8_t)address->family,
                         .rtm_dst_len = (uint8_t)(address->size * 8)},
                .attribute = {.rta_len = (uint16_t)RTA_LENGTH(address->size), .rta_type = RTA_DST},
        };
        Route route = {0};

        memcpy(request.bytes, address->bytes, address->size);
        return ask(routes, &request.header, on_answer, &route) == 0 &&
               (route.local || (route.unicast && route.leads_off));
}

Reach routes_reach(Routes *routes, const char *url)
{
        char host[HOST_NAME_SIZE];
        Address address;
        bool is_address;

        if (!host_of(url, host) || is_localhost(host))
                return REACH_LOCAL;
        is_address = parse_address(host, &address);
        if (is_address && is_loopback(&address))
                return REACH_LOCAL;
        if (routes->ask_fd < 0)
                return REACH_YES;
        take_notice(routes); /* who asks may just have seen a server fail: nothing old */
        if (routes->stale)
                (void)refresh(routes);
        return (is_address ? has_route(routes, &address) : routes->off) ? REACH_YES : REACH_NO;
}
