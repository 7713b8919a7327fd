#include "limit.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "transfer.h"
#include "worker.h"

enum {
        BURST_USEC = 50 * 1000, /* the bucket holds so much of the rate */
        FILL_MAX_USEC = 1000 * 1000 * 1000,
        WAIT_MIN_USEC = 10 * 1000,
        SEGMENTS_MIN = 2, /* of a window: fewer make the sender wait for delayed acknowledgements */
        WINDOW_MAX = 1 << 30,
        RATE_MAX = 1 << 30, /* bytes a second: faster is no limit */
};

struct Limit {
        Worker *worker;
        int64_t bytes_per_sec; /* 0: none */
        int64_t bytes;         /* in the bucket; negative: taken in advance */
        uint64_t filled_usec;  /* until then it has been filled */
        sd_event_source *timer;
};

static uint64_t now_usec(const Limit *limit)
{
        uint64_t usec = 0;

        (void)sd_event_now(limit->worker->event, CLOCK_MONOTONIC, &usec);
        return usec;
}

static void fill(Limit *limit)
{
        uint64_t now = now_usec(limit), passed = now - limit->filled_usec;
        int64_t most = limit->bytes_per_sec * BURST_USEC / 1000000 + 1;
        int64_t more;

        if (passed > FILL_MAX_USEC)
                passed = FILL_MAX_USEC; /* nobody owes more than that */
        more = limit->bytes_per_sec * (int64_t)passed / 1000000;
        if (more == 0)
                return; /* the fraction is not lost: it counts the next time */
        limit->filled_usec = now;
        limit->bytes = limit->bytes + more < most ? limit->bytes + more : most;
}

/* About rate x round trip, with a burst on top, which must be there when it may be read. */
static int window_bytes(int fd, uint64_t bytes_per_sec)
{
        struct tcp_info info = {0};
        socklen_t size = sizeof(info);
        uint64_t window, least;

        if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
                return WINDOW_MAX;
        window = bytes_per_sec *
                 ((info.tcpi_rcv_rtt ? info.tcpi_rcv_rtt : info.tcpi_rtt) + BURST_USEC) / 1000000;
        least = (uint64_t)SEGMENTS_MIN * info.tcpi_rcv_mss;
        if (window < least)
                window = least;
        return window < WINDOW_MAX ? (int)window : WINDOW_MAX;
}

/* Again and again, since the kernel raises it by itself. */
static void clamp(CURL *easy, uint64_t bytes_per_sec)
{
        curl_socket_t fd = CURL_SOCKET_BAD;
        int window;

        if (curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
            fd == CURL_SOCKET_BAD)
                return;
        window = bytes_per_sec ? window_bytes(fd, bytes_per_sec) : WINDOW_MAX;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, &window, sizeof(window));
}

static void clamp_all(Limit *limit)
{
        uint64_t n = 0;

        for (Transfer *t = limit->worker->transfers; t; t = transfer_next(t))
                n += transfer_is_limited(t);
        for (Transfer *t = limit->worker->transfers; t; t = transfer_next(t))
                if (transfer_is_limited(t))
                        clamp(transfer_request(t), (uint64_t)limit->bytes_per_sec / n);
}

static void let_go(Limit *limit)
{
        Transfer *next;

        for (Transfer *t = limit->worker->transfers; t; t = next) {
                next = transfer_next(t);
                transfer_let_go(t); /* takes what it may, and may end by it */
        }
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source;
        (void)usec;
        clamp_all(userdata);
        let_go(userdata);
        return 0;
}

static void wait_for_more(Limit *limit)
{
        uint64_t wait = (uint64_t)((1 - limit->bytes) * 1000000 / limit->bytes_per_sec);

        if (wait < WAIT_MIN_USEC)
                wait = WAIT_MIN_USEC;
        (void)sd_event_source_set_time(limit->timer, now_usec(limit) + wait);
        (void)sd_event_source_set_enabled(limit->timer, SD_EVENT_ONESHOT);
}

bool limit_take(Limit *limit, size_t size)
{
        if (limit->bytes_per_sec == 0)
                return true;
        fill(limit);
        if (limit->bytes <= 0) {
                wait_for_more(limit);
                return false;
        }
        limit->bytes -= (int64_t)size;
        return true;
}

void limit_set(Limit *limit, uint64_t bytes_per_sec)
{
        if (bytes_per_sec > RATE_MAX)
                bytes_per_sec = 0;
        limit->bytes_per_sec = (int64_t)bytes_per_sec;
        limit->bytes = 0; /* what was owed at another rate is forgotten */
        limit->filled_usec = now_usec(limit);
        clamp_all(limit);
        let_go(limit);
}

int limit_new(Worker *worker, Limit **ret)
{
        Limit *limit = calloc(1, sizeof(*limit));
        int r;

        if (!limit)
                return -ENOMEM;
        limit->worker = worker;
        r = sd_event_add_time(worker->event, &limit->timer, CLOCK_MONOTONIC, UINT64_MAX,
                              WAIT_MIN_USEC / 10, on_timer, limit);
        if (r >= 0)
                r = sd_event_source_set_enabled(limit->timer, SD_EVENT_OFF);
        if (r < 0) {
                sd_event_source_unref(limit->timer);
                free(limit);
                return r;
        }
        *ret = limit;
        return 0;
}
