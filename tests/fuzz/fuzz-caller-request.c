/*
 * What bitsd takes from anybody on the identity socket. The first byte: odd when a descriptor came
 * with the request.
 *
 * What passes has the properties that the handlers rely on; and nothing but these: any request that
 * is put right in them passes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bitsd/message.h"
#include "wire/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
        if (!condition)
                abort();
}

static void check_accepted(const IdentityRequest *request, bool with_fd)
{
        uint32_t type = request->header.type;

        require(type == IDENTITY_MINT || type == IDENTITY_LOGON || type == IDENTITY_TICKET ||
                type == IDENTITY_REVOKE);
        require(with_fd == (type == IDENTITY_LOGON));
        require(strnlen(request->account, sizeof(request->account)) < sizeof(request->account));
        require(request->account[0] == 0 || type == IDENTITY_LOGON);
        require(request->audience == 0 || type == IDENTITY_MINT);
        if (type == IDENTITY_MINT || type == IDENTITY_LOGON)
                require(request->uses >= 1 && request->uses <= 3);
        else
                require(request->uses == 0);
}

static void check_repaired(IdentityRequest request)
{
        request.account[sizeof(request.account) - 1] = 0;
        request.uses = 1 + request.uses % 3;
        request.header.type = IDENTITY_LOGON;
        request.audience = 0;
        require(caller_request_check(&request, sizeof(request), true) == 0);

        request.header.type = IDENTITY_MINT;
        request.audience = request.header.sequence;
        request.account[0] = 0;
        require(caller_request_check(&request, sizeof(request), false) == 0);

        request.audience = request.uses = 0;
        request.header.type = IDENTITY_TICKET;
        require(caller_request_check(&request, sizeof(request), false) == 0);
        request.header.type = IDENTITY_REVOKE;
        require(caller_request_check(&request, sizeof(request), false) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        IdentityRequest request = {0};
        bool with_fd;

        if (size == 0)
                return 0;
        with_fd = data[0] & 1;
        data++;
        size--;
        memcpy(&request, data, size < sizeof(request) ? size : sizeof(request));
        if (caller_request_check(data, size, with_fd) == 0) {
                require(size == sizeof(request));
                check_accepted(&request, with_fd);
        }
        check_repaired(request);
        return 0;
}
