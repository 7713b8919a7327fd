/*
 * bits-queue <-> bits-net, on the worker's socket: many transfers at once, each by an id that
 * bits-queue chose. The data go straight into the descriptor that came with NET_TRANSFER, at their
 * offsets.
 *
 *   NET_TRANSFER -> NET_RESPONSE -> (NET_PROGRESS | NET_CHECKPOINT)* -> NET_DONE | NET_FAILED
 *
 * With NET_SEAL_SYNCS, what is small ends in NET_RECEIVED instead of NET_DONE: all has come, but
 * what no NET_CHECKPOINT spoke of is durable only when the seal that follows has flushed it. One
 * flush by who must make one anyway does for two.
 *
 * What a transfer fetches is a stream: one span of the remote file after the other, and each offset
 * of a message counts the bytes of that stream, with those that were there before. A plain transfer
 * is one span, from begin to the end of the file. A ranged one names its first span, and says
 * NET_WANT when that is in; bits-queue answers NET_SPAN or NET_FINISH. NET_HALT ends the span that
 * is under way where it is, which NET_WANT then tells; it makes a plain transfer a ranged one, and
 * is ignored when no span is under way.
 *
 * With begin > 0 and a server whose answer does not continue the same version, NET_RESPONSE says
 * restarted = 1 and nothing is written until NET_PROCEED: bits-queue first commits offset 0, so
 * that a stored offset never stands for bytes of another version. A ranged transfer of another
 * version ends instead, with NET_FAILED of class NET_CHANGED. NET_CANCEL is answered by
 * NET_FAILED with E_ABORT, after which the worker holds the descriptor no more.
 *
 * NET_SOURCE and NET_COPY, with one id, are a NET_TRANSFER whose remote file is a local one. Its
 * validator is size, modification time and, as ETag, the inode; one that changes while it is copied
 * restarts, which NET_RESPONSE may tell at any time then.
 */
#pragma once

#include "wire.h"

#define NET_VERSION                 5
#define NET_SIZE_UNKNOWN            UINT64_MAX
#define NET_TEXT_SIZE               512
#define NET_METHOD_SIZE             64
#define NET_AUTHORITY_SIZE          288 /* a name of 253 characters or an address, a colon, a port, NUL */
#define NET_HEADERS_SIZE            65536 /* an answer with a larger header is refused */
#define NET_CERTIFICATE_SIZE        65536 /* likewise a server with a larger chain */
#define NET_CONNECTIONS_MAX         256   /* ConnectionsPerHost has no larger value */
#define NET_OPTIONS_HEADERS_MAX     49152 /* parts of NetHttp's descriptor */
#define NET_OPTIONS_CERTIFICATE_MAX (256 * 1024)
#define NET_OPTIONS_ACCEPTED_MAX    256
#define NET_TRANSFERS_MAX           64 /* at once in one worker; more are refused with E_OUTOFMEMORY */

enum NetType {
        NET_READY = 1,   /* worker, first: sealed, serves */
        NET_TRANSFER,    /* queue + write descriptor */
        NET_PROCEED,     /* queue: offset 0 is committed, go on */
        NET_CANCEL,      /* queue */
        NET_RESPONSE,    /* worker: the answer's headers are in */
        NET_PROGRESS,    /* worker: received, not durable; 10 a second, or 16 MiB apart; all */
        NET_CHECKPOINT,  /* worker: fdatasync has confirmed offset */
        NET_DONE,        /* worker: all received and durable, descriptor closed */
        NET_FAILED,      /* worker: descriptor closed */
        NET_WANT,        /* worker: the span ended at offset; what next? */
        NET_SPAN,        /* queue: fetch this next */
        NET_HALT,        /* queue: end the span that is under way */
        NET_FINISH,      /* queue: there is no other span */
        NET_LIMIT,       /* queue: for all transfers of the worker that are not in the foreground */
        NET_SOURCE,      /* queue + read descriptor: what the NET_COPY that follows is to copy */
        NET_COPY,        /* queue + write descriptor: a transfer from a file that is open */
        NET_HTTP,        /* queue + descriptor: options of the NET_TRANSFER that follows */
        NET_HEADERS,     /* worker: an answer's header */
        NET_REDIRECTED,  /* worker: the remote name that redirects led to */
        NET_CERTIFICATE, /* worker: a server's certificate that its owner has not seen */
        NET_RECEIVED,    /* worker: all received, descriptor closed; not all durable */
};

enum NetTransferFlag {
        NET_FOREGROUND = 1,
        NET_SEAL_SYNCS = 2, /* not with ranged */
};

enum NetContext { /* where it failed; values of BG_ERROR_CONTEXT_* */
        NET_CONTEXT_LOCAL_FILE = 4,
        NET_CONTEXT_REMOTE_FILE = 5,
        NET_CONTEXT_TRANSPORT = 6,
        NET_CONTEXT_SERVER_CERTIFICATE = 8,
};

enum NetClass { /* errors.md, column Class */
        NET_FATAL,
        NET_TRANSIENT,
        NET_CHANGED, /* what is there is of another version: only from 0 can it go on */
};

enum NetSecurity { /* values of BG_SSL_* and BG_HTTP_REDIRECT_POLICY_* */
        NET_SSL_ENABLE_CRL_CHECK = 0x1,
        NET_SSL_IGNORE_CERT_CN_INVALID = 0x2,
        NET_SSL_IGNORE_CERT_DATE_INVALID = 0x4,
        NET_SSL_IGNORE_UNKNOWN_CA = 0x8,
        NET_SSL_IGNORE_CERT_WRONG_USAGE = 0x10,
        NET_SSL_MASK = 0x1f,
        NET_REDIRECT_ALLOW_SILENT = 0,
        NET_REDIRECT_ALLOW_REPORT = 0x100,
        NET_REDIRECT_DISALLOW = 0x200,
        NET_REDIRECT_MASK = 0x700,
        NET_REDIRECT_ALLOW_HTTPS_TO_HTTP = 0x800,
};

typedef struct NetValidator {       /* which version of the remote file the bytes are of */
        uint64_t size;              /* NET_SIZE_UNKNOWN */
        int64_t last_modified_usec; /* INT64_MIN: none given. Of a server, with a fraction of a
                                       second: too young, when it came, to tell a version by */
        char etag[WIRE_ETAG_SIZE]; /* as sent, with quotes and W/; "" when none, or too long to keep
                                    */
} NetValidator;
WIRE_NO_PADDING(NetValidator, 16 + WIRE_ETAG_SIZE);

typedef struct NetReady {
        WireHeader header;
        uint32_t version, reserved;
} NetReady;

typedef struct NetSpan { /* bytes of the remote file, and where they go */
        uint64_t remote, local;
        uint64_t length; /* never 0; NET_SIZE_UNKNOWN: to the end of the remote file */
} NetSpan;
WIRE_NO_PADDING(NetSpan, 24);

typedef struct NetTransfer {    /* + write descriptor */
        WireHeader header;      /* sequence: the transfer's id, never 0 */
        uint64_t begin;         /* bytes that are there and durable */
        NetValidator validator; /* of those bytes; begin 0: unused */
        NetSpan span;           /* of a ranged transfer; else all 0 */
        uint32_t flags;         /* NetTransferFlag */
        uint32_t ranged;
        uint32_t host_connections; /* as many at once to one host, whatever redirects lead there */
        uint32_t dynamic; /* the server need not know lengths or ranges, and the content may end
                             with its connection: begin is 0, and it is not ranged */
        char url[WIRE_URL_SIZE];
} NetTransfer;
WIRE_NO_PADDING(NetTransfer, 8 + 8 + sizeof(NetValidator) + sizeof(NetSpan) + 16 + WIRE_URL_SIZE);

/*
 * Before the NET_TRANSFER of a job that has HTTP options, with its id: they are in the descriptor,
 * a sealed memfd that has just these parts in this order, without anything between them. Nothing of
 * it may reach another server than the one of the URL (scheme, host and port), a log or a message.
 */
typedef struct NetHttp { /* + descriptor */
        WireHeader header;
        uint32_t security_flags;   /* NetSecurity */
        uint32_t ask;              /* 1: an unknown server certificate ends in NET_CERTIFICATE */
        uint32_t headers_size;     /* lines, each with CRLF, as SetCustomHeaders() got them */
        uint32_t certificate_size; /* PEM: the client's certificate, its chain, and its key */
        uint32_t n_accepted;       /* NetAccepted[n_accepted]: what need not be asked again */
        uint32_t reserved;
        char method[NET_METHOD_SIZE]; /* "": GET */
} NetHttp;
WIRE_NO_PADDING(NetHttp, 8 + 6 * 4 + NET_METHOD_SIZE);

typedef struct NetAccepted {
        char authority[NET_AUTHORITY_SIZE]; /* "host:port" as in NetCertificate */
        uint8_t sha256[32];                 /* of the end certificate's DER */
} NetAccepted;
WIRE_NO_PADDING(NetAccepted, NET_AUTHORITY_SIZE + 32);

static inline bool net_accepted_equal(const NetAccepted *a, const NetAccepted *b)
{
        return strcmp(a->authority, b->authority) == 0 &&
               memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0;
}

typedef struct NetSource { /* + read descriptor */
        WireHeader header; /* sequence: the transfer's id */
} NetSource;

typedef struct NetCopy {        /* + write descriptor */
        WireHeader header;      /* as NetTransfer */
        uint64_t begin;         /* bytes that are there and durable */
        NetValidator validator; /* of those bytes; begin 0: unused */
} NetCopy;
WIRE_NO_PADDING(NetCopy, 8 + 8 + sizeof(NetValidator));

typedef struct NetOrder { /* NET_PROCEED, NET_CANCEL, NET_HALT, NET_FINISH */
        WireHeader header;
} NetOrder;

typedef struct NetNext { /* NET_SPAN */
        WireHeader header;
        NetSpan span;
} NetNext;
WIRE_NO_PADDING(NetNext, 8 + sizeof(NetSpan));

typedef struct NetLimit {
        WireHeader header;      /* sequence 0 */
        uint64_t bytes_per_sec; /* 0: none */
} NetLimit;
WIRE_NO_PADDING(NetLimit, 16);

typedef struct NetResponse {
        WireHeader header;
        uint32_t restarted, reserved;
        NetValidator validator; /* size: of the whole file */
} NetResponse;
WIRE_NO_PADDING(NetResponse, 16 + sizeof(NetValidator));

/* What the answer's header says, to the end of its text; sent before the NET_RESPONSE or NET_FAILED
 * that it leads to. The one message whose size varies: the text ends with the packet's NUL. */
typedef struct NetHeaders {
        WireHeader header;
        char text[NET_HEADERS_SIZE]; /* status line and fields, CRLF after each, as they came */
} NetHeaders;
WIRE_NO_PADDING(NetHeaders, 8 + NET_HEADERS_SIZE);

/* The policy is not ALLOW_SILENT, and a redirect came: where it led in the end, or, with DISALLOW,
 * where it would have led. Before NET_RESPONSE or NET_FAILED. */
typedef struct NetRedirected {
        WireHeader header;
        char url[WIRE_URL_SIZE];
} NetRedirected;
WIRE_NO_PADDING(NetRedirected, 8 + WIRE_URL_SIZE);

/* The system's validation accepted a server's certificate that the job's owner has not: it is to be
 * asked. NET_FAILED with BG_E_SERVER_CERT_VALIDATION_INTERFACE_REQUIRED follows at once, before any
 * request was sent; a new transfer says what was accepted. */
typedef struct NetCertificate {
        WireHeader header;
        NetAccepted what;
        uint32_t size, chain_size;         /* of the DER of the end certificate; of its chain */
        uint8_t der[NET_CERTIFICATE_SIZE]; /* end certificate, then the chain's, end to end */
} NetCertificate;
WIRE_NO_PADDING(NetCertificate, 8 + sizeof(NetAccepted) + 8 + NET_CERTIFICATE_SIZE);

typedef struct NetOffset { /* NET_PROGRESS, NET_CHECKPOINT, NET_WANT, NET_DONE and NET_RECEIVED (the
                              final one) */
        WireHeader header;
        uint64_t offset;
} NetOffset;
WIRE_NO_PADDING(NetOffset, 16);

typedef struct NetFailed {
        WireHeader header;
        int32_t hresult;
        uint32_t context;         /* NetContext */
        uint32_t class;           /* NetClass */
        uint32_t http_status;     /* 0: none came */
        int64_t retry_after_usec; /* from now; -1: the server named no moment */
        uint64_t offset;          /* durable bytes */
        char text[NET_TEXT_SIZE]; /* a line of English, for the log too: no URL, no secret. There
                                     may be a second one, of the server's words, which is not for
                                     the log. UTF-8, no other control character */
} NetFailed;
WIRE_NO_PADDING(NetFailed, 8 + 16 + 16 + NET_TEXT_SIZE);

typedef union NetMessage {
        WireHeader header;
        NetReady ready;
        NetTransfer transfer;
        NetSource source;
        NetCopy copy;
        NetHttp http;
        NetOrder order;
        NetNext next;
        NetLimit limit;
        NetResponse response;
        NetOffset offset;
        NetFailed failed;
} NetMessage;
