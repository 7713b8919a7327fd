/* bits-queue's checks of what its workers report. The first byte: of bits-net (even) or of
 * bits-file. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_net(const uint8_t *data, size_t size)
{
        NetMessage message;

        if (size > sizeof(message)) /* the receiver refuses longer ones by themselves */
                return;
        memset(&message, 0xa5, sizeof(message)); /* what was not received must not matter */
        memcpy(&message, data, size);
        if (net_report_check(&message, size) < 0)
                return;
        assert(message.header.type != NET_TRANSFER && message.header.type != NET_PROCEED &&
               message.header.type != NET_CANCEL && message.header.type <= NET_WANT);
        if (message.header.type == NET_FAILED)
                assert(size == sizeof(NetFailed) && message.failed.hresult < 0 &&
                       strlen(message.failed.text) < sizeof(message.failed.text) &&
                       !strpbrk(message.failed.text, "\033\r\b\177\377"));
        if (message.header.type == NET_RESPONSE)
                assert(strlen(message.response.validator.etag) < WIRE_ETAG_SIZE);
}

static void check_file(const uint8_t *data, size_t size)
{
        FileReply reply;

        if (size > sizeof(reply))
                return;
        memset(&reply, 0xa5, sizeof(reply));
        memcpy(&reply, data, size);
        if (file_report_check(&reply, size) < 0)
                return;
        assert(size == sizeof(reply) && reply.result <= 0);
        assert(reply.file.handle_size <= sizeof(reply.file.handle));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size == 0)
                return 0;
        if (data[0] & 1)
                check_file(data + 1, size - 1);
        else
                check_net(data + 1, size - 1);
        return 0;
}
