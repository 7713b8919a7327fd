/*
 * bits-net: one identity's network and nobody's files. Started by bits-become as that identity,
 * with the socket to bits-queue as descriptor 3. Sets up what needs files, seals itself, and only
 * then serves; ends when bits-queue hangs up. Decides about one transfer at a time: what is fetched
 * when, and what becomes of the file, is bits-queue's.
 */
#include "worker.h"

#include <curl/curl.h>
#include <errno.h>
#include <locale.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "channel.h"
#include "seal.h"
#include "transfer.h"
#include "wire/supervisor.h"

#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
/* Searching for leaks at exit needs ptrace, which the seal refuses. */
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
        return "detect_leaks=0";
}
#endif

/* Loads once what libraries load on first use, while every file can still be read. */
static int libraries_warm_up(TlsTrust *trust)
{
        SSL_CTX *tls;

        (void)setlocale(LC_CTYPE, "C.UTF-8"); /* host names in URLs may have any letters */
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return -ENOMEM;
        tls = SSL_CTX_new(TLS_client_method());
        if (!tls)
                return -ENOMEM;
        SSL_CTX_free(tls);
        return tls_trust_init(trust);
}

static int worker_seal(void)
{
        int parts = seal_process();

        if (parts < 0)
                return parts;
        if (!(parts & SEAL_LANDLOCK))
                log_warning("this kernel has no Landlock: files are guarded by their permissions "
                            "alone");
        if (!(parts & SEAL_SECCOMP))
                log_warning("this kernel has no seccomp: system calls are not restricted");
        return 0;
}

static int worker_set_up(Worker *worker)
{
        int r = libraries_warm_up(&worker->trust);

        if (r < 0)
                return r;
        r = sd_event_new(&worker->event);
        if (r < 0)
                return r;
        r = multi_new(worker->event, transfer_ended, &worker->multi);
        if (r < 0)
                return r;
        r = checkpoint_new(worker->event, &worker->checkpoint);
        if (r < 0)
                return r;
        r = limit_new(worker, &worker->limit);
        if (r < 0)
                return r;
        return channel_new(worker, WORKER_FD, &worker->channel);
}

int main(void)
{
        const NetReady ready = {.header = {.type = NET_READY}, .version = NET_VERSION};
        Worker worker = {.source = -1};
        int r;

        log_init("bits-net");
        (void)signal(SIGPIPE, SIG_IGN);
        (void)signal(SIGXFSZ, SIG_IGN); /* the file size limit shall be EFBIG */

        r = worker_set_up(&worker);
        if (r < 0) {
                log_error("set-up failed: %s", strerror(-r));
                return 1;
        }
        r = worker_seal();
        if (r < 0) {
                log_error("sealing failed: %s", strerror(-r));
                return 1;
        }

        channel_send(worker.channel, &ready, sizeof(ready));
        r = sd_event_loop(worker.event);
        if (r < 0)
                log_error("the loop failed: %s", strerror(-r));
        /* Nothing is taken apart: a sync may still run and use it, and the end shall not wait for
         * it. */
        return r == 0 ? 0 : 1;
}
