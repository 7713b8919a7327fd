#include "keeper.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/capability.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/peer.h"
#include "caller.h"
#include "config.h"
#include "order.h"
#include "process.h"
#include "supervisor.h"
#include "worker.h"

#define HEALTHY_USEC     UINT64_C(60000000) /* a run this long forgives the falls before it */
#define DELAY_FIRST_USEC UINT64_C(100000)
#define DELAY_MAX_USEC   UINT64_C(30000000)
#define FALLS_MAX        10
#define FALLS_USEC       UINT64_C(300000000)

struct Keeper {
        Order *order;     /* RESOLVE or QUEUE */
        Process *process; /* bits-queue */
        sd_event_source *timer;
        bool fallen; /* and not yet started again */
        uid_t uid;   /* it shall run as */
        uint64_t started_usec, delay_usec;
        uint64_t falls_usec[FALLS_MAX];
        size_t n_falls;
};

static uint64_t now_usec(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int keeper_new(Bitsd *bitsd)
{
        bitsd->keeper = calloc(1, sizeof(*bitsd->keeper));
        return bitsd->keeper ? 0 : -ENOMEM;
}

void keeper_stop(Bitsd *bitsd)
{
        bitsd->keeper->timer = sd_event_source_disable_unref(bitsd->keeper->timer);
        order_cancel(TAKE_PTR(bitsd->keeper->order));
        supervisor_close(bitsd);
}

void keeper_free(Bitsd *bitsd)
{
        if (bitsd->keeper)
                keeper_stop(bitsd);
        free(TAKE_PTR(bitsd->keeper));
}

/* Whether this fall is the tenth in five minutes; else the next delay is set. Waiting for the store
 * is none. */
static bool too_many_falls(Keeper *keeper, bool waiting)
{
        uint64_t now = now_usec(), oldest;
        bool healthy = keeper->started_usec && now - keeper->started_usec >= HEALTHY_USEC;

        if (!waiting)
                keeper->falls_usec[keeper->n_falls++ % FALLS_MAX] = now;
        oldest = keeper->falls_usec[keeper->n_falls % FALLS_MAX];
        if (!waiting && keeper->n_falls >= FALLS_MAX && now - oldest < FALLS_USEC)
                return true;

        if (healthy)
                keeper->delay_usec = 0;
        else if (keeper->delay_usec == 0)
                keeper->delay_usec = DELAY_FIRST_USEC;
        else if (keeper->delay_usec < DELAY_MAX_USEC / 2)
                keeper->delay_usec *= 2;
        else
                keeper->delay_usec = DELAY_MAX_USEC;
        keeper->started_usec = 0;
        return false;
}

static void keeper_fallen(Bitsd *bitsd, bool waiting)
{
        Keeper *keeper = bitsd->keeper;

        supervisor_close(bitsd);
        worker_end_all(bitsd);
        if (bitsd->stopping)
                return;
        if (too_many_falls(keeper, waiting)) {
                log_write(LOG_CRIT, "bits-queue fell %d times within %d s: giving up", FALLS_MAX,
                          (int)(FALLS_USEC / 1000000));
                bitsd_stop(bitsd, EXIT_FAILURE);
                return;
        }
        keeper->fallen = true;
        keeper_continue(bitsd);
}

static void on_queue_exited(void *userdata, int status)
{
        Bitsd *bitsd = userdata;

        log_write(bitsd->stopping ? LOG_INFO : LOG_ERR, "bits-queue ended (%s %d)",
                  WIFSIGNALED(status) ? "signal" : "status",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        bitsd->keeper->process = NULL;
        keeper_fallen(bitsd, WIFEXITED(status) && WEXITSTATUS(status) == SUPERVISOR_EXIT_WAITING);
}

static int queue_adopt(Bitsd *bitsd, Order *order)
{
        PeerCred maker;
        int r;

        r = peer_cred(order->fds[0], &maker);
        if (r < 0)
                return r;
        if (maker.uid != bitsd->keeper->uid)
                return -EIO;
        r = supervisor_open(bitsd, &order->fds[0]);
        if (r < 0)
                return r;
        bitsd->keeper->process = TAKE_PTR(order->process);
        bitsd->keeper->started_usec = now_usec();
        process_watch(bitsd->keeper->process, on_queue_exited, bitsd);
        log_info("bits-queue started as uid %u, pid %d", bitsd->keeper->uid,
                 (int)bitsd->keeper->process->pid);
        (void)sd_notify(0, "READY=1");
        return 0;
}

static void on_queue_become(void *userdata, Order *order, int result)
{
        Bitsd *bitsd = userdata;

        bitsd->keeper->order = NULL;
        if (result == 0)
                result = queue_adopt(bitsd, order);
        if (result == 0)
                return;
        log_error("bits-queue cannot be started: %s", strerror(-result));
        keeper_fallen(bitsd, false);
}

static int queue_order(Bitsd *bitsd, uid_t uid, gid_t gid)
{
        BecomeRequest request = {.header.type = BECOME_QUEUE, .account = SERVICE_ACCOUNT};
        const Place *place = &bitsd->place;
        int n, r;

        bitsd->keeper->uid = uid;
        r = caller_listen(bitsd); /* not before it is known who the administrators are */
        if (r >= 0)
                r = place_give_queue(place, uid, gid);
        if (r < 0)
                return r;
        if (!place->user_mode) /* not needed again: the directory is there */
                r = capability_limit(~CAPABILITY(CAP_CHOWN));
        if (r < 0)
                return r;

        n = snprintf(request.state, sizeof(request.state), "%s/queue", place->state);
        if (n < 0 || (size_t)n >= sizeof(request.state))
                return -ENAMETOOLONG;
        memcpy(request.libexec, place->libexec, sizeof(request.libexec));
        memcpy(request.runtime, place->runtime, sizeof(request.runtime));
        return order_start(bitsd, &request, place->bus_listener, on_queue_become, bitsd,
                           &bitsd->keeper->order);
}

static void on_resolved(void *userdata, Order *order, int result)
{
        Bitsd *bitsd = userdata;

        bitsd->keeper->order = NULL;
        if (result < 0)
                log_error("account %s, group %s: %s", SERVICE_ACCOUNT, bitsd->settings.admin_group,
                          strerror(-result));
        else
                bitsd->admin_gid = order->reply.group_gid;
        if (bitsd->keeper->process) { /* asked again only for the group */
                supervisor_settings(bitsd);
                return;
        }

        if (result == 0) {
                result = queue_order(bitsd, order->reply.uid, order->reply.gid);
                if (result < 0)
                        log_error("bits-queue cannot be started: %s", strerror(-result));
        }
        if (result < 0)
                keeper_fallen(bitsd, false);
}

void keeper_refresh(Bitsd *bitsd)
{
        BecomeRequest request = {.header.type = BECOME_RESOLVE, .account = SERVICE_ACCOUNT};
        int r;

        if (bitsd->place.user_mode || bitsd->keeper->order)
                return;
        memcpy(request.group, bitsd->settings.admin_group, sizeof(request.group));
        r = order_start(bitsd, &request, -1, on_resolved, bitsd, &bitsd->keeper->order);
        if (r < 0) {
                log_error("bits-become cannot be started: %s", strerror(-r));
                if (!bitsd->keeper->process)
                        keeper_fallen(bitsd, false);
        }
}

void keeper_start(Bitsd *bitsd)
{
        int r;

        if (!bitsd->place.user_mode) {
                keeper_refresh(bitsd);
                return;
        }
        r = queue_order(bitsd, getuid(), getgid());
        if (r < 0) {
                log_error("bits-queue cannot be started: %s", strerror(-r));
                keeper_fallen(bitsd, false);
        }
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Bitsd *bitsd = userdata;

        (void)source;
        (void)usec;
        bitsd->keeper->timer = sd_event_source_disable_unref(bitsd->keeper->timer);
        keeper_start(bitsd);
        return 0;
}

void keeper_continue(Bitsd *bitsd)
{
        Keeper *keeper = bitsd->keeper;

        if (bitsd->stopping || !keeper->fallen || !LIST_EMPTY(&bitsd->workers))
                return;
        keeper->fallen = false;
        if (sd_event_add_time_relative(bitsd->event, &keeper->timer, CLOCK_MONOTONIC,
                                       keeper->delay_usec, 0, on_timer, bitsd) < 0)
                bitsd_stop(bitsd, EXIT_FAILURE);
}

void keeper_kill_queue(Bitsd *bitsd, const char *reason)
{
        log_error("ending bits-queue: %s", reason);
        if (bitsd->keeper->process)
                process_kill(bitsd->keeper->process);
}

void keeper_end_queue(Bitsd *bitsd, const char *reason)
{
        log_write(bitsd->stopping ? LOG_DEBUG : LOG_WARNING, "ending bits-queue: %s", reason);
        supervisor_close(bitsd);
        if (bitsd->keeper->process)
                process_end(bitsd->keeper->process);
}
