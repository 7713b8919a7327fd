/*
 * What the core asks of the D-Bus face, and nothing else of it: clients as receivers,
 * announcements.
 */
#pragma once

#include <bitsmsg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "file.h"
#include "store/store.h"
#include "wire/net.h"

typedef struct Client Client;
typedef struct Job Job;
typedef struct Listener Listener;
typedef struct Queue Queue;

/* Takes the listening socket over and serves it. 0 or -errno. */
int listener_new(Queue *queue, int fd, Listener **ret);
Listener *listener_free(Listener *listener);         /* NULL; closes every client */
size_t listener_n_clients(const Listener *listener); /* connections that have authenticated */

uid_t client_uid(const Client *client);

typedef enum CallbackKind {
        CALLBACK_TRANSFERRED,
        CALLBACK_ERROR,
        CALLBACK_MODIFICATION,
        CALLBACK_FILE,
        CALLBACK_RANGES,
        CALLBACK_CERTIFICATE,
} CallbackKind;

typedef struct CallbackEvent {
        CallbackKind kind;
        uint32_t file;           /* FILE, RANGES, CERTIFICATE: its index */
        const FileRange *ranges; /* RANGES */
        size_t n_ranges;
        const NetCertificate *certificate; /* CERTIFICATE */
} CallbackEvent;

/* Calls the client's callback object; done gets its HRESULT, or that of the failure to reach it
 * (RPC_E_DISCONNECTED when the connection ended, HRESULT_FROM_WIN32(ERROR_TIMEOUT)); exactly once,
 * never from within this call, and not after listener_free(). 0, or -errno when it could not even
 * be queued (then done is not called). */
int callback_call(Client *client, const CallbackEvent *event, Job *job,
                  void (*done)(void *userdata, HRESULT hr), void *userdata);

/* State, progress or a property of the job changed: subscribers are told, coalesced. */
void bus_job_changed(Queue *queue, Job *job);
/* Something happened to a job, and is stored: monitors are told. */
void bus_job_event(Queue *queue, const HistoryRow *row);
/* Who is an administrator may have changed. */
void bus_settings_changed(Queue *queue);
void bus_job_removed(Queue *queue, Job *job);
