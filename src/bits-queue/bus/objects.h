/*
 * The objects of org.bitsd1 (man org.bitsd1.5) on a client's connection. Each message is checked
 * against one row of a table before its handler runs.
 */
#pragma once

#include "bus/client.h"

#define MANAGER_PATH       "/org/bitsd1"
#define JOBS_PATH          "/org/bitsd1/job"
#define MANAGER_INTERFACE  "org.bitsd1.Manager"
#define JOB_INTERFACE      "org.bitsd1.Job"
#define FILE_INTERFACE     "org.bitsd1.File"
#define CALLBACK_PATH      "/org/bitsd1/callback"
#define CALLBACK_INTERFACE "org.bitsd1.Callback"
/* serial, job, owner, time, kind, state, code, text */
#define HISTORY_SIGNATURE "tsutuuis"
#define JOB_PATH_SIZE     (sizeof(JOBS_PATH) + 1 + 32)

enum MethodFlag {
        METHOD_CHANGES = 1,    /* refused to restricted callers, and while the store fails */
        METHOD_OWNER_ONLY = 2, /* not to administrators either */
        METHOD_ALWAYS = 4,     /* also while the store cannot be written */
};

typedef struct Method {
        const char *name;
        unsigned flags; /* MethodFlag */
        int (*handle)(Target *target, sd_bus_message *m);
} Method;

/* Finds m's row, checks the caller against it, runs it. A handler's -errno becomes E_INVALIDARG for
 * a message that does not parse. */
int objects_dispatch(const Method *methods, size_t n, Target *target, sd_bus_message *m);

int objects_add(Client *client);
int manager_object_add(Client *client);
int job_object_add(Client *client);
int file_object_add(Client *client);

/* Answers a setter: with its error, or when what it changed is on stable storage. */
int job_after_commit(Target *t, sd_bus_message *m, HRESULT hr);

/* org.bitsd1.Job's methods about notifications (job-notify.c). */
int job_notify_set_interface(Target *t, sd_bus_message *m);
int job_notify_set_level(Target *t, sd_bus_message *m);
int job_notify_set_validation(Target *t, sd_bus_message *m);
int job_notify_get_interface(Target *t, sd_bus_message *m);
int job_notify_set_command(Target *t, sd_bus_message *m);
int job_notify_get_command(Target *t, sd_bus_message *m);

void job_path(const Job *job, char ret[JOB_PATH_SIZE]);
/* The job that path is of, or below; with the rest of the path. E_ACCESSDENIED, BG_E_NOT_FOUND. */
HRESULT objects_find_job(const Client *client, const char *path, Job **ret, const char **ret_rest);

void objects_announce_job(Client *client, Job *job);
void objects_announce_removal(Client *client, Job *job);
void objects_announce_event(Client *client, const HistoryRow *row);
