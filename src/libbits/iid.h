/* GUIDs of the interface (windef.h), between their binary form and text on the wire. */
#pragma once

#include <stdbool.h>

#include <objbase.h>

#include "base/guid.h"

void iid_to_text(const GUID *guid, char ret[GUID_TEXT_SIZE]); /* as guid_text() */
int iid_parse(const char *text, GUID *ret);                   /* as guid_parse() */
