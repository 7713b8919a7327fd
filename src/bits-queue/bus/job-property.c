/* org.bitsd1.Job: SetProperty, GetProperty. */
#include <errno.h>

#include "base/guid.h"
#include "bus/job-methods.h"
#include "bus/reply.h"
#include "job-property.h"

static const char *const signatures[] = {
        [PROPERTY_NUMBER] = "u",
        [PROPERTY_TRUTH] = "b",
        [PROPERTY_SIZE] = "t",
        [PROPERTY_CLASS] = "s",
};

/* "" is GUID_NULL. */
static int read_class(sd_bus_message *m, Guid *ret)
{
        const char *text;
        int r = sd_bus_message_read(m, "s", &text);

        if (r < 0)
                return r;
        *ret = (Guid){0};
        return *text ? guid_parse(text, ret) : 0;
}

static int read_value(sd_bus_message *m, PropertyKind kind, PropertyValue *ret)
{
        int truth, r;

        switch (kind) {
        case PROPERTY_NUMBER:
                return sd_bus_message_read(m, "u", &ret->number);
        case PROPERTY_TRUTH:
                r = sd_bus_message_read(m, "b", &truth);
                ret->truth = r > 0 && truth;
                return r;
        case PROPERTY_SIZE:
                return sd_bus_message_read(m, "t", &ret->size);
        case PROPERTY_CLASS:
                return read_class(m, &ret->class);
        case PROPERTY_UNKNOWN:
                break;
        }
        return -EINVAL;
}

int job_method_set_property(Target *t, sd_bus_message *m)
{
        PropertyValue value = {0};
        PropertyKind kind;
        uint32_t id;
        HRESULT hr;
        int r;

        r = sd_bus_message_read(m, "u", &id);
        if (r < 0)
                return r;
        kind = property_kind(id);
        if (kind == PROPERTY_UNKNOWN)
                return reply_error(m, state_is_final(t->job->state) ? BG_E_INVALID_STATE
                                                                    : BG_E_UNKNOWN_PROPERTY_ID);
        r = sd_bus_message_enter_container(m, 'v', signatures[kind]);
        if (r >= 0)
                r = read_value(m, kind, &value);
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return reply_error(m, E_INVALIDARG);
        hr = job_set_property(t->job, id, &value);
        if (FAILED(hr))
                return reply_error(m, hr);
        job_commit(t->job, hr, reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

int job_method_get_property(Target *t, sd_bus_message *m)
{
        char text[GUID_TEXT_SIZE];
        PropertyValue value;
        uint32_t id;
        HRESULT hr;
        int r;

        r = sd_bus_message_read(m, "u", &id);
        if (r < 0)
                return r;
        hr = job_get_property(t->job, id, &value);
        if (FAILED(hr))
                return reply_error(m, hr);
        switch (property_kind(id)) {
        case PROPERTY_NUMBER:
                return sd_bus_reply_method_return(m, "v", "u", value.number);
        case PROPERTY_TRUTH:
                return sd_bus_reply_method_return(m, "v", "b", value.truth);
        case PROPERTY_SIZE:
                return sd_bus_reply_method_return(m, "v", "t", value.size);
        case PROPERTY_CLASS:
                guid_text(&value.class, text);
                return sd_bus_reply_method_return(m, "v", "s", text);
        case PROPERTY_UNKNOWN:
                break;
        }
        return -EINVAL;
}
