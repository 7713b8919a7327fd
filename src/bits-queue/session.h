/*
 * Who is logged on, as logind sees it: whoever has a session of the class user that is not closing.
 * Where there is no logind, nobody is, and that is said in the log; but nobody has logged off
 * either: that is told when it is back and no longer has him.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

typedef struct Sessions Sessions;

typedef struct SessionsWatch {
        void (*changed)(void *userdata); /* some user came or went */
        void (*logged_off)(void *userdata,
                           uid_t uid); /* his last session has ended; called first */
        void *userdata;
} SessionsWatch;

int sessions_new(sd_event *event, SessionsWatch watch, Sessions **ret);
Sessions *sessions_free(Sessions *sessions); /* NULL */

bool sessions_has(const Sessions *sessions, uid_t uid);
