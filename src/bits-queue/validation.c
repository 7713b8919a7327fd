#include "validation.h"

#include <stdlib.h>
#include <string.h>

#include "bus/bus.h"
#include "history.h"
#include "job.h"
#include "transfer-private.h"
#include "transfer.h"

enum {
        ACCEPTED_MAX = 64, /* of a job; of more, the newest */
};

struct Question {
        TAILQ_ENTRY(Question) link; /* Validation.questions; not while stale */
        Job *job;                   /* a reference */
        NetAccepted what;
        bool stale; /* another object is to be asked now */
};

void validation_init(Validation *v)
{
        TAILQ_INIT(&v->questions);
}

/* Questions hold the job: there are none left. */
void validation_deinit(Validation *v)
{
        free(v->accepted);
        v->accepted = NULL;
        v->n_accepted = 0;
}

static bool is_accepted(const Validation *v, const NetAccepted *what)
{
        for (size_t i = 0; i < v->n_accepted; i++)
                if (net_accepted_equal(&v->accepted[i], what))
                        return true;
        return false;
}

static void accept_it(Validation *v, const NetAccepted *what)
{
        NetAccepted *more;

        if (is_accepted(v, what))
                return;
        if (v->n_accepted == ACCEPTED_MAX) {
                v->n_accepted--;
                memmove(v->accepted, v->accepted + 1, v->n_accepted * sizeof(*v->accepted));
        }
        more = reallocarray(v->accepted, v->n_accepted + 1, sizeof(*more));
        if (!more)
                return; /* asked again */
        v->accepted = more;
        more[v->n_accepted++] = *what;
}

HRESULT job_set_validation(Job *job, Client *client, bool on)
{
        Validation *v = &job->validation;
        Question *question;

        if (job_is_leaving(job))
                return BG_E_INVALID_STATE;
        if (job->state != JOB_SUSPENDED && job->state != JOB_ERROR && job->state != JOB_TRANSFERRED)
                return BG_E_READ_ONLY_WHEN_JOB_ACTIVE;
        while ((question = TAILQ_FIRST(&v->questions))) {
                TAILQ_REMOVE(&v->questions, question, link);
                question->stale = true;
        }
        validation_deinit(v);
        v->client = on ? client : NULL;
        job->http.asks = on;
        job_touch(job);
        return S_OK;
}

void validation_client_gone(Job *job, const Client *client)
{
        if (job->validation.client == client)
                job->validation.client = NULL;
}

/* ---- a question ------------------------------------------------------------------------------ */

static Transfer *next_waiting(const Job *job, const NetAccepted *what)
{
        Transfer *t;

        TAILQ_FOREACH (t, &job->transfers, job_link)
                if (t->state == TRANSFER_ASKING && net_accepted_equal(&t->asked, what))
                        return t;
        return NULL;
}

/* errors.md §7: a refusal is tried again after the retry delay, and asked again; without anybody to
 * ask, the job waits for its owner. */
static void refuse(Transfer *t, HRESULT code)
{
        if (code == RPC_E_DISCONNECTED)
                transfer_fail(t, BG_E_SERVER_CERT_VALIDATION_INTERFACE_REQUIRED,
                              CONTEXT_SERVER_CERTIFICATE, NULL, NET_FATAL);
        else
                transfer_fail(t, code, CONTEXT_SERVER_CERTIFICATE,
                              "the job's callback declined the server's certificate",
                              NET_TRANSIENT);
}

static void on_answer(void *userdata, HRESULT hr)
{
        Question *question = userdata;
        Job *job = question->job;
        Transfer *t;

        if (!question->stale) {
                TAILQ_REMOVE(&job->validation.questions, question, link);
                history_add(job, HISTORY_NOTIFIED, hr, "ValidateServerCertificate");
                if (SUCCEEDED(hr))
                        accept_it(&job->validation, &question->what);
                while ((t = next_waiting(job, &question->what)))
                        if (SUCCEEDED(hr))
                                transfer_end(t); /* the scheduler starts another */
                        else
                                refuse(t, hr);
        }
        job_unref(job);
        free(question);
}

static bool is_asked(const Validation *v, const NetAccepted *what)
{
        const Question *question;

        TAILQ_FOREACH (question, &v->questions, link)
                if (net_accepted_equal(&question->what, what))
                        return true;
        return false;
}

/* false: there is nobody to ask. */
static bool ask(Job *job, uint32_t file, const NetCertificate *certificate)
{
        CallbackEvent event = {
                .kind = CALLBACK_CERTIFICATE, .file = file, .certificate = certificate};
        Question *question;

        if (!job->validation.client)
                return false;
        question = calloc(1, sizeof(*question));
        if (!question)
                return false;
        *question = (Question){.job = job_ref(job), .what = certificate->what};
        if (callback_call(job->validation.client, &event, job, on_answer, question) < 0) {
                job_unref(job);
                free(question);
                return false;
        }
        TAILQ_INSERT_TAIL(&job->validation.questions, question, link);
        return true;
}

void validation_ask(Transfer *t, const NetCertificate *certificate)
{
        Validation *v = &t->job->validation;

        t->file->sent = false; /* nothing was asked of that server */
        transfer_store(t);
        if (is_accepted(v, &certificate->what)) {
                transfer_end(t);
                return;
        }
        t->state = TRANSFER_ASKING;
        t->asked = certificate->what;
        if (!is_asked(v, &certificate->what) && !ask(t->job, t->file->index, certificate))
                refuse(t, RPC_E_DISCONNECTED);
}
