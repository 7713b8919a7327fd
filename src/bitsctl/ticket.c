#include "ticket.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

#define USEC_PER_SEC UINT64_C(1000000)

static int hand_over(Service *service, const Ticket *ticket)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        if (!service->bus)
                return -ENOTCONN;
        r = sd_bus_message_new_method_call(service->bus, &call, NULL, MANAGER_PATH,
                                           MANAGER_INTERFACE, "Authorize");
        if (r >= 0)
                r = sd_bus_message_append_array(call, 'y', ticket, sizeof(*ticket));
        return r < 0 ? r : service_send(service, call, NULL);
}

int ticket_store(Service *service, uint64_t *ret_expires_usec)
{
        Identity identity;
        Ticket ticket;
        int r;

        r = service_identity(service, &identity);
        if (r == 0)
                r = identity_ticket(&identity, &ticket);
        if (r != 0)
                return r < 0 ? r : -EPROTO;
        r = hand_over(service, &ticket);
        if (r == 0 && ret_expires_usec)
                *ret_expires_usec = (uint64_t)ticket.expires_sec * USEC_PER_SEC;
        return r;
}

const char *ticket_error_text(int error)
{
        switch (error < 0 ? -error : error) {
        case EACCES:
                return "programs in a sandbox (NoNewPrivs) are refused";
        case EPERM:
                return "the service has no account of this name, or its socket is not to be "
                       "trusted";
        case ECONNREFUSED:
        case ENOENT:
                return "the service's identity socket does not answer";
        case ETIMEDOUT:
                return "the name service of this machine does not answer";
        default:
                return strerror(error < 0 ? -error : error);
        }
}
