/*
 * Servers' certificates that a job's owner is asked about: SetServerCertificateValidationInterface.
 * The system's validation comes first, in bits-net, for every connection; what the client's object
 * accepted beside it is remembered for the job, in memory alone. That it is to be asked is stored:
 * a job whose client has gone fails, and is not trusted with less.
 */
#pragma once

#include <bitsmsg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "wire/net.h"

typedef struct Client Client;
typedef struct Job Job;
typedef struct Question Question;
typedef struct Transfer Transfer;

typedef struct Validation {    /* of a job */
        Client *client;        /* whose object is asked; borrowed; NULL: nobody's */
        NetAccepted *accepted; /* owned */
        size_t n_accepted;
        TAILQ_HEAD(, Question) questions; /* Question.link: not answered yet */
} Validation;

void validation_init(Validation *validation);
void validation_deinit(Validation *validation);

/* on: client's object is asked from now on, and nothing is accepted yet; else nobody is.
 * BG_E_READ_ONLY_WHEN_JOB_ACTIVE: neither SUSPENDED nor ERROR nor TRANSFERRED; BG_E_INVALID_STATE.
 */
HRESULT job_set_validation(Job *job, Client *client, bool on);
void validation_client_gone(Job *job, const Client *client);

/* bits-net has ended the transfer, as certificate needs an answer: asks, and ends it when it has
 * one; the transfer's job then goes on with another, or has failed. */
void validation_ask(Transfer *transfer, const NetCertificate *certificate);
