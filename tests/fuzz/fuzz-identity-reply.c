/*
 * What libbits takes from bitsd on the identity socket. The first byte: in its lower half the type
 * of the request, or HELLO's where nothing is asked yet; then whether a descriptor came. A
 * request's sequence is always 1.
 *
 * What passes has the properties that the callers rely on; and nothing but these: any message that
 * is put right in them passes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libbits/identity-reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
        if (!condition)
                abort();
}

static void check_hello(const uint8_t *data, size_t size)
{
        IdentityHello hello = {0};

        memcpy(&hello, data, size < sizeof(hello) ? size : sizeof(hello));
        if (identity_hello_check(data, size) == 0) {
                require(size == sizeof(hello));
                require(hello.header.type == IDENTITY_HELLO && hello.header.sequence == 0);
                require(hello.version == IDENTITY_VERSION && hello.reserved == 0);
        }
        hello.header = (WireHeader){.type = IDENTITY_HELLO};
        hello.version = IDENTITY_VERSION;
        hello.reserved = 0;
        require(identity_hello_check(&hello, sizeof(hello)) == 0);
}

static bool is_zero(const void *data, size_t size)
{
        const uint8_t *bytes = data;

        for (size_t i = 0; i < size; i++)
                if (bytes[i])
                        return false;
        return true;
}

static void check_accepted(uint32_t type, const IdentityReply *reply, bool with_fd)
{
        bool good = reply->result == 0;

        require(reply->header.type == IDENTITY_REPLY && reply->header.sequence == 1);
        require(reply->result >= -4095);
        require(reply->result <= 0 ||
                (type == IDENTITY_LOGON && reply->result <= LOGON_NOT_GRANTED));
        require(with_fd == (good && (type == IDENTITY_MINT || type == IDENTITY_LOGON)));
        if (good && type == IDENTITY_TICKET) {
                require(reply->ticket.version == TICKET_VERSION);
                require(reply->ticket.uid == reply->uid);
                require(reply->ticket.account[0] != 0);
                require(memchr(reply->ticket.account, 0, WIRE_ACCOUNT_SIZE) != NULL);
        } else {
                require(is_zero(&reply->ticket, sizeof(reply->ticket)));
        }
}

static void check_repaired(IdentityReply reply)
{
        WireHeader asked = {IDENTITY_TICKET, reply.header.sequence};
        int32_t error = (int32_t)(reply.uid % 4095) + 1;

        reply.header.type = IDENTITY_REPLY;
        reply.result = 0;
        reply.ticket.version = TICKET_VERSION;
        reply.ticket.uid = reply.uid;
        reply.ticket.account[0] = 'a';
        reply.ticket.account[WIRE_ACCOUNT_SIZE - 1] = 0;
        require(identity_reply_check(&asked, &reply, sizeof(reply), false) == 0);

        reply.ticket = (Ticket){0};
        asked.type = IDENTITY_REVOKE;
        require(identity_reply_check(&asked, &reply, sizeof(reply), false) == 0);
        asked.type = IDENTITY_MINT;
        require(identity_reply_check(&asked, &reply, sizeof(reply), true) == 0);
        asked.type = IDENTITY_LOGON;
        require(identity_reply_check(&asked, &reply, sizeof(reply), true) == 0);

        reply.result = LOGON_FAILURE + error % LOGON_NOT_GRANTED;
        require(identity_reply_check(&asked, &reply, sizeof(reply), false) == 0);
        reply.result = -error;
        for (asked.type = IDENTITY_MINT; asked.type <= IDENTITY_REVOKE; asked.type++)
                require(identity_reply_check(&asked, &reply, sizeof(reply), false) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        WireHeader asked = {.sequence = 1};
        IdentityReply reply = {0};
        bool with_fd;

        if (size == 0)
                return 0;
        asked.type = data[0] & 15;
        with_fd = data[0] >> 4 & 1;
        data++;
        size--;
        if (asked.type == IDENTITY_HELLO) {
                check_hello(data, size);
                return 0;
        }
        memcpy(&reply, data, size < sizeof(reply) ? size : sizeof(reply));
        if (identity_reply_check(&asked, data, size, with_fd) == 0) {
                require(size == sizeof(reply));
                check_accepted(asked.type, &reply, with_fd);
        }
        check_repaired(reply);
        return 0;
}
