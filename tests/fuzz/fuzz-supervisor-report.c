/*
 * What bits-queue takes from bitsd. The first byte: odd when a descriptor came with the message.
 *
 * What passes has the properties that the receivers rely on; and nothing but these: any message
 * that is put right in them passes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
        if (!condition)
                abort();
}

static void check_query_reply(const SupervisorQueryReply *reply)
{
        require(reply->result <= 0 && reply->result >= -4095);
        require(reply->administrator <= 1 && reply->by_logon <= 1);
        if (reply->result == 0)
                require(reply->uses >= 1 && reply->uses <= 3);
        else
                require(!reply->uid && !reply->audience && !reply->uses && !reply->administrator &&
                        !reply->by_logon);
}

static void check_spawn_reply(const SupervisorSpawnReply *reply, bool with_fd)
{
        require(reply->result <= 0 && reply->result >= -4095);
        require(with_fd == (reply->result == 0));
        if (reply->result == 0)
                require(reply->worker != 0 && (int32_t)reply->pid > 0);
        else
                require(!reply->worker && !reply->uid && !reply->pid);
}

static void check_accepted(const SupervisorMessage *message, size_t size, bool with_fd)
{
        const WireHeader *header = &message->header;

        require(!with_fd || header->type == SUPERVISOR_SPAWN_REPLY);
        switch (header->type) {
        case SUPERVISOR_START:
                require(size == sizeof(message->start) && header->sequence == 0);
                require(message->start.version == SUPERVISOR_VERSION && message->start.flags < 64);
                break;
        case SUPERVISOR_QUERY_REPLY:
                require(size == sizeof(message->query_reply));
                check_query_reply(&message->query_reply);
                break;
        case SUPERVISOR_VERIFY_REPLY:
                require(size == sizeof(message->verify_reply));
                require(message->verify_reply.result <= 0 && message->verify_reply.result >= -4095);
                require(message->verify_reply.result == 0 || message->verify_reply.uid == 0);
                break;
        case SUPERVISOR_SPAWN_REPLY:
                require(size == sizeof(message->spawn_reply));
                check_spawn_reply(&message->spawn_reply, with_fd);
                break;
        case SUPERVISOR_EXITED:
                require(size == sizeof(message->exited) && header->sequence == 0);
                require(message->exited.worker != 0);
                break;
        case SUPERVISOR_REVOKED:
                require(size == sizeof(message->revoked) && header->sequence == 0);
                require(message->revoked.epoch != 0);
                break;
        case SUPERVISOR_SETTINGS:
                require(size == sizeof(message->settings) && header->sequence == 0);
                require(message->settings.flags < 64);
                break;
        default:
                abort(); /* nothing that bitsd may say */
        }
}

static void check_good(SupervisorMessage *message, uint32_t type, size_t size, bool with_fd)
{
        message->header.type = type;
        require(supervisor_report_check(message, size, with_fd) == 0);
}

static void check_repaired_events(SupervisorMessage message)
{
        message.header.sequence = 0;
        message.exited.worker |= 1; /* lies where uid does in REVOKED */
        check_good(&message, SUPERVISOR_EXITED, sizeof(message.exited), false);
        message.revoked.epoch |= 1;
        check_good(&message, SUPERVISOR_REVOKED, sizeof(message.revoked), false);
        message.start.version = SUPERVISOR_VERSION;
        message.start.flags %= 64;
        check_good(&message, SUPERVISOR_START, sizeof(message.start), false);
        message.settings.flags %= 64;
        check_good(&message, SUPERVISOR_SETTINGS, sizeof(message.settings), false);
}

static void check_repaired_answers(SupervisorMessage message)
{
        int32_t error = (int32_t)(message.query_reply.uid % 4095) + 1;
        WireHeader header = message.header;

        message.query_reply.result = 0; /* where all have it */
        check_good(&message, SUPERVISOR_VERIFY_REPLY, sizeof(message.verify_reply), false);
        message.query_reply.uses = 1 + message.query_reply.uses % 3;
        message.query_reply.administrator %= 2;
        message.query_reply.by_logon %= 2;
        check_good(&message, SUPERVISOR_QUERY_REPLY, sizeof(message.query_reply), false);
        message.spawn_reply.worker |= 1;
        message.spawn_reply.pid = message.spawn_reply.pid / 2 | 1;
        check_good(&message, SUPERVISOR_SPAWN_REPLY, sizeof(message.spawn_reply), true);

        memset(&message, 0, sizeof(message));
        message.header = header;
        message.query_reply.result = -error;
        check_good(&message, SUPERVISOR_VERIFY_REPLY, sizeof(message.verify_reply), false);
        check_good(&message, SUPERVISOR_QUERY_REPLY, sizeof(message.query_reply), false);
        check_good(&message, SUPERVISOR_SPAWN_REPLY, sizeof(message.spawn_reply), false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        SupervisorMessage message;
        bool with_fd;

        if (size == 0 ||
            size - 1 > sizeof(message)) /* the receiver refuses longer ones by themselves */
                return 0;
        with_fd = data[0] & 1;
        memset(&message, 0xa5, sizeof(message)); /* what was not received must not matter */
        memcpy(&message, data + 1, size - 1);
        if (supervisor_report_check(&message, size - 1, with_fd) == 0)
                check_accepted(&message, size - 1, with_fd);
        check_repaired_events(message);
        check_repaired_answers(message);
        return 0;
}
