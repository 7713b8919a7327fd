#include "identity-reply.h"

#include <errno.h>

enum {
        ERRNO_MAX = 4095, /* of the kernel */
};

int identity_hello_check(const void *data, size_t size)
{
        IdentityHello hello;

        if (size != sizeof(hello))
                return -EPROTO;
        memcpy(&hello, data, sizeof(hello));
        if (hello.header.type != IDENTITY_HELLO || hello.version != IDENTITY_VERSION)
                return -EPROTONOSUPPORT;
        return hello.header.sequence == 0 && hello.reserved == 0 ? 0 : -EPROTO;
}

static bool result_ok(uint32_t type, int32_t result)
{
        return result >= -ERRNO_MAX && result <= (type == IDENTITY_LOGON ? LOGON_NOT_GRANTED : 0);
}

static bool ticket_ok(const Ticket *ticket, uint32_t uid)
{
        return ticket->version == TICKET_VERSION && ticket->uid == uid &&
               wire_text_ok(ticket->account, sizeof(ticket->account)) && ticket->account[0] != 0;
}

int identity_reply_check(const WireHeader *request, const void *data, size_t size, bool with_fd)
{
        static const Ticket none;
        bool token, ticket;
        IdentityReply reply;

        if (size != sizeof(reply))
                return -EPROTO;
        memcpy(&reply, data, sizeof(reply));
        if (reply.header.type != IDENTITY_REPLY || reply.header.sequence != request->sequence ||
            !result_ok(request->type, reply.result))
                return -EPROTO;

        token = request->type == IDENTITY_MINT || request->type == IDENTITY_LOGON;
        ticket = request->type == IDENTITY_TICKET;
        if (with_fd != (token && reply.result == 0))
                return -EPROTO;
        if (ticket && reply.result == 0)
                return ticket_ok(&reply.ticket, reply.uid) ? 0 : -EPROTO;
        return memcmp(&reply.ticket, &none, sizeof(none)) == 0 ? 0 : -EPROTO;
}
