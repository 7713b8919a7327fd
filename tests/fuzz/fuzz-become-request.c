/*
 * What bits-become takes from bitsd. The first byte: odd when a descriptor came with the request.
 *
 * What passes has the properties that the tasks rely on; and nothing but these: any request that is
 * put right in them passes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bits-become/request.h"
#include "wire/supervisor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
        if (!condition)
                abort();
}

/* field[size] is a text: empty, or when it is wanted not. */
static void require_text(const char *field, size_t size, bool wanted)
{
        require(memchr(field, 0, size) != NULL);
        require((field[0] != 0) == wanted);
}

static void require_directory(const char field[BECOME_DIRECTORY_SIZE], bool wanted)
{
        require_text(field, BECOME_DIRECTORY_SIZE, wanted);
        require(!wanted || field[0] == '/');
}

static void check_accepted(const BecomeRequest *request, bool with_fd)
{
        uint32_t type = request->header.type;
        bool queue = type == BECOME_QUEUE, worker = type == BECOME_WORKER;
        bool of_uid = type == BECOME_NAME || type == BECOME_MINT || worker;

        require(type >= BECOME_RESOLVE && type <= BECOME_WORKER && request->header.sequence == 0);
        require(request->user_mode <= 1 && request->reserved == 0);
        if (type == BECOME_RESOLVE || type == BECOME_NAME)
                require(!with_fd);
        else
                require(with_fd || worker);
        require(of_uid ? request->uid != UINT32_MAX : request->uid == 0);
        require(worker ? request->role >= 1 && request->role <= 3 : request->role == 0);

        if (type == BECOME_LOGON)
                require(memchr(request->account, 0, sizeof(request->account)) != NULL);
        else
                require_text(request->account, sizeof(request->account),
                             type == BECOME_RESOLVE || queue || worker);
        require_text(request->group, sizeof(request->group), type == BECOME_RESOLVE);
        require_directory(request->libexec, queue || worker);
        require_directory(request->state, queue);
        require_directory(request->runtime, queue);
}

static void repair(char *field, size_t size, char first)
{
        field[0] = first;
        field[size - 1] = 0;
}

static void check_repaired(BecomeRequest request)
{
        uint32_t uid = request.uid == UINT32_MAX ? 0 : request.uid;

        request.header = (WireHeader){.type = BECOME_WORKER};
        request.user_mode %= 2;
        request.role = WORKER_FILE + request.role % WORKER_NOTIFY;
        request.uid = uid;
        request.reserved = 0;
        repair(request.account, sizeof(request.account), 'a');
        repair(request.group, sizeof(request.group), 0);
        repair(request.libexec, sizeof(request.libexec), '/');
        repair(request.state, sizeof(request.state), 0);
        repair(request.runtime, sizeof(request.runtime), 0);
        require(become_request_check(&request, sizeof(request), false) == 0);
        require(become_request_check(&request, sizeof(request), true) == 0);

        request.header.type = BECOME_QUEUE;
        request.role = request.uid = 0;
        request.state[0] = request.runtime[0] = '/';
        require(become_request_check(&request, sizeof(request), true) == 0);

        request.header.type = BECOME_RESOLVE;
        request.libexec[0] = request.state[0] = request.runtime[0] = 0;
        request.group[0] = 'g';
        require(become_request_check(&request, sizeof(request), false) == 0);

        request.header.type = BECOME_LOGON;
        request.group[0] = 0;
        require(become_request_check(&request, sizeof(request), true) == 0);
        request.account[0] = 0;
        require(become_request_check(&request, sizeof(request), true) == 0);

        request.uid = uid;
        request.header.type = BECOME_NAME;
        require(become_request_check(&request, sizeof(request), false) == 0);
        request.header.type = BECOME_MINT;
        require(become_request_check(&request, sizeof(request), true) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        BecomeRequest request = {0};
        bool with_fd;

        if (size == 0)
                return 0;
        with_fd = data[0] & 1;
        data++;
        size--;
        memcpy(&request, data, size < sizeof(request) ? size : sizeof(request));
        if (become_request_check(data, size, with_fd) == 0) {
                require(size == sizeof(request));
                check_accepted(&request, with_fd);
        }
        check_repaired(request);
        return 0;
}
