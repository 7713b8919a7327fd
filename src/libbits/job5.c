/*
 * What IBackgroundCopyJob5 added: properties by number. On the wire a value is a variant of the
 * type that the number has; which numbers there are, and when they may be set, is the service's to
 * say.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "libbits/iid.h"
#include "libbits/job-later.h"
#include "libbits/job.h"

typedef struct Property {
        BITS_JOB_PROPERTY_ID id;
        BITS_JOB_PROPERTY_VALUE value;
} Property;

/* The type of a number that is not known here does not matter: it will be refused. */
static const char *type_of(BITS_JOB_PROPERTY_ID id)
{
        switch (id) {
        case BITS_JOB_PROPERTY_NOTIFICATION_CLSID:
                return "s";
        case BITS_JOB_PROPERTY_DYNAMIC_CONTENT:
        case BITS_JOB_PROPERTY_HIGH_PERFORMANCE:
        case BITS_JOB_PROPERTY_ON_DEMAND_MODE:
                return "b";
        case BITS_JOB_PROPERTY_MAX_DOWNLOAD_SIZE:
                return "t";
        case BITS_JOB_PROPERTY_ID_COST_FLAGS:
        case BITS_JOB_PROPERTY_USE_STORED_CREDENTIALS:
        case BITS_JOB_PROPERTY_MINIMUM_NOTIFICATION_INTERVAL_MS:
                break;
        }
        return "u";
}

static int write_property(sd_bus_message *m, const void *arguments)
{
        const Property *property = arguments;
        const BITS_JOB_PROPERTY_VALUE *value = &property->value;
        const char *type = type_of(property->id);
        char text[GUID_TEXT_SIZE] = "";
        int r;

        r = sd_bus_message_append(m, "u", (uint32_t)property->id);
        if (r < 0)
                return r;
        switch (type[0]) {
        case 's':
                if (!IsEqualGUID(&value->ClsID, &GUID_NULL))
                        iid_to_text(&value->ClsID, text);
                return sd_bus_message_append(m, "v", type, text);
        case 'b':
                return sd_bus_message_append(m, "v", type, value->Enable != FALSE);
        case 't':
                return sd_bus_message_append(m, "v", type, (uint64_t)value->Uint64);
        default: /* Dword, or Target, which lies in the same place */
                return sd_bus_message_append(m, "v", type, value->Dword);
        }
}

HRESULT job5_set_property(IBackgroundCopyJob5 *This, BITS_JOB_PROPERTY_ID PropertyId,
                          BITS_JOB_PROPERTY_VALUE PropertyValue)
{
        Property property = {PropertyId, PropertyValue};
        Remote remote = job_remote(This);

        return call_remote(&remote, &(Call){"SetProperty", write_property, &property, NULL, NULL});
}

static int write_id(sd_bus_message *m, const void *arguments)
{
        return sd_bus_message_append(m, "u", (uint32_t)((const Property *)arguments)->id);
}

static int read_clsid(sd_bus_message *m, GUID *ret)
{
        const char *text;
        int r = sd_bus_message_read(m, "s", &text);

        if (r < 0)
                return r;
        *ret = GUID_NULL;
        return text[0] ? iid_parse(text, ret) : 0;
}

static int read_property(sd_bus_message *m, void *ret)
{
        Property *property = ret;
        BITS_JOB_PROPERTY_VALUE *value = &property->value;
        const char *type = type_of(property->id);
        uint64_t number = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'v', type);
        if (r < 0)
                return r;
        switch (type[0]) {
        case 's':
                return read_clsid(m, &value->ClsID);
        case 'b':
                return sd_bus_message_read(m, type, &value->Enable);
        case 't':
                r = sd_bus_message_read(m, type, &number);
                value->Uint64 = number;
                return r;
        default:
                return sd_bus_message_read(m, type, &value->Dword);
        }
}

HRESULT job5_get_property(IBackgroundCopyJob5 *This, BITS_JOB_PROPERTY_ID PropertyId,
                          BITS_JOB_PROPERTY_VALUE *PropertyValue)
{
        Property property = {.id = PropertyId};
        Remote remote = job_remote(This);
        HRESULT hr;

        if (!PropertyValue)
                return HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER);
        hr = call_remote(&remote,
                         &(Call){"GetProperty", write_id, &property, read_property, &property});
        if (SUCCEEDED(hr))
                *PropertyValue = property.value;
        return hr;
}
