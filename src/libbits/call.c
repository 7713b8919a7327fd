/* Calls in the shapes that the interfaces need. */
#include "libbits/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "libbits/connection.h"
#include "libbits/text.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"

static int write_call(sd_bus_message *m, void *userdata)
{
        const Call *call = userdata;

        return call->write ? call->write(m, call->arguments) : 0;
}

static int read_answer(sd_bus_message *m, void *userdata)
{
        const Call *call = userdata;

        return call->read ? call->read(m, call->ret) : 0;
}

HRESULT call_remote(const Remote *remote, const Call *call)
{
        HRESULT hr = remote->blanket ? blanket_check(remote->blanket) : S_OK;

        if (FAILED(hr))
                return hr;
        return connection_exchange(&(Exchange){
                .path = remote->path,
                .interface = remote->interface,
                .member = call->member,
                .write = write_call,
                .read = read_answer,
                .userdata = (void *)call,
        });
}

HRESULT call_plain(const Remote *remote, const char *member)
{
        return call_remote(remote, &(Call){.member = member});
}

static int write_number(sd_bus_message *m, const void *value)
{
        return sd_bus_message_append_basic(m, 'u', value);
}

HRESULT call_number(const Remote *remote, const char *member, uint32_t value)
{
        return call_remote(remote,
                           &(Call){.member = member, .write = write_number, .arguments = &value});
}

static int write_text(sd_bus_message *m, const void *text)
{
        return sd_bus_message_append_basic(m, 's', text);
}

HRESULT call_text(const Remote *remote, const char *member, const WCHAR *text)
{
        _cleanup_(freep) char *utf8 = NULL;
        HRESULT hr = text_argument(text, &utf8);

        if (FAILED(hr))
                return hr;
        return call_remote(remote,
                           &(Call){.member = member, .write = write_text, .arguments = utf8});
}

int call_read_hresult(sd_bus_message *m, void *ret)
{
        return sd_bus_message_read(m, "i", ret);
}

HRESULT call_hresult(const Remote *remote, const char *member)
{
        HRESULT code = E_UNEXPECTED, hr;

        hr = call_remote(remote,
                         &(Call){.member = member, .read = call_read_hresult, .ret = &code});
        return FAILED(hr) ? hr : code;
}

static int write_switch(sd_bus_message *m, const void *on)
{
        return sd_bus_message_append_basic(m, 'b', on);
}

HRESULT call_switch(const Remote *remote, const char *member, int on)
{
        return call_remote(remote,
                           &(Call){.member = member, .write = write_switch, .arguments = &on});
}

HRESULT call_read(const Remote *remote, const char *member, CallRead read, void *ret)
{
        return call_remote(remote, &(Call){.member = member, .read = read, .ret = ret});
}

/* ---- properties --------------------------------------------------------------------------------
 */

typedef struct Get {
        const char *interface, *property, *type;
        CallRead read;
        void *ret;
} Get;

static int write_get(sd_bus_message *m, const void *arguments)
{
        const Get *get = arguments;

        return sd_bus_message_append(m, "ss", get->interface, get->property);
}

static int read_get(sd_bus_message *m, void *ret)
{
        const Get *get = ret;
        int r = sd_bus_message_enter_container(m, 'v', get->type);

        return r < 0 ? r : get->read(m, get->ret);
}

HRESULT call_get(const Remote *remote, const char *property, const char *type, CallRead read,
                 void *ret)
{
        Get get = {remote->interface, property, type, read, ret};

        if (!ret)
                return E_INVALIDARG;
        return call_remote(&(Remote){remote->path, PROPERTIES, remote->blanket},
                           &(Call){"Get", write_get, &get, read_get, &get});
}

int call_read_number(sd_bus_message *m, void *ret)
{
        return sd_bus_message_read(m, "u", ret);
}

HRESULT call_get_number(const Remote *remote, const char *property, ULONG *ret)
{
        return call_get(remote, property, "u", call_read_number, ret);
}

int call_read_switch(sd_bus_message *m, void *ret)
{
        return sd_bus_message_read(m, "b", ret);
}

int call_write_pair(sd_bus_message *m, const void *arguments)
{
        const TextPair *pair = arguments;

        return sd_bus_message_append(m, "ss", pair->first, pair->second);
}

int call_read_text(sd_bus_message *m, void *ret)
{
        const char *text;
        int r = sd_bus_message_read(m, "s", &text);

        if (r < 0)
                return r;
        *(char **)ret = strdup(text);
        return *(char **)ret ? 0 : -ENOMEM;
}

HRESULT call_get_text(const Remote *remote, const char *property, LPWSTR *ret)
{
        _cleanup_(freep) char *utf8 = NULL;
        HRESULT hr;

        if (!ret)
                return E_INVALIDARG;
        hr = call_get(remote, property, "s", call_read_text, &utf8);
        return FAILED(hr) ? hr : text_result(utf8, ret);
}
