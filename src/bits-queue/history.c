#include "history.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "base/log.h"
#include "bus/bus.h"
#include "commit.h"
#include "job.h"
#include "queue.h"
#include "store/store.h"

static const uint64_t age_look_usec = 3600ULL * 1000 * 1000;

typedef struct Owner {
        uid_t uid; /* first: the key */
        uint64_t n;
} Owner;

struct History {
        Queue *queue;
        void *owners; /* tsearch(3) of Owner: how many rows each has */
        sd_event_source *age;
};

static int compare(const void *a, const void *b)
{
        uid_t x = ((const Owner *)a)->uid, y = ((const Owner *)b)->uid;

        return (x > y) - (x < y);
}

static Owner *owner_of(History *h, uid_t uid)
{
        Owner *owner = calloc(1, sizeof(*owner)), **found;

        if (!owner)
                return NULL;
        owner->uid = uid;
        found = tsearch(owner, &h->owners, compare);
        if (!found || *found != owner)
                free(owner);
        return found ? *found : NULL;
}

static void count(void *userdata, uid_t uid, uint64_t n)
{
        Owner *owner = owner_of(userdata, uid);

        if (owner)
                owner->n = n;
}

/* A tenth at once, so that not every event costs a deletion. */
static void trim(History *h, Owner *owner)
{
        uint64_t max = h->queue->settings.history_per_user_max;
        int r;

        if (owner->n <= max)
                return;
        r = store_trim_history(h->queue->store, owner->uid, owner->n - max + max / 10);
        if (r > 0)
                owner->n -= (uint64_t)r;
}

static int on_age(sd_event_source *source, uint64_t usec, void *userdata)
{
        History *h = userdata;
        uint64_t now = now_realtime_usec(), age = h->queue->settings.history_age_sec * 1000000, n;

        if (now > age && store_age_history(h->queue->store, now - age, &n) == 0 && n > 0) {
                tdestroy(h->owners, free);
                h->owners = NULL;
                (void)store_count_history(h->queue->store, count, h);
        }
        (void)sd_event_source_set_time(source, usec + age_look_usec);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int history_new(Queue *queue, History **ret)
{
        History *h = calloc(1, sizeof(*h));
        int r;

        if (!h)
                return -ENOMEM;
        h->queue = queue;
        r = store_count_history(queue->store, count, h);
        if (r >= 0)
                r = sd_event_add_time(queue->event, &h->age, CLOCK_BOOTTIME, now_boottime_usec(),
                                      1000000, on_age, h);
        if (r < 0) {
                history_free(h);
                return r;
        }
        *ret = h;
        return 0;
}

History *history_free(History *h)
{
        if (!h)
                return NULL;
        sd_event_source_disable_unref(h->age);
        tdestroy(h->owners, free);
        free(h);
        return NULL;
}

void history_settings_changed(History *h)
{
        (void)sd_event_source_set_time(h->age, now_boottime_usec());
        (void)sd_event_source_set_enabled(h->age, SD_EVENT_ONESHOT);
}

const char *history_kind_name(uint32_t kind)
{
        static const char *const names[HISTORY_KIND_COUNT] = {
                [HISTORY_CREATED] = "created",   [HISTORY_STATE] = "state",
                [HISTORY_ERROR] = "error",       [HISTORY_FILES] = "files",
                [HISTORY_OWNER] = "owner",       [HISTORY_TOKEN] = "token",
                [HISTORY_NOTIFIED] = "notified", [HISTORY_COMMAND] = "command",
                [HISTORY_UNUSED] = "unused",     [HISTORY_GAP] = "gap",
        };

        return kind < HISTORY_KIND_COUNT && names[kind] ? names[kind] : "?";
}

void history_log(const Job *job, HistoryKind kind, HRESULT code, const char *text)
{
        char id[GUID_TEXT_SIZE], name[HRESULT_NAME_SIZE] = "", fields[6][128], hex[16] = "";
        const char *list[7] = {fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]};

        text = text ? text : "";
        guid_text(&job->id, id);
        if (FAILED(code)) {
                hresult_name(code, name);
                (void)snprintf(hex, sizeof(hex), " 0x%08X", (unsigned)code);
        }
        (void)snprintf(fields[0], sizeof(fields[0]), "BITS_JOB=%s", id);
        (void)snprintf(fields[1], sizeof(fields[1]), "BITS_OWNER_UID=%u", job->owner);
        (void)snprintf(fields[2], sizeof(fields[2]), "BITS_EVENT=%s", history_kind_name(kind));
        (void)snprintf(fields[3], sizeof(fields[3]), "BITS_STATE=%s", state_name(job->state));
        (void)snprintf(fields[4], sizeof(fields[4]), "BITS_HRESULT=0x%08X", (unsigned)code);
        (void)snprintf(fields[5], sizeof(fields[5]), "BITS_REASON=%s", job_reason_name(job));
        log_write_fields(FAILED(code) ? LOG_NOTICE : LOG_INFO, list,
                         "job %s of uid %u: %s%s%.*s, %s%s%s%s", id, job->owner,
                         history_kind_name(kind), *text ? ": " : "", (int)strcspn(text, "\n"), text,
                         state_name(job->state), *name ? ", " : "", name, hex);
}

typedef struct Announcement {
        Job *job; /* holds a reference */
        HistoryRow row;
        char *text;
} Announcement;

static Announcement *announcement_free(Announcement *a)
{
        job_unref(a->job);
        free(a->text);
        free(a);
        return NULL;
}

/* An event that could not be stored is not told; that it is missing is, with the next one. */
static void on_committed(void *userdata, HRESULT hr)
{
        Announcement *a = userdata;

        if (SUCCEEDED(hr))
                bus_job_event(a->job->queue, &a->row);
        else
                a->job->history_gap = true;
        announcement_free(a);
}

static void put(Job *job, HistoryKind kind, JobState state, HRESULT code, const char *text)
{
        History *h = job->queue->history;
        Announcement *a;
        Owner *owner;

        if (!h)
                return;
        a = calloc(1, sizeof(*a));
        if (!a) {
                job->history_gap = true;
                return;
        }
        a->job = job_ref(job);
        a->text = strdup(text ? text : "");
        if (!a->text) {
                on_committed(a, E_OUTOFMEMORY);
                return;
        }
        *a = (Announcement){
                .job = a->job,
                .text = a->text,
                .row = {.job = job->id,
                        .owner = job->owner,
                        .at_usec = now_realtime_usec(),
                        .kind = kind,
                        .state = state,
                        .code = code,
                        .text = a->text},
        };
        if (store_insert_history(job->queue->store, &a->row) < 0) {
                on_committed(
                        a, E_FAIL); /* the commit of what it tells of fails as well, and says so */
                return;
        }
        owner = owner_of(h, job->owner);
        if (owner) {
                owner->n++;
                trim(h, owner);
        }
        commit_then(job->queue, S_OK, (Done){on_committed, a});
}

static void add(Job *job, HistoryKind kind, JobState state, HRESULT code, const char *text)
{
        if (job->history_gap) {
                job->history_gap = false;
                put(job, HISTORY_GAP, state, S_OK, NULL);
        }
        put(job, kind, state, code, text);
}

void history_add(Job *job, HistoryKind kind, HRESULT code, const char *text)
{
        history_log(job, kind, code, text);
        add(job, kind, job->state, code, text);
}

void history_add_end(Job *job, JobState state, const char *text)
{
        add(job, HISTORY_STATE, state, S_OK, text);
}
