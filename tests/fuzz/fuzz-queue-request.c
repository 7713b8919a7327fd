/*
 * What bitsd takes from bits-queue. The first byte: odd when a descriptor came with the message.
 *
 * What passes has the properties that the handlers rely on; and nothing but these: any message that
 * is put right in them passes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bitsd/message.h"
#include "wire/supervisor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
        if (!condition)
                abort();
}

static void check_accepted(const SupervisorMessage *message, size_t size, bool with_fd)
{
        switch (message->header.type) {
        case SUPERVISOR_QUERY:
                require(size == sizeof(SupervisorQuery) && with_fd);
                break;
        case SUPERVISOR_VERIFY:
                require(size == sizeof(SupervisorVerify) && !with_fd);
                break;
        case SUPERVISOR_SPAWN:
                require(size == sizeof(SupervisorSpawn));
                require(message->spawn.role == WORKER_FILE || message->spawn.role == WORKER_NET ||
                        message->spawn.role == WORKER_NOTIFY);
                require(message->spawn.with_token == with_fd);
                break;
        case SUPERVISOR_STOP:
                require(size == sizeof(SupervisorStop) && !with_fd);
                require(message->header.sequence == 0 && message->stop.reserved == 0);
                break;
        case SUPERVISOR_IDLE:
                require(size == sizeof(SupervisorIdle) && !with_fd);
                require(message->header.sequence == 0);
                break;
        default:
                abort(); /* nothing that bits-queue may say */
        }
}

static void check_repaired(SupervisorMessage message, bool with_fd)
{
        message.header.type = SUPERVISOR_VERIFY;
        require(queue_request_check(&message, sizeof(message.verify), false) == 0);
        message.header.type = SUPERVISOR_QUERY;
        require(queue_request_check(&message, sizeof(message.query), true) == 0);

        message.header.type = SUPERVISOR_SPAWN;
        message.spawn.role = WORKER_FILE + message.spawn.role % WORKER_NOTIFY;
        message.spawn.with_token = with_fd;
        require(queue_request_check(&message, sizeof(message.spawn), with_fd) == 0);

        message.header = (WireHeader){.type = SUPERVISOR_STOP};
        message.stop.reserved = 0;
        require(queue_request_check(&message, sizeof(message.stop), false) == 0);
        message.header.type = SUPERVISOR_IDLE;
        require(queue_request_check(&message, sizeof(message.idle), false) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        SupervisorMessage message = {0};
        bool with_fd;

        if (size == 0)
                return 0;
        with_fd = data[0] & 1;
        data++;
        size--;
        memcpy(&message, data, size < sizeof(message) ? size : sizeof(message));
        if (queue_request_check(data, size, with_fd) == 0)
                check_accepted(&message, size, with_fd);
        check_repaired(message, with_fd);
        return 0;
}
