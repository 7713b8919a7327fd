#include "session.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "neighbour.h"

#define LOGIND      "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"

enum {
        SESSIONS_MAX = 4096,
        LOOK_USEC =
                30 * 1000 * 1000, /* a session that closes, but lingers, is announced by nobody */
};

typedef struct Uids {
        uid_t *uid;
        size_t n;
} Uids;

struct Sessions {
        SessionsWatch watch;
        Neighbour *logind;
        sd_event_source *timer;
        Uids now;       /* logged on, when logind last said so */
        Uids next;      /* of the answers so far */
        size_t waiting; /* answers that are to come */
        bool again;     /* something changed since they were asked for */
        bool failed;    /* an answer did not come */
        bool bus;       /* there is one */
        bool said;      /* that there is no logind */
        bool known;     /* logind is there, and now is true */
};

static void look(Sessions *sessions);

static bool has(const Uids *uids, uid_t uid)
{
        for (size_t i = 0; i < uids->n; i++)
                if (uids->uid[i] == uid)
                        return true;
        return false;
}

static void add(Uids *uids, uid_t uid)
{
        uid_t *more;

        if (has(uids, uid))
                return;
        more = reallocarray(uids->uid, uids->n + 1, sizeof(uid_t));
        if (!more)
                return; /* he waits for the next look */
        uids->uid = more;
        uids->uid[uids->n++] = uid;
}

static void clear(Uids *uids)
{
        free(uids->uid);
        *uids = (Uids){0};
}

/* All answers are in: next is what holds from now on. Who is gone has logged off, and be it while
 * logind was away. */
static void take_over(Sessions *sessions)
{
        Uids before = sessions->now;
        bool changed = before.n != sessions->next.n || !sessions->known;

        sessions->now = sessions->next;
        sessions->next = (Uids){0};
        sessions->known = true;
        sessions->said = false;
        for (size_t i = 0; i < before.n; i++)
                if (!has(&sessions->now, before.uid[i])) {
                        changed = true;
                        log_info("uid %u has logged off", before.uid[i]);
                        sessions->watch.logged_off(sessions->watch.userdata, before.uid[i]);
                }
        clear(&before);
        if (changed)
                sessions->watch.changed(sessions->watch.userdata);
}

static void no_logind(Sessions *sessions)
{
        bool changed = sessions->known;

        if (!sessions->said)
                log_warning("no logind on the system bus: with RunWhen=logged-on only the jobs of "
                            "system accounts run");
        sessions->said = true;
        sessions->known = false;
        sessions->waiting = 0;
        clear(&sessions->next);
        if (changed)
                sessions->watch.changed(sessions->watch.userdata);
}

static void answered(Sessions *sessions)
{
        if (sessions->waiting == 0 || --sessions->waiting > 0)
                return;
        if (sessions->again)
                look(sessions);
        else if (sessions->failed)
                no_logind(sessions);
        else
                take_over(sessions);
}

typedef struct Session {
        uid_t uid;
        bool user, open;
} Session;

static int read_property(sd_bus_message *m, Session *ret)
{
        const char *name, *text;
        int r = sd_bus_message_read(m, "s", &name);

        if (r < 0)
                return r;
        if (strcmp(name, "User") == 0)
                return sd_bus_message_read(m, "v", "(uo)", &ret->uid, &text);
        if (strcmp(name, "Class") == 0) {
                r = sd_bus_message_read(m, "v", "s", &text);
                ret->user = r >= 0 && strncmp(text, "user", 4) == 0;
                return r;
        }
        if (strcmp(name, "State") == 0) {
                r = sd_bus_message_read(m, "v", "s", &text);
                ret->open = r >= 0 && strcmp(text, "closing") != 0;
                return r;
        }
        return sd_bus_message_skip(m, "v");
}

static int read_session(sd_bus_message *m, Session *ret)
{
        int r;

        *ret = (Session){.uid = (uid_t)-1};
        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = read_property(m, ret);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r;
}

/* An error that is not logind's: it has gone, or does not answer. */
static bool is_silence(sd_bus_message *m)
{
        return sd_bus_message_is_method_error(m, SD_BUS_ERROR_NO_REPLY) ||
               sd_bus_message_is_method_error(m, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
               sd_bus_message_is_method_error(m, SD_BUS_ERROR_NAME_HAS_NO_OWNER) ||
               sd_bus_message_is_method_error(m, SD_BUS_ERROR_DISCONNECTED);
}

static int on_session(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Sessions *sessions = userdata;
        Session session;

        (void)error;
        sessions->failed |= is_silence(m);
        /* one that has gone since is answered with an error */
        if (!sd_bus_message_is_method_error(m, NULL) && read_session(m, &session) >= 0 &&
            session.user && session.open && session.uid != (uid_t)-1)
                add(&sessions->next, session.uid);
        answered(sessions);
        return 0;
}

static int ask_for_each(Sessions *sessions, sd_bus_message *m)
{
        const char *id, *user, *seat, *path;
        uint32_t uid;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(susso)");
        while (r >= 0 &&
               (r = sd_bus_message_read(m, "(susso)", &id, &uid, &user, &seat, &path)) > 0 &&
               sessions->waiting <= SESSIONS_MAX) {
                r = neighbour_call(sessions->logind, path, "org.freedesktop.DBus.Properties",
                                   "GetAll", on_session, sessions, "s", LOGIND ".Session");
                if (r >= 0)
                        sessions->waiting++;
        }
        return r;
}

static int on_list(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Sessions *sessions = userdata;

        (void)error;
        if (sd_bus_message_is_method_error(m, NULL) || ask_for_each(sessions, m) < 0)
                no_logind(sessions);
        else
                answered(sessions); /* the list itself */
        return 0;
}

static void look(Sessions *sessions)
{
        sessions->again = sessions->waiting > 0;
        if (sessions->again)
                return;
        sessions->failed = false;
        clear(&sessions->next);
        if (neighbour_call(sessions->logind, LOGIND_PATH, LOGIND ".Manager", "ListSessions",
                           on_list, sessions, "") < 0)
                no_logind(sessions);
        else
                sessions->waiting = 1;
}

static void on_logind(void *userdata, sd_bus *bus)
{
        Sessions *sessions = userdata;

        sessions->bus = bus != NULL;
        if (bus)
                look(sessions);
        else
                no_logind(sessions);
}

static const NeighbourKind logind = {
        .name = LOGIND,
        .match = "type='signal',sender='" LOGIND "',path='" LOGIND_PATH "',interface='" LOGIND
                 ".Manager'",
        .on = on_logind,
};

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Sessions *sessions = userdata;

        (void)usec;
        if (sessions->bus)
                look(sessions);
        (void)sd_event_source_set_time_relative(source, LOOK_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int sessions_new(sd_event *event, SessionsWatch watch, Sessions **ret)
{
        Sessions *sessions = calloc(1, sizeof(*sessions));
        int r;

        if (!sessions)
                return -ENOMEM;
        sessions->watch = watch;
        r = sd_event_add_time_relative(event, &sessions->timer, CLOCK_MONOTONIC, LOOK_USEC, 1000000,
                                       on_timer, sessions);
        if (r >= 0)
                r = neighbour_new(event, &logind, sessions, &sessions->logind);
        if (r < 0) {
                sessions_free(sessions);
                return r;
        }
        *ret = sessions;
        return 0;
}

Sessions *sessions_free(Sessions *sessions)
{
        if (!sessions)
                return NULL;
        neighbour_free(sessions->logind);
        sd_event_source_disable_unref(sessions->timer);
        clear(&sessions->now);
        clear(&sessions->next);
        free(sessions);
        return NULL;
}

bool sessions_has(const Sessions *sessions, uid_t uid)
{
        return sessions->known && has(&sessions->now, uid);
}
