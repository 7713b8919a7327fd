#include "hresult.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static const struct {
        HRESULT code;
        const char *name, *text;
} rows[] = {
#define HRESULT_ROW(n, t) {n, #n, t},
#define WIN32_ROW(n, t)   {HRESULT_FROM_WIN32(n), #n, t},
#define HTTP_ROW(s, t)    {BG_E_HTTP_ERROR_##s, "BG_E_HTTP_ERROR_" #s, t},
#include "hresult.def"
};

typedef struct Translation {
        const char *english, *text;
} Translation;

static const Translation german[] = {
#include <texts-de.inc> /* built from po/de.po */
};

void hresult_name(HRESULT hr, char ret[HRESULT_NAME_SIZE])
{
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                if (rows[i].code == hr) {
                        (void)snprintf(ret, HRESULT_NAME_SIZE, "%s", rows[i].name);
                        return;
                }
        (void)snprintf(ret, HRESULT_NAME_SIZE, "HRESULT_%08X", (unsigned)hr);
}

HRESULT hresult_parse(const char *name)
{
        unsigned long code;
        char *end;

        for (size_t i = 0; i < ELEMENTS(rows); i++)
                if (strcmp(rows[i].name, name) == 0)
                        return rows[i].code;
        if (strncmp(name, "HRESULT_", 8) != 0 || strlen(name) != 16)
                return E_FAIL;
        code = strtoul(name + 8, &end, 16);
        return *end ? E_FAIL : (HRESULT)code;
}

const char *hresult_text(HRESULT hr)
{
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                if (rows[i].code == hr)
                        return rows[i].text;
        return NULL;
}

static const char *translate(const Translation *table, size_t n, const char *english)
{
        for (size_t i = 0; i < n; i++)
                if (strcmp(table[i].english, english) == 0)
                        return table[i].text;
        return NULL;
}

const char *hresult_text_in(HRESULT hr, uint32_t language)
{
        const char *english = hresult_text(hr);

        if (!english)
                return NULL;
        switch (language & 0x3ff) {
        case LANGUAGE_ENGLISH:
                return english;
        case LANGUAGE_GERMAN:
                return translate(german, ELEMENTS(german), english);
        default: /* the rest of the world's */
                return NULL;
        }
}

HRESULT hresult_from_errno(int error)
{
        switch (error < 0 ? -error : error) {
        case 0:
                return S_OK;
        case EACCES:
        case EPERM:
                return E_ACCESSDENIED;
        case ENOENT:
                return HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
        case ENOTDIR:
                return HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND);
        case EISDIR:
                return E_ACCESSDENIED; /* as CreateFile answers for a directory */
        case ELOOP:
                return E_ACCESSDENIED; /* a link that must not be followed */
        case EEXIST:
                return HRESULT_FROM_WIN32(ERROR_FILE_EXISTS);
        case ENOSPC:
                return HRESULT_FROM_WIN32(ERROR_DISK_FULL);
        case EDQUOT:
                return HRESULT_FROM_WIN32(ERROR_DISK_QUOTA_EXCEEDED);
        case EFBIG:
                return HRESULT_FROM_WIN32(ERROR_FILE_TOO_LARGE);
        case EROFS:
                return HRESULT_FROM_WIN32(ERROR_WRITE_PROTECT);
        case EIO:
                return HRESULT_FROM_WIN32(ERROR_IO_DEVICE);
        case ENAMETOOLONG:
                return HRESULT_FROM_WIN32(ERROR_FILENAME_EXCED_RANGE);
        case EMFILE:
        case ENFILE:
                return HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES);
        case ENOMEM:
                return E_OUTOFMEMORY;
        case EINVAL:
                return E_INVALIDARG;
        case EBUSY:
        case ETXTBSY:
                return HRESULT_FROM_WIN32(ERROR_BUSY);
        case EXDEV:
                return HRESULT_FROM_WIN32(ERROR_NOT_SAME_DEVICE);
        case ENOTEMPTY:
                return HRESULT_FROM_WIN32(ERROR_DIR_NOT_EMPTY);
        case EOPNOTSUPP:
                return HRESULT_FROM_WIN32(ERROR_NOT_SUPPORTED);
        case ETIMEDOUT:
                return HRESULT_FROM_WIN32(ERROR_TIMEOUT);
        default:
                return E_FAIL;
        }
}
