/*
 * Who is told of a job, and of what: the setters. Telling is notify.c's.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/command-line.h"
#include "bus/bus.h"
#include "job.h"
#include "notify.h"
#include "queue.h"
#include "text.h"
#include "wire/notify.h"
#include "wire/supervisor.h"

HRESULT job_set_notify_flags(Job *job, uint32_t value)
{
        uint32_t known = NOTIFY_TRANSFERRED | NOTIFY_ERROR | NOTIFY_DISABLE | NOTIFY_MODIFICATION |
                         NOTIFY_FILE_TRANSFERRED | NOTIFY_FILE_RANGES;

        if (state_is_final(job->state))
                return BG_E_INVALID_STATE;
        if (value & ~known)
                return E_NOTIMPL;
        job->notify_flags = value;
        job_touch(job);
        notify_look(job);
        return S_OK;
}

HRESULT job_set_receiver(Job *job, Client *client, uint32_t level)
{
        if (state_is_final(job->state))
                return BG_E_INVALID_STATE;
        if (level > 3)
                return E_INVALIDARG;
        job->receiver = level > 0 ? client : NULL;
        job->receiver_level = level;
        job->notify_after_usec = job->part_after_usec = 0;
        job->callback_failed = false;
        notify_look(job);
        return S_OK;
}

void job_client_gone(Queue *queue, Client *client)
{
        Job *job;

        TAILQ_FOREACH (job, &queue->jobs, queue_link) {
                validation_client_gone(job, client);
                if (job->receiver == client) {
                        job->receiver = NULL;
                        notify_look(job);
                }
        }
}

static HRESULT check_command(const char *program, const char *parameters)
{
        _cleanup_(freep) char **words = NULL;
        size_t points;

        if (text_count(program, &points) < 0 || program[0] != '/')
                return E_INVALIDARG;
        if (strlen(program) >= PATH_MAX)
                return BG_E_STRING_TOO_LONG;
        if (text_count(parameters, &points) < 0)
                return E_INVALIDARG;
        if (points > NOTIFY_PARAMETERS_MAX)
                return BG_E_STRING_TOO_LONG;
        if (!*parameters)
                return S_OK;
        if (command_line_split(parameters, &words) < 0)
                return E_OUTOFMEMORY;
        return strcmp(words[0], program) == 0 ? S_OK : E_INVALIDARG;
}

static void set_command(Job *job, char *program, char *parameters, uid_t uid)
{
        free(job->notify_program);
        free(job->notify_parameters);
        job->notify_program = program;
        job->notify_parameters = parameters;
        job->notify_uid = uid;
        notify_command_changed(job);
}

void job_drop_notify_command(Job *job)
{
        set_command(job, NULL, NULL, (uid_t)-1);
}

/* NotifyCommands=; bitsd asks again when it is to run. */
static bool may_set_command(const Job *job, const Caller *caller)
{
        return job->queue->flags & (caller->administrator ? SUPERVISOR_NOTIFY_ADMINISTRATORS
                                                          : SUPERVISOR_NOTIFY_OTHERS);
}

HRESULT job_set_notify_command(Job *job, const Caller *caller, const char *program,
                               const char *parameters)
{
        _cleanup_(freep) char *copy = NULL, *parameters_copy = NULL;
        bool set = *program || *parameters;
        HRESULT hr;

        if (state_is_final(job->state))
                return BG_E_INVALID_STATE;
        if (set) {
                hr = check_command(program, parameters);
                if (FAILED(hr))
                        return hr;
                if (!may_set_command(job, caller))
                        return E_ACCESSDENIED;
                copy = strdup(program);
                parameters_copy = *parameters ? strdup(parameters) : NULL;
                if (!copy || (*parameters && !parameters_copy))
                        return E_OUTOFMEMORY;
                set_command(job, TAKE_PTR(copy), TAKE_PTR(parameters_copy), caller->uid);
        } else
                job_drop_notify_command(job);
        job_touch(job);
        notify_look(job);
        return S_OK;
}
