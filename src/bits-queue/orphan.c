#include "orphan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "commit.h"
#include "file.h"
#include "job.h"
#include "queue.h"
#include "store/store.h"
#include "token.h"
#include "worker.h"

typedef struct Entry {
        TAILQ_ENTRY(Entry) link; /* Orphanage.entries */
        Orphanage *orphanage;
        struct Round *round; /* in which its turn comes; NULL: in none */
        bool fresh;          /* in the open transaction: not to be deleted yet */
        Orphan orphan;
} Entry;

typedef struct Round { /* one identity's way through what it may delete, one after the other */
        Orphanage *orphanage;
        Identity identity; /* with a reference to the token */
        uid_t uid;
        size_t n_failed;
} Round;

typedef struct Sweep {           /* somebody who waits for an outcome */
        TAILQ_ENTRY(Sweep) link; /* Orphanage.sweeps */
        uid_t owner, uid;
        Done done;
} Sweep;

struct Orphanage {
        Queue *queue;
        TAILQ_HEAD(EntryList, Entry) entries;
        size_t n_fresh;
        TAILQ_HEAD(, Sweep) sweeps;
};

static int remember(Queue *queue, const Orphan *orphan)
{
        Entry *entry = calloc(1, sizeof(*entry));

        if (!entry)
                return -ENOMEM;
        entry->orphanage = queue->orphanage;
        entry->orphan = *orphan;
        TAILQ_INSERT_TAIL(&queue->orphanage->entries, entry, link);
        return 0;
}

int orphanage_new(Queue *queue, Orphanage **ret)
{
        *ret = calloc(1, sizeof(**ret));
        if (!*ret)
                return -ENOMEM;
        (*ret)->queue = queue;
        TAILQ_INIT(&(*ret)->entries);
        TAILQ_INIT(&(*ret)->sweeps);
        return store_load_orphans(queue->store, remember);
}

Orphanage *orphanage_free(Orphanage *o)
{
        Entry *entry;
        Sweep *sweep;

        if (!o)
                return NULL;
        while ((entry = TAILQ_FIRST(&o->entries))) {
                TAILQ_REMOVE(&o->entries, entry, link);
                free(entry);
        }
        while ((sweep = TAILQ_FIRST(&o->sweeps))) {
                TAILQ_REMOVE(&o->sweeps, sweep, link);
                free(sweep);
        }
        free(o);
        return NULL;
}

int orphanage_adopt(Orphanage *o, const File *file)
{
        Orphan orphan = {
                .uid = file->temp_uid,
                .owner = file->job->owner,
                .file = file->id,
                .directory = file->directory,
        };
        int r;

        if (!file->temp[0])
                return 0;
        (void)snprintf(orphan.path, sizeof(orphan.path), "%s", file->local);
        (void)snprintf(orphan.temp, sizeof(orphan.temp), "%s", file->temp);
        r = store_insert_orphan(o->queue->store, &orphan);
        if (r == 0)
                r = remember(o->queue, &orphan);
        if (r == 0) {
                TAILQ_LAST(&o->entries, EntryList)->fresh = true;
                o->n_fresh++;
        }
        return r;
}

void orphanage_settle(Orphanage *o, bool committed)
{
        Entry *entry, *next;

        if (!o || o->n_fresh == 0)
                return;
        for (entry = TAILQ_FIRST(&o->entries); entry; entry = next) {
                next = TAILQ_NEXT(entry, link);
                if (!entry->fresh)
                        continue;
                entry->fresh = false;
                if (committed)
                        continue;
                TAILQ_REMOVE(&o->entries, entry, link);
                free(entry);
        }
        o->n_fresh = 0;
}

bool orphanage_is_full(const Orphanage *o, uid_t owner)
{
        const Entry *entry;
        size_t count = 0;

        TAILQ_FOREACH (entry, &o->entries, link)
                count += entry->orphan.owner == owner;
        return count >= o->queue->settings.orphans_per_user_max;
}

/* What is there still of the owner's with that uid? */
static void look(const Orphanage *o, uid_t owner, uid_t uid, bool *ret_busy, bool *ret_left)
{
        Entry *entry;

        *ret_busy = *ret_left = false;
        TAILQ_FOREACH (entry, &o->entries, link)
                if (entry->orphan.uid == uid && entry->orphan.owner == owner) {
                        *ret_left = true;
                        *ret_busy |= entry->round != NULL;
                }
}

static void answer_sweeps(Orphanage *o)
{
        Sweep *sweep, *next;
        bool busy, left;

        for (sweep = TAILQ_FIRST(&o->sweeps); sweep; sweep = next) {
                next = TAILQ_NEXT(sweep, link);
                look(o, sweep->owner, sweep->uid, &busy, &left);
                if (busy)
                        continue;
                TAILQ_REMOVE(&o->sweeps, sweep, link);
                commit_then(o->queue, left ? BG_S_UNABLE_TO_DELETE_FILES : S_OK, sweep->done);
                free(sweep);
        }
}

static void discard_next(Round *round);

static void on_discarded(void *userdata, int result, const FileReply *reply, int fd)
{
        Entry *entry = userdata, *other;
        Orphanage *o = entry->orphanage;
        Round *round = entry->round;

        closep(&fd);
        entry->round = NULL;
        TAILQ_REMOVE(&o->entries, entry, link);
        if (result == 0 && store_delete_orphan(o->queue->store, entry->orphan.id) == 0) {
                free(entry);
        } else {
                TAILQ_INSERT_TAIL(&o->entries, entry, link); /* the next round begins with others */
                round->n_failed++;
        }
        if (!reply) /* there is no worker, or it hangs: no use to try the others now */
                TAILQ_FOREACH (other, &o->entries, link)
                        if (other->round == round)
                                other->round = NULL;
        discard_next(round);
        answer_sweeps(o);
}

static void discard_next(Round *round)
{
        Orphanage *o = round->orphanage;
        FileRequest request = {.header.type = FILE_DISCARD};
        Entry *entry;

        TAILQ_FOREACH (entry, &o->entries, link)
                if (entry->round == round)
                        break;
        if (entry) {
                request.file = entry->orphan.file;
                request.directory = entry->orphan.directory;
                memcpy(request.path, entry->orphan.path, sizeof(request.path));
                memcpy(request.temp, entry->orphan.temp, sizeof(request.temp));
                file_call(o->queue, round->identity, &request, on_discarded, entry);
                return;
        }
        if (round->n_failed > 0)
                log_notice("%zu temporary files of uid %u could not be deleted: kept for later",
                           round->n_failed, round->uid);
        token_unref(round->identity.token);
        free(round);
}

static void start_round(Orphanage *o, uid_t uid, Identity identity)
{
        Round *round = NULL;
        Entry *entry;

        TAILQ_FOREACH (entry, &o->entries, link) {
                bool foreign = entry->orphan.owner != identity.owner;

                if (entry->fresh || entry->round || entry->orphan.uid != uid ||
                    foreign != identity.foreign)
                        continue;
                if (!round)
                        round = calloc(1, sizeof(*round));
                if (!round)
                        return; /* later */
                entry->round = round;
        }
        if (!round)
                return;
        *round = (Round){.orphanage = o, .identity = identity, .uid = uid};
        token_ref(identity.token);
        discard_next(round);
}

void orphanage_sweep(Orphanage *o, uid_t uid, Identity identity)
{
        start_round(o, uid, identity);
        identity.foreign = true;
        start_round(o, uid, identity);
}

void orphanage_sweep_then(Orphanage *o, uid_t owner, uid_t uid, Identity identity, Done done)
{
        Sweep *sweep = calloc(1, sizeof(*sweep));

        if (!sweep)
                abort();
        *sweep = (Sweep){.owner = owner, .uid = uid, .done = done};
        TAILQ_INSERT_TAIL(&o->sweeps, sweep, link);
        start_round(o, uid, identity);
        answer_sweeps(o);
}
