/*
 * bits-queue <-> bits-file, on the worker's socket. One request at a time is worked on; each is
 * answered by one FileReply with its sequence. bits-file ends when bits-queue hangs up.
 *
 * The worker only reports. It names nothing that bits-queue then trusts: a FileId is compared,
 * never followed.
 */
#pragma once

#include "wire.h"

#define FILE_VERSION         3
#define FILE_STORE_SIZE      1024 /* 255 characters, with the NUL */
#define FILE_SUBJECT_SIZE    1024
#define FILE_CERTIFICATE_MAX 65536 /* bytes of PEM */

enum FileType {
        FILE_READY = 1,   /* worker, first, as a FileReply: result 0, size = FILE_VERSION */
        FILE_CHECK,       /* may a file at path be made or replaced? */
        FILE_OPEN_TEMP,   /* make temp beside path, 0600, new; fsync the directory -> write
                             descriptor, ids */
        FILE_RESUME_TEMP, /* the very temp of ids, lease first, cut back to size -> write descriptor
                           */
        FILE_SEAL,        /* no writer left (lease), hash, size checked, times, fsync */
        FILE_FINISH,      /* mode by umask, rename temp to path, fsync the directory; repeatable */
        FILE_DISCARD,     /* delete temp; one that is gone already, or is not ours, is success */
        FILE_OPEN_SOURCE, /* the regular file at path, for reading -> read descriptor, ids, size */
        FILE_REPLY,
        FILE_CERTIFICATE, /* a client certificate with its key, afresh, as a FileCertificate ->
                             descriptor, size */
};

enum FileStore { /* values of BG_CERT_STORE_LOCATION_* */
        FILE_STORE_USER = 0,
        FILE_STORE_MACHINE = 1,
};

enum FileHash {
        FILE_HASH_NONE,
        FILE_HASH_SHA256,
        FILE_HASH_SHA512,
};

/* Recognises a file or directory again: handle where the file system gives one, and always inode
 * and birth time (never st_dev, which changes over reboots). All zero: not known. */
typedef struct FileId {
        uint64_t inode;
        int64_t btime_nsec; /* 0: the file system has none */
        int32_t handle_type;
        uint32_t handle_size; /* 0: no handle; else bytes used of handle */
        uint8_t handle[128];  /* MAX_HANDLE_SZ */
} FileId;
WIRE_NO_PADDING(FileId, 24 + 128);

typedef struct FileRequest {
        WireHeader header;
        uint32_t hash; /* SEAL: FileHash */
        uint32_t reserved;
        uint64_t size;      /* RESUME_TEMP: offset to go on from. SEAL: exact size */
        int64_t mtime_usec; /* SEAL: modification time to set, or INT64_MIN for none */
        uint8_t digest[64]; /* SEAL: expected, as long as the hash */
        FileId file;        /* RESUME_TEMP, SEAL, FINISH, DISCARD */
        FileId directory;   /* the same, and OPEN_TEMP when known: refused with -EXDEV if another */
        char path[WIRE_PATH_SIZE]; /* final name, absolute */
        char temp[WIRE_TEMP_SIZE]; /* base name beside it; not CHECK */
} FileRequest;
WIRE_NO_PADDING(FileRequest,
                8 + 8 + 16 + 64 + 2 * sizeof(FileId) + WIRE_PATH_SIZE + WIRE_TEMP_SIZE);

typedef struct FileCertificate {
        WireHeader header;
        uint32_t location; /* FileStore */
        uint32_t by_hash;  /* 1: sha1 says which one; 0: subject does */
        uint8_t sha1[20];  /* of the certificate's DER */
        uint32_t reserved;
        char store[FILE_STORE_SIZE];     /* a name without slashes */
        char subject[FILE_SUBJECT_SIZE]; /* part of the text in FileCertificateFound */
} FileCertificate;
WIRE_NO_PADDING(FileCertificate, 8 + 8 + 20 + 4 + FILE_STORE_SIZE + FILE_SUBJECT_SIZE);

/* At the begin of the descriptor that answers it, a sealed memfd; then comes PEM, to its end: the
 * certificate, its chain, and its key. */
typedef struct FileCertificateFound {
        char subject[FILE_SUBJECT_SIZE]; /* values of the subject, as encoded, joined by ", " */
        uint8_t sha1[20];
        uint32_t reserved;
} FileCertificateFound;
WIRE_NO_PADDING(FileCertificateFound, FILE_SUBJECT_SIZE + 24);

typedef union FileMessage { /* what bits-queue may send */
        WireHeader header;
        FileRequest request;
        FileCertificate certificate;
} FileMessage;

/* result: 0 or -errno. Those with a meaning of their own:
 *   -ESTALE    RESUME_TEMP, SEAL, FINISH: not the file of ids any more (swapped, linked, gone)
 *   -EXDEV     RESUME_TEMP, SEAL, FINISH: the directory is another: a volume came or went
 *   -EAGAIN    RESUME_TEMP, SEAL: a writer is left; stop him and ask again. OPEN_SOURCE: somebody's
 *              lease is in the way
 *   -EBADMSG   SEAL: the hash differs; digest says which it is
 *   -ERANGE    SEAL: the size differs
 *   -ENOTDIR, -ENOENT  the directory is missing; OPEN_SOURCE: -ENOENT is the file
 *   -EISDIR    a directory stands at the final name; OPEN_SOURCE: no regular file is there
 *   -EEXIST    OPEN_TEMP: something that is not ours has the temporary name: take another
 *   -ELOOP     a symbolic link on the way that neither root nor this identity owns
 *   -ENODATA   CERTIFICATE: the store has none such; -ENOENT: there is no such store
 *   -EPERM     CERTIFICATE: others than its owner and a group may read or change the file
 *   -EPROTO    a malformed request (the worker then ends) */
/* OPEN_TEMP, RESUME_TEMP, OPEN_SOURCE, CERTIFICATE + descriptor when result is 0 */
typedef struct FileReply {
        WireHeader header;
        int32_t result;
        uint32_t reserved;
        uint64_t size; /* RESUME_TEMP: after the cut; OPEN_SOURCE, CERTIFICATE: of the file */
        /* OPEN_TEMP, RESUME_TEMP, SEAL, OPEN_SOURCE. Where leases are refused, RESUME_TEMP and SEAL
         * put a copy in the file's place: file is then another than the request's. */
        FileId file, directory;
        uint8_t digest[64]; /* SEAL: that of the file, as long as the hash, when it differs */
} FileReply;
WIRE_NO_PADDING(FileReply, 24 + 2 * sizeof(FileId) + 64);
