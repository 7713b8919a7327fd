/* Typed calls of the service's objects, over connection.h; for the files of the interfaces. */
#pragma once

#include <systemd/sd-bus.h>

#include <objbase.h>

#include "libbits/security.h"

#define MANAGER_PATH "/org/bitsd1"

typedef struct Remote {
        const char *path, *interface;
        Blanket *blanket; /* checked before the call; NULL: a call of the library's own */
} Remote;

/* Under the connection's lock: take what is needed from the message, 0 or -errno. */
typedef int (*CallRead)(sd_bus_message *m, void *ret);
typedef int (*CallWrite)(sd_bus_message *m, const void *arguments);

typedef struct Call {
        const char *member;
        CallWrite write; /* NULL: no arguments */
        const void *arguments;
        CallRead read; /* NULL: no answer */
        void *ret;
} Call;

HRESULT call_remote(const Remote *remote, const Call *call);

/* The usual shapes. */
HRESULT call_plain(const Remote *remote, const char *member);
HRESULT call_number(const Remote *remote, const char *member, uint32_t value);
HRESULT call_text(const Remote *remote, const char *member, const WCHAR *text);
HRESULT call_hresult(const Remote *remote, const char *member); /* the code it answers with */
HRESULT call_switch(const Remote *remote, const char *member, int on);
HRESULT call_read(const Remote *remote, const char *member, CallRead read, void *ret);

/* A property's value; a NULL ret is E_INVALIDARG. type: its D-Bus signature. */
HRESULT call_get(const Remote *remote, const char *property, const char *type, CallRead read,
                 void *ret);
HRESULT call_get_number(const Remote *remote, const char *property, ULONG *ret);
HRESULT call_get_text(const Remote *remote, const char *property, LPWSTR *ret);

int call_read_text(sd_bus_message *m, void *ret);    /* "s" into a char *, which the caller frees */
int call_read_number(sd_bus_message *m, void *ret);  /* "u" into a uint32_t */
int call_read_switch(sd_bus_message *m, void *ret);  /* "b" into an int */
int call_read_hresult(sd_bus_message *m, void *ret); /* "i" into an HRESULT */
int call_write_pair(sd_bus_message *m, const void *arguments); /* a TextPair as "ss" */
