#include "request.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"

enum Need {
        NEED_PATH = 1,
        NEED_TEMP = 2,
        NEED_FILE = 4, /* which file it must be */
        NEED_SIZE = 8,
        NEED_HASH = 16,
};

static const unsigned needs[] = {
        [FILE_CHECK] = NEED_PATH,
        [FILE_OPEN_TEMP] = NEED_PATH | NEED_TEMP,
        [FILE_RESUME_TEMP] = NEED_PATH | NEED_TEMP | NEED_FILE | NEED_SIZE,
        [FILE_SEAL] = NEED_PATH | NEED_TEMP | NEED_FILE | NEED_SIZE | NEED_HASH,
        [FILE_FINISH] = NEED_PATH | NEED_TEMP | NEED_FILE,
        [FILE_DISCARD] = NEED_PATH | NEED_TEMP,
        [FILE_OPEN_SOURCE] = NEED_PATH,
};

/* Absolute, ending in a name, without "." and "..": what they would mean after a link is nobody's
 * wish. */
static bool path_ok(const char *path)
{
        if (path[0] != '/')
                return false;
        for (const char *part = path; *part;) {
                size_t length;

                part += strspn(part, "/");
                length = strcspn(part, "/");
                if (length == 0 || (length == 1 && part[0] == '.') ||
                    (length == 2 && part[0] == '.' && part[1] == '.'))
                        return false;
                part += length;
        }
        return true;
}

/* BIT[0-9A-Fa-f]+.tmp: it can neither leave the directory nor be a name that somebody wants. */
static bool temp_ok(const char *temp)
{
        size_t digits;

        if (strncmp(temp, "BIT", 3) != 0)
                return false;
        digits = strspn(temp + 3, "0123456789ABCDEFabcdef");
        return digits > 0 && strcmp(temp + 3 + digits, ".tmp") == 0;
}

static bool id_ok(const FileId *id)
{
        return id->handle_size <= sizeof(id->handle);
}

int file_request_check(const void *data, size_t size)
{
        FileRequest request;
        unsigned need;

        if (size != sizeof(request))
                return -EPROTO;
        memcpy(&request, data, sizeof(request));
        if (request.header.type >= ELEMENTS(needs) || needs[request.header.type] == 0)
                return -EPROTO;
        need = needs[request.header.type];

        if (request.reserved != 0 || !id_ok(&request.file) || !id_ok(&request.directory))
                return -EPROTO;
        if (!wire_text_ok(request.path, sizeof(request.path)) ||
            !wire_text_ok(request.temp, sizeof(request.temp)))
                return -EPROTO;
        if (need & NEED_PATH && !path_ok(request.path))
                return -EPROTO;
        if (need & NEED_TEMP ? !temp_ok(request.temp) : request.temp[0] != 0)
                return -EPROTO;
        if (need & NEED_FILE && request.file.inode == 0)
                return -EPROTO;
        if (need & NEED_SIZE && request.size > INT64_MAX)
                return -EPROTO;
        if (need & NEED_HASH ? request.hash > FILE_HASH_SHA512 : request.hash != FILE_HASH_NONE)
                return -EPROTO;
        return 0;
}

/* One name: it cannot leave the folder of the stores. */
static bool store_ok(const char *store)
{
        return store[0] && !strchr(store, '/') && strcmp(store, ".") != 0 &&
               strcmp(store, "..") != 0;
}

int file_certificate_check(const void *data, size_t size)
{
        FileCertificate request;

        if (size != sizeof(request))
                return -EPROTO;
        memcpy(&request, data, sizeof(request));
        if (request.header.type != FILE_CERTIFICATE || request.location > FILE_STORE_MACHINE ||
            request.by_hash > 1 || request.reserved != 0)
                return -EPROTO;
        if (!wire_text_ok(request.store, sizeof(request.store)) ||
            !wire_text_ok(request.subject, sizeof(request.subject)) || !store_ok(request.store))
                return -EPROTO;
        return !request.by_hash == (request.subject[0] != 0) ? 0 : -EPROTO;
}
