/*
 * Names and texts of result codes; the one table is hresult.def, its translations are in po/.
 * HRESULTs travel between libbits and the service as D-Bus error names "org.bitsd1.Error.NAME".
 */
#pragma once

#include <bitsmsg.h>
#include <stddef.h>
#include <stdint.h>

#define HRESULT_NAME_SIZE 64

/* "BG_E_NOT_FOUND", "BG_E_HTTP_ERROR_404", "ERROR_DISK_FULL" (the HRESULT form of a Win32 code goes
 * by its Win32 name), or "HRESULT_80201234" for a code without a name. */
void hresult_name(HRESULT hr, char ret[HRESULT_NAME_SIZE]);

/* The other way round; E_FAIL for a text that is no such name. */
HRESULT hresult_parse(const char *name);

/* English text, static; NULL when there is none. */
const char *hresult_text(HRESULT hr);

enum { /* primary languages, the low 10 bits of a LANGID */
        LANGUAGE_GERMAN = 0x07,
        LANGUAGE_ENGLISH = 0x09,
};

/* The same in the language of a LANGID, of any country; NULL also when that is another one. */
const char *hresult_text_in(HRESULT hr, uint32_t language);

/* The documented code of a file-system errno (positive or negative): ENOENT is
 * ERROR_FILE_NOT_FOUND, ENOSPC ERROR_DISK_FULL, EDQUOT ERROR_DISK_QUOTA_EXCEEDED, ... each as
 * HRESULT; unknown ones E_FAIL. */
HRESULT hresult_from_errno(int error);
