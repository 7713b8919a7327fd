/*
 * Plays bits-file and bits-net for test-bitsd. On its socket: 'm' asks for a token of itself and
 * answers with the result, 'u' answers with the umask, 's' makes it deaf to TERM and hang-up, 'e'
 * ends it.
 */
#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/packet.h"
#include "libbits/identity.h"
#include "wire/supervisor.h"

static int32_t mint(void)
{
        Identity identity;
        int r, fd;

        r = identity_open("/run/bits", 0, &identity);
        return r < 0 ? r : identity_mint(&identity, 0, TOKEN_NETWORK, &fd);
}

int main(void)
{
        bool deaf = false;
        int32_t answer = 0;
        char command;

        for (;;) {
                if (packet_recv(WORKER_FD, &command, 1, NULL) != 1) {
                        while (deaf)
                                pause();
                        return 0;
                }
                switch (command) {
                case 'm':
                        answer = mint();
                        break;
                case 'u':
                        answer = (int32_t)umask(0);
                        break;
                case 's':
                        (void)signal(SIGTERM, SIG_IGN);
                        deaf = true;
                        answer = 0;
                        break;
                case 'e':
                        return 7;
                }
                if (packet_send(WORKER_FD, &answer, sizeof(answer), -1) < 0)
                        return 1;
        }
}
