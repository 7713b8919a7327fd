/*
 * What bitsd takes from bits-become, which may be a user's process already. The first byte: in its
 * lower half the task, then how many replies came before (2 bits), then whether a descriptor came.
 *
 * What passes has the properties that the orders rely on; and nothing but these: any reply that is
 * put right in them passes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bitsd/message.h"
#include "wire/become.h"
#include "wire/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
        if (!condition)
                abort();
}

static size_t fds_of(uint32_t task)
{
        if (task == BECOME_MINT || task == BECOME_LOGON)
                return 2;
        return task == BECOME_QUEUE || task == BECOME_WORKER;
}

static void check_accepted(uint32_t task, size_t n_before, const BecomeReply *reply, bool with_fd)
{
        size_t n_fds = fds_of(task);

        require(task >= BECOME_RESOLVE && task <= BECOME_WORKER);
        require(reply->header.type == BECOME_REPLY && reply->header.sequence == 0);
        require(memchr(reply->account, 0, sizeof(reply->account)) != NULL);
        if (reply->result != 0) {
                require(!with_fd && reply->account[0] == 0 && reply->uid == 0 && reply->gid == 0 &&
                        reply->group_gid == 0);
                require(reply->result >= -4095);
                require(reply->result < 0 ||
                        (task == BECOME_LOGON && reply->result <= LOGON_NOT_GRANTED));
                return;
        }
        require(n_fds ? with_fd && n_before < n_fds : !with_fd && n_before == 0);
        require(reply->uid != UINT32_MAX && reply->gid != UINT32_MAX);
        require(task == BECOME_RESOLVE || reply->group_gid == UINT32_MAX);
        if (task == BECOME_NAME || task == BECOME_MINT || task == BECOME_LOGON)
                require(reply->account[0] != 0);
        require(task != BECOME_RESOLVE || reply->account[0] == 0);
}

static void check_repaired(uint32_t task, BecomeReply reply)
{
        int32_t error = (int32_t)((uint32_t)reply.result % 4095);
        size_t n_fds;

        task = BECOME_RESOLVE + task % BECOME_WORKER;
        n_fds = fds_of(task);
        require(become_reply_fds(task) == n_fds);

        reply.header = (WireHeader){.type = BECOME_REPLY};
        reply.result = 0;
        reply.uid /= 2;
        reply.gid /= 2;
        if (task != BECOME_RESOLVE)
                reply.group_gid = UINT32_MAX;
        reply.account[0] = task == BECOME_RESOLVE ? 0 : 'a';
        reply.account[sizeof(reply.account) - 1] = 0;
        for (size_t n = 0; n < (n_fds ? n_fds : 1); n++)
                require(become_reply_check(task, n, &reply, sizeof(reply), n_fds > 0) == 0);

        reply = (BecomeReply){.header.type = BECOME_REPLY, .result = -1 - error};
        require(become_reply_check(task, 0, &reply, sizeof(reply), false) == 0);
        require(become_reply_check(task, n_fds, &reply, sizeof(reply), false) == 0);
        reply.result = LOGON_FAILURE + error % LOGON_NOT_GRANTED;
        require(become_reply_check(BECOME_LOGON, 0, &reply, sizeof(reply), false) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        BecomeReply reply = {0};
        uint32_t task;
        size_t n_before;
        bool with_fd;

        if (size == 0)
                return 0;
        task = data[0] & 15;
        n_before = data[0] >> 4 & 3;
        with_fd = data[0] >> 6 & 1;
        data++;
        size--;
        memcpy(&reply, data, size < sizeof(reply) ? size : sizeof(reply));
        if (become_reply_check(task, n_before, data, size, with_fd) == 0) {
                require(size == sizeof(reply));
                check_accepted(task, n_before, &reply, with_fd);
        }
        check_repaired(task, reply);
        return 0;
}
