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
        NetReport report;
        const NetMessage *message = &report.message;

        if (size > sizeof(report)) /* the receiver refuses longer ones by themselves */
                return;
        memset(&report, 0xa5, sizeof(report)); /* what was not received must not matter */
        memcpy(&report, data, size);
        if (net_report_check(&report, size) < 0)
                return;
        assert(message->header.type != NET_TRANSFER && message->header.type != NET_PROCEED &&
               message->header.type != NET_CANCEL && message->header.type != NET_HTTP &&
               message->header.type <= NET_CERTIFICATE);
        if (message->header.type == NET_FAILED)
                assert(size == sizeof(NetFailed) && message->failed.hresult < 0 &&
                       strlen(message->failed.text) < sizeof(message->failed.text) &&
                       !strpbrk(message->failed.text, "\033\r\b\177\377"));
        if (message->header.type == NET_RESPONSE)
                assert(strlen(message->response.validator.etag) < WIRE_ETAG_SIZE);
        if (message->header.type == NET_HEADERS)
                assert(strlen(report.headers.text) + 1 + sizeof(WireHeader) == size);
        if (message->header.type == NET_REDIRECTED)
                assert(strlen(report.redirected.url) < WIRE_URL_SIZE);
        if (message->header.type == NET_CERTIFICATE)
                assert(report.certificate.size + report.certificate.chain_size <=
                               NET_CERTIFICATE_SIZE &&
                       strlen(report.certificate.what.authority) < NET_AUTHORITY_SIZE);
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
