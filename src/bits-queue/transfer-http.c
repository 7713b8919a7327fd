/*
 * What goes with a transfer of what its job asks of HTTP. It lies in a memfd that nobody can change
 * any more, and on no disk. The invariant: what the owner gave for one server, headers and his
 * certificate, goes with a remote name of that server alone; a name that a redirect has put in the
 * place of his own gets nothing of another's.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memfd.h"
#include "certificate.h"
#include "http.h"
#include "job.h"
#include "queue.h"
#include "transfer-private.h"

static int append_headers(const Job *job, int fd, NetHttp *http)
{
        char *lines;
        size_t size;
        int r;

        r = secret_open(job->queue->seal_key, &job->id, "headers", &job->http.headers, &lines,
                        &size);
        if (r < 0)
                return r;
        http->headers_size = (uint32_t)size;
        r = memfd_append(fd, lines, size);
        secret_free(lines, size);
        return r;
}

static int append_certificate(const Transfer *t, int fd, NetHttp *http)
{
        FileCertificateFound found;
        size_t size;
        char *pem;
        int r;

        r = certificate_read(t->certificate, t->certificate_size, &found, &pem, &size);
        if (r < 0)
                return r;
        http->certificate_size = (uint32_t)size;
        r = memfd_append(fd, pem, size);
        secret_free(pem, size);
        return r;
}

static int append_accepted(const Job *job, int fd, NetHttp *http)
{
        const Validation *v = &job->validation;

        http->n_accepted = (uint32_t)v->n_accepted;
        return memfd_append(fd, v->accepted, v->n_accepted * sizeof(*v->accepted));
}

int transfer_http(const Transfer *t, NetHttp *ret, int *ret_fd)
{
        const HttpOptions *options = &t->job->http;
        bool with_headers = options->headers.data && http_is_at_home(t->file);
        _cleanup_(closep) int fd = -1;
        int r = 0;

        if (!options->security_flags && !options->method && !options->asks && !with_headers &&
            t->certificate < 0)
                return 0;
        *ret = (NetHttp){
                .header = {.type = NET_HTTP, .sequence = t->net_id},
                .security_flags = options->security_flags,
                .ask = options->asks,
        };
        if (options->method)
                memcpy(ret->method, options->method, strlen(options->method) + 1);
        fd = memfd_new("bits-http");
        if (fd < 0)
                return fd;
        if (with_headers)
                r = append_headers(t->job, fd, ret);
        if (r == 0 && t->certificate >= 0)
                r = append_certificate(t, fd, ret);
        if (r == 0 && options->asks)
                r = append_accepted(t->job, fd, ret);
        if (r == 0)
                r = memfd_seal(fd);
        if (r < 0)
                return r;
        *ret_fd = TAKE_FD(fd);
        return 1;
}
