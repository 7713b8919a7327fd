/*
 * The real bitsd and bits-become, attacked and used, on the machine that test-bitsd.sh made:
 * accounts alice, bob, carol (ordinary), dora (administrator), eve (no password), service (a system
 * account). test-queue plays bits-queue and lets this program speak in its place; test-worker plays
 * the workers.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "base/peer.h"
#include "libbits/identity.h"
#include "wire/supervisor.h"

#define PASSWORD "correct horse"
#define WAIT_MS  60000
#define BOTH     (TOKEN_LOCAL_FILE | TOKEN_NETWORK)

enum {
        BITSD = 901,
        SERVICE = 902,
        ALICE = 2001,
        BOB = 2002,
        CAROL = 2003,
        DORA = 2004,
        EVE = 2005,
        GROUP_ADMIN = 2100,
        GROUP_EXTRA = 2101,
        GROUP_BY_PAM = 2102,
};

typedef struct World {
        pid_t bitsd;
        int notify; /* socket of NOTIFY_SOCKET */
        int link;   /* as bits-queue, to bitsd */
        uint32_t sequence;
        SupervisorStart start;
} World;

static World world = {.notify = -1, .link = -1};

/* ---- as another user ----------------------------------------------------------------------------
 */

typedef struct Wish {
        uint32_t audience, uses;
        const char *account, *password;
        int fd;
        const void *data;
        size_t size;
        bool restricted; /* with no_new_privs */
        Ticket ticket;   /* out */
} Wish;

typedef int (*deed_t)(Wish *wish, int *ret_fd);

static void become(uid_t uid)
{
        static const struct {
                uid_t uid;
                gid_t group;
        } members[] = {{BOB, GROUP_EXTRA}, {DORA, GROUP_ADMIN}};
        gid_t groups[2];
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTS(members); i++)
                if (members[i].uid == uid)
                        groups[n++] = members[i].group;
        if (setgroups(n, groups) < 0 || setresgid(uid, uid, uid) < 0 ||
            setresuid(uid, uid, uid) < 0)
                _exit(99);
}

typedef struct Outcome {
        int32_t result;
        Ticket ticket;
} Outcome;

static void live_as(uid_t uid, deed_t deed, Wish wish, int sock)
{
        Outcome outcome = {0};
        int fd = -1;

        if (wish.restricted && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                _exit(99);
        become(uid);
        outcome.result = deed(&wish, &fd);
        outcome.ticket = wish.ticket;
        (void)packet_send(sock, &outcome, sizeof(outcome), fd);
        _exit(0);
}

/* Starts a process of uid, nobody's child, that does the deed and reports on the returned socket.
 */
static int begin_as(uid_t uid, deed_t deed, const Wish *wish)
{
        int pair[2], status;
        pid_t pid;

        assert_int_equal(packet_pair(pair), 0);
        pid = fork();
        if (pid == 0) {
                if (fork() == 0)
                        live_as(uid, deed, *wish, pair[1]);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        (void)close(pair[1]);
        return pair[0];
}

static int finish_as(int sock, Wish *wish, int *ret_fd)
{
        Outcome outcome;
        int fd = -1;

        assert_int_equal(packet_recv(sock, &outcome, sizeof(outcome), &fd), sizeof(outcome));
        (void)close(sock);
        wish->ticket = outcome.ticket;
        if (ret_fd)
                *ret_fd = fd;
        else
                close_fd(fd);
        return outcome.result;
}

static int as(uid_t uid, deed_t deed, Wish *wish, int *ret_fd)
{
        return finish_as(begin_as(uid, deed, wish), wish, ret_fd);
}

static Identity identity_here(void)
{
        Identity identity;

        if (identity_open("/run/bits", 0, &identity) < 0)
                _exit(98);
        return identity;
}

static int do_mint(Wish *wish, int *ret_fd)
{
        Identity identity = identity_here();

        return identity_mint(&identity, wish->audience, wish->uses, ret_fd);
}

static int do_logon(Wish *wish, int *ret_fd)
{
        Identity identity = identity_here();
        char password[64];
        int r;

        (void)snprintf(password, sizeof(password), "%s", wish->password);
        r = identity_logon(&identity, wish->account, password, wish->uses, ret_fd);
        for (size_t i = 0; i < strlen(wish->password); i++)
                if (password[i])
                        return -EIO; /* not wiped */
        return r;
}

static int do_ticket(Wish *wish, int *ret_fd)
{
        Identity identity = identity_here();

        (void)ret_fd;
        return identity_ticket(&identity, &wish->ticket);
}

static int do_revoke(Wish *wish, int *ret_fd)
{
        Identity identity = identity_here();

        (void)wish;
        (void)ret_fd;
        return identity_revoke(&identity);
}

static int connect_identity(void)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/bits/identity"};
        int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        if (sock < 0 || connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;
        return sock;
}

/* Sends data and fd as they are on a connection of its own, without looking at HELLO. */
static int do_send_blindly(Wish *wish, int *ret_fd)
{
        int sock = connect_identity();
        IdentityHello hello;
        IdentityReply reply;

        if (sock < 0 || packet_send(sock, wish->data, wish->size, wish->fd) < 0)
                return -EIO;
        if (packet_recv(sock, &hello, sizeof(hello), NULL) != sizeof(hello))
                return -EIO;
        if (packet_recv(sock, &reply, sizeof(reply), ret_fd) != sizeof(reply))
                return -ECONNRESET;
        return reply.result;
}

/* The same with the right nonce. */
static int do_send(Wish *wish, int *ret_fd)
{
        int sock = connect_identity();
        union {
                IdentityRequest request;
                char space[2 * sizeof(IdentityRequest)];
        } message = {0};
        IdentityHello hello;
        IdentityReply reply;

        if (sock < 0 || packet_recv(sock, &hello, sizeof(hello), NULL) != sizeof(hello))
                return -EIO;
        memcpy(&message, wish->data,
               wish->size < sizeof(IdentityRequest) ? wish->size : sizeof(IdentityRequest));
        memcpy(message.request.nonce, hello.nonce, sizeof(hello.nonce));
        if (packet_send(sock, &message, wish->size, wish->fd) < 0)
                return -EIO;
        if (packet_recv(sock, &reply, sizeof(reply), ret_fd) != sizeof(reply))
                return -ECONNRESET;
        return reply.result;
}

/* Keeps n silent connections, in a process that lives until nobody has the other end of the pipe.
 */
static int do_flood(Wish *wish, int *ret_fd)
{
        const int *hold = wish->data;
        char byte;

        for (uint32_t i = 0; i < wish->uses; i++)
                if (connect_identity() < 0)
                        return -EIO;
        (void)ret_fd;
        if (fork() == 0) {
                (void)close(hold[1]);
                _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
        }
        return 0;
}

/* Connects until the first of its connections is dropped, and then as often again. */
static int do_knock(Wish *wish, int *ret_fd)
{
        int first = connect_identity(), n = 1;
        struct pollfd waiting = {.fd = first, .events = POLLRDHUP};

        (void)wish;
        (void)ret_fd;
        for (; poll(&waiting, 1, 10) == 0; n++)
                if (connect_identity() < 0)
                        return -EIO;
        for (; n > 0; n--)
                if (connect_identity() < 0)
                        return -EIO;
        return 0;
}

/* ---- the service --------------------------------------------------------------------------------
 */

static bool wait_readable(int fd, short events, int ms)
{
        struct pollfd waiting = {.fd = fd, .events = events};

        return poll(&waiting, 1, ms) == 1;
}

static void wait_gone(pid_t pid)
{
        int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

        if (pidfd < 0)
                return; /* gone and reaped */
        assert_true(wait_readable(pidfd, POLLIN, WAIT_MS));
        (void)close(pidfd);
}

static void wait_ready(void)
{
        char text[256];
        ssize_t n;

        do {
                assert_true(wait_readable(world.notify, POLLIN, WAIT_MS));
                n = recv(world.notify, text, sizeof(text) - 1, 0);
                assert_true(n > 0);
                text[n] = 0;
        } while (!strstr(text, "READY=1"));
}

/* Takes bits-queue's place. */
static void link_queue(void)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/bits/bus"};
        int connection, pair[2];

        world.link = close_fd(world.link);
        connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(connection, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(packet_pair(pair), 0);
        assert_int_equal(packet_send(connection, "l", 1, pair[1]), 0);
        (void)close(pair[1]);
        (void)close(connection);
        world.link = pair[0];
        assert_true(wait_readable(world.link, POLLIN, WAIT_MS));
        assert_int_equal(packet_recv(world.link, &world.start, sizeof(world.start), NULL),
                         sizeof(world.start));
}

static void fork_bitsd(void)
{
        int log = open("/dev/shm/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        assert_true(log >= 0);
        world.bitsd = fork();
        if (world.bitsd == 0) {
                (void)dup2(log, STDERR_FILENO);
                (void)setenv("NOTIFY_SOCKET", "/run/test-notify", 1);
                execl("/dev/shm/libexec/bitsd", "bitsd", "--libexec", "/dev/shm/libexec", "--state",
                      "/dev/shm/state", NULL);
                _exit(127);
        }
        (void)close(log);
}

static void start_bitsd(void)
{
        fork_bitsd();
        wait_ready();
        link_queue();
}

static int setup(void **state)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/test-notify"};

        (void)state;
        (void)unlink(address.sun_path);
        world.notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (bind(world.notify, (struct sockaddr *)&address, sizeof(address)) < 0)
                return -1;
        start_bitsd();
        return 0;
}

static int stop_bitsd(int signal_number)
{
        int status;

        (void)kill(world.bitsd, signal_number);
        if (waitpid(world.bitsd, &status, 0) != world.bitsd)
                return -1;
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int teardown(void **state)
{
        int r = stop_bitsd(SIGTERM);

        (void)state;
        world.link = close_fd(world.link);
        world.notify = close_fd(world.notify);
        return r;
}

/* ---- as bits-queue ------------------------------------------------------------------------------
 */

/* The next message of type; those of other types that come before it are dropped. */
static int expect(uint32_t type, void *ret, size_t size)
{
        SupervisorMessage message;
        int fd = -1;
        ssize_t n;

        do {
                close_fd(fd);
                assert_true(wait_readable(world.link, POLLIN, WAIT_MS));
                n = packet_recv(world.link, &message, sizeof(message), &fd);
                assert_true(n >= (ssize_t)sizeof(WireHeader));
        } while (message.header.type != type);
        assert_int_equal(n, size);
        memcpy(ret, &message, size);
        return fd;
}

static SupervisorQueryReply query(int fd)
{
        SupervisorQuery request = {.header = {SUPERVISOR_QUERY, ++world.sequence}};
        SupervisorQueryReply reply;

        assert_int_equal(packet_send(world.link, &request, sizeof(request), fd), 0);
        assert_int_equal(expect(SUPERVISOR_QUERY_REPLY, &reply, sizeof(reply)), -1);
        assert_int_equal(reply.header.sequence, world.sequence);
        return reply;
}

static int verify(const Ticket *ticket)
{
        SupervisorVerify request = {.header = {SUPERVISOR_VERIFY, ++world.sequence},
                                    .ticket = *ticket};
        SupervisorVerifyReply reply;

        assert_int_equal(packet_send(world.link, &request, sizeof(request), -1), 0);
        (void)expect(SUPERVISOR_VERIFY_REPLY, &reply, sizeof(reply));
        assert_int_equal(reply.header.sequence, world.sequence);
        return reply.result;
}

typedef struct Spawned {
        int result, sock;
        uint32_t id;
        uid_t uid;
        pid_t pid;
} Spawned;

static Spawned spawn(uint32_t role, const Ticket *ticket, int token)
{
        SupervisorSpawn request = {
                .header = {SUPERVISOR_SPAWN, ++world.sequence},
                .role = role,
                .with_token = token >= 0,
                .ticket = *ticket,
        };
        SupervisorSpawnReply reply;
        Spawned spawned;

        assert_int_equal(packet_send(world.link, &request, sizeof(request), token), 0);
        spawned.sock = expect(SUPERVISOR_SPAWN_REPLY, &reply, sizeof(reply));
        assert_int_equal(reply.header.sequence, world.sequence);
        assert_int_equal(reply.result == 0, spawned.sock >= 0);
        spawned.result = reply.result;
        spawned.id = reply.worker;
        spawned.uid = reply.uid;
        spawned.pid = (pid_t)reply.pid;
        return spawned;
}

static SupervisorExited wait_exited(uint32_t id)
{
        SupervisorExited exited;

        do
                (void)expect(SUPERVISOR_EXITED, &exited, sizeof(exited));
        while (exited.worker != id);
        return exited;
}

static int32_t tell(const Spawned *worker, char command)
{
        int32_t answer;

        assert_int_equal(packet_send(worker->sock, &command, 1, -1), 0);
        assert_true(wait_readable(worker->sock, POLLIN, WAIT_MS));
        assert_int_equal(packet_recv(worker->sock, &answer, sizeof(answer), NULL), sizeof(answer));
        return answer;
}

static void end_worker(Spawned *worker)
{
        assert_int_equal(packet_send(worker->sock, "e", 1, -1), 0);
        assert_int_equal(wait_exited(worker->id).status, 7 << 8);
        worker->sock = close_fd(worker->sock);
}

/* ---- short forms --------------------------------------------------------------------------------
 */

static int mint(uid_t uid, uid_t audience, uint32_t uses)
{
        Wish wish = {.audience = audience, .uses = uses};
        int fd = -1;

        assert_int_equal(as(uid, do_mint, &wish, &fd), 0);
        assert_true(fd >= 0);
        return fd;
}

static Ticket ticket_of(uid_t uid)
{
        Wish wish = {0};

        assert_int_equal(as(uid, do_ticket, &wish, NULL), 0);
        return wish.ticket;
}

static int logon(uid_t uid, const char *account, const char *password)
{
        Wish wish = {.account = account, .password = password, .uses = BOTH};

        return as(uid, do_logon, &wish, NULL);
}

static bool hung_up(int fd, int ms)
{
        struct pollfd waiting = {.fd = fd};

        return poll(&waiting, 1, ms) == 1 && waiting.revents & POLLHUP;
}

static void run(const char *command)
{
        assert_int_equal(system(command), 0);
}

static double seconds(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* NULL when the process is gone. NULs in the text become newlines. */
static char *proc_text_of_mortal(pid_t pid, const char *file, char *ret, size_t size)
{
        char path[64];
        ssize_t n;
        int fd;

        (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return NULL;
        n = read(fd, ret, size - 1);
        (void)close(fd);
        if (n < 0)
                return NULL;
        ret[n] = 0;
        for (ssize_t i = 0; i < n; i++)
                if (!ret[i])
                        ret[i] = '\n';
        return ret;
}

static char *proc_text(pid_t pid, const char *file, char *ret, size_t size)
{
        char *text = proc_text_of_mortal(pid, file, ret, size);

        assert_non_null(text);
        return text;
}

static pid_t find_queue(void)
{
        char text[4096];
        pid_t pid = 0, found = 0;
        FILE *f;

        (void)snprintf(text, sizeof(text), "/proc/%d/task/%d/children", (int)world.bitsd,
                       (int)world.bitsd);
        f = fopen(text, "re");
        assert_non_null(f);
        while (fscanf(f, "%d", &pid) == 1)
                if (proc_text_of_mortal(pid, "comm", text, sizeof(text)) &&
                    strcmp(text, "bits-queue\n") == 0)
                        found = pid;
        (void)fclose(f);
        return found;
}

/* Children of bitsd's that end while the list is read may hide one that does not: look again. */
static pid_t queue_pid(void)
{
        double begin = seconds();
        pid_t pid;

        do
                pid = find_queue();
        while (pid == 0 && seconds() - begin < WAIT_MS / 1000);
        assert_true(pid > 0);
        return pid;
}

/* No rights, no way to any; nobody but root may look inside; only the descriptors it shall have
 * (-1: it has looked itself). */
static void assert_bare(pid_t pid, uid_t uid, int last_fd)
{
        char status[8192], text[8192], line[64], path[64];
        struct stat st;

        (void)proc_text(pid, "status", status, sizeof(status));
        (void)snprintf(line, sizeof(line), "Uid:\t%u\t%u\t%u\t%u\n", uid, uid, uid, uid);
        assert_non_null(strstr(status, line));
        (void)snprintf(line, sizeof(line), "Gid:\t%u\t%u\t%u\t%u\n", uid, uid, uid, uid);
        assert_non_null(strstr(status, line));
        assert_non_null(strstr(status, "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
                                       "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
                                       "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\n"));

        (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_uid, 0); /* not dumpable: the user may neither look nor trace */
        for (int fd = 0; fd < 64 && last_fd >= 0; fd++) {
                (void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
                assert_int_equal(lstat(path, &st) == 0, fd <= last_fd);
        }

        assert_non_null(strstr(proc_text(pid, "limits", text, sizeof(text)),
                               "Max core file size        0                    0 "));
        assert_int_equal(getsid(pid), pid);
        (void)snprintf(path, sizeof(path), "/proc/%d/cwd", (int)pid);
        assert_int_equal(readlink(path, text, sizeof(text)), 1);
}

/* A worker has only what it shall have once its program runs: while that is loaded, libraries are
 * open. */
static void assert_worker_bare(const Spawned *worker)
{
        assert_int_equal(tell(worker, 'u'), 022);
        assert_bare(worker->pid, worker->uid, 3);
}

/* ---- tests: what bits-queue is ------------------------------------------------------------------
 */

static void test_queue(void **state)
{
        pid_t pid = queue_pid();
        char text[4096];
        struct stat st;

        (void)state;
        assert_bare(pid, BITSD, -1);
        assert_string_equal(proc_text(pid, "environ", text, sizeof(text)),
                            "PATH=/usr/bin:/bin\nLANG=C.UTF-8\nBITS_STATE=/dev/shm/state/queue\n"
                            "BITS_RUNTIME=/run/bits\n");
        assert_non_null(strstr(proc_text(pid, "status", text, sizeof(text)), "\nGroups:\t \n"));

        assert_int_equal(world.start.version, SUPERVISOR_VERSION);
        assert_int_equal(world.start.flags,
                         SUPERVISOR_ROOT_JOBS | SUPERVISOR_NOTIFY_ADMINISTRATORS);
        assert_int_equal(world.start.admin_gid, GROUP_ADMIN);
        assert_int_equal(world.start.system_uid_max, 999);

        assert_int_equal(stat("/dev/shm/state/queue", &st), 0);
        assert_int_equal(st.st_uid, BITSD);
        assert_int_equal(st.st_mode & 07777, 0700);
        assert_int_equal(stat("/dev/shm/state/identity", &st), 0);
        assert_int_equal(st.st_uid, 0);
        assert_int_equal(st.st_mode & 07777, 0700);
        assert_int_equal(stat("/run/bits/identity", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0666);
}

static void test_bitsd_rights(void **state)
{
        char status[8192];
        const char *bounding;
        unsigned long long caps;

        (void)state;
        (void)proc_text(world.bitsd, "status", status, sizeof(status));
        bounding = strstr(status, "CapEff:");
        assert_non_null(bounding);
        caps = strtoull(bounding + 7, NULL, 16);
        assert_int_equal(caps & ~UINT64_C(0x210001e0), 0); /* see CAPABILITIES in main.c */
        assert_null(strstr(status, "NoNewPrivs:\t1"));
}

/* ---- tests: tokens ------------------------------------------------------------------------------
 */

static void test_mint(void **state)
{
        int bob = mint(BOB, ALICE, TOKEN_LOCAL_FILE), dora = mint(DORA, DORA, BOTH);
        gid_t groups[PEER_GROUPS_MAX];
        SupervisorQueryReply reply;
        size_t n = 0;

        (void)state;
        reply = query(bob);
        assert_int_equal(reply.result, 0);
        assert_int_equal(reply.uid, BOB);
        assert_int_equal(reply.audience, ALICE);
        assert_int_equal(reply.uses, TOKEN_LOCAL_FILE);
        assert_int_equal(reply.administrator, 0);
        assert_int_equal(reply.by_logon, 0);
        assert_int_equal(peer_groups(bob, groups, &n), 0);
        assert_int_equal(n, 1); /* those of the process that asked */
        assert_int_equal(groups[0], GROUP_EXTRA);

        reply = query(dora);
        assert_int_equal(reply.result, 0);
        assert_int_equal(reply.administrator, 1);
        (void)close(bob);
        (void)close(dora);
}

static void test_root_lends_nothing(void **state)
{
        Wish wish = {.audience = ALICE, .uses = BOTH};
        int fd;

        (void)state;
        assert_int_equal(as(0, do_mint, &wish, NULL), -EPERM);
        fd = mint(0, 0, BOTH);
        assert_int_equal(query(fd).administrator, 1);
        (void)close(fd);
}

/* bob merely connects to a socket of mal's: what mal holds then names bob, and is no token. */
static int do_lure(Wish *wish, int *ret_fd)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/tmp/lure"};
        int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        (void)wish;
        (void)ret_fd;
        return connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

static void test_confused_deputy(void **state)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/tmp/lure"};
        int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), lured;
        Ticket alice = ticket_of(ALICE);
        int token =
                mint(BOB, ALICE, BOTH); /* that he does have one makes no other socket a token */
        Wish wish = {0};
        PeerCred cred;

        (void)state;
        assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(chmod(address.sun_path, 0666), 0);
        assert_int_equal(listen(listener, 1), 0);
        assert_int_equal(as(BOB, do_lure, &wish, NULL), 0);
        lured = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        assert_int_equal(peer_cred(lured, &cred), 0);
        assert_int_equal(cred.uid, BOB);
        assert_int_equal(query(lured).result, -ENOKEY);
        assert_int_equal(spawn(WORKER_FILE, &alice, lured).result, -ENOKEY);
        (void)close(token);
        (void)close(lured);
        (void)close(listener);
}

static int do_pair(Wish *wish, int *ret_fd)
{
        int pair[2], r = packet_pair(pair);

        (void)wish;
        *ret_fd = pair[0];
        return r;
}

static void test_foreign_pairs(void **state)
{
        Ticket alice = ticket_of(ALICE);
        int token = mint(BOB, ALICE, BOTH), pair, own, ends[2];
        Wish wish = {0};

        (void)state;
        assert_int_equal(as(BOB, do_pair, &wish, &pair), 0);
        assert_int_equal(query(pair).result, -ENOKEY);
        assert_int_equal(spawn(WORKER_FILE, &alice, pair).result, -ENOKEY);
        assert_int_equal(packet_pair(ends), 0); /* root's */
        assert_int_equal(query(ends[0]).result, -ENOKEY);
        own = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_int_equal(query(own).result, -ENOKEY);
        (void)close(token);
        (void)close(pair);
        (void)close(own);
        (void)close(ends[0]);
        (void)close(ends[1]);
}

static void test_token_hangs_up(void **state)
{
        int token = mint(BOB, ALICE, BOTH), copy = dup(token);
        Ticket alice = ticket_of(ALICE);
        Spawned worker;

        (void)state;
        /* Sent over itself it would keep itself alive. */
        assert_int_equal(packet_send(token, "x", 1, token), -EPIPE);

        worker = spawn(WORKER_NET, &alice, token);
        assert_int_equal(worker.result, 0);
        (void)close(token);
        assert_int_equal(query(copy).result, 0);
        (void)close(copy);
        (void)wait_exited(worker.id);
        assert_true(hung_up(worker.sock, WAIT_MS));
        (void)close(worker.sock);
}

static void test_token_quota(void **state)
{
        int tokens[256];
        Wish wish = {.audience = CAROL, .uses = BOTH};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(tokens); i++)
                tokens[i] = mint(CAROL, CAROL, BOTH);
        assert_int_equal(as(CAROL, do_mint, &wish, NULL), -EDQUOT);
        (void)close(mint(BOB, BOB, BOTH));
        for (size_t i = 0; i < ELEMENTS(tokens); i++)
                (void)close(tokens[i]);
        /* bitsd sees the hang-ups and this connection in any order */
        for (int ms = 0; as(CAROL, do_mint, &wish, NULL) == -EDQUOT && ms < WAIT_MS; ms += 10)
                (void)usleep(10000);
        (void)close(mint(CAROL, CAROL, BOTH));
}

/* ---- tests: consent -----------------------------------------------------------------------------
 */

static void test_blind_writer(void **state)
{
        IdentityRequest request = {.header = {IDENTITY_MINT, 1}, .audience = CAROL, .uses = BOTH};
        Wish wish = {.data = &request, .size = sizeof(request), .fd = -1};

        (void)state;
        assert_int_equal(as(BOB, do_send_blindly, &wish, NULL), -EPROTO);
        wish.size = 7;
        assert_int_equal(as(BOB, do_send_blindly, &wish, NULL), -EPROTO);
}

/* carol connects and reads the nonce; a process of bob's is led to write it on her connection. */
static int do_write_on(Wish *wish, int *ret_fd)
{
        (void)ret_fd;
        return packet_send(wish->fd, wish->data, wish->size, -1);
}

static void test_borrowed_writer(void **state)
{
        IdentityRequest request = {.header = {IDENTITY_MINT, 1}, .audience = CAROL, .uses = BOTH};
        Wish wish = {.data = &request, .size = sizeof(request)};
        IdentityHello hello;
        IdentityReply reply;
        int token = -1;

        (void)state;
        /* carol's process must still be there: one that is gone cannot be told from a sandbox */
        assert_int_equal(setegid(CAROL), 0);
        assert_int_equal(seteuid(CAROL), 0);
        wish.fd = connect_identity();
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(setegid(0), 0);
        assert_true(wish.fd >= 0);
        assert_int_equal(packet_recv(wish.fd, &hello, sizeof(hello), NULL), sizeof(hello));
        memcpy(request.nonce, hello.nonce, sizeof(hello.nonce));
        assert_int_equal(as(BOB, do_write_on, &wish, NULL), 0);
        assert_int_equal(packet_recv(wish.fd, &reply, sizeof(reply), &token), sizeof(reply));
        assert_int_equal(reply.result, 0);
        assert_int_equal(reply.uid, CAROL);
        assert_int_equal(query(token).uid, CAROL);
        (void)close(token);
        (void)close(wish.fd);
}

static void test_malformed(void **state)
{
        IdentityRequest request = {.header = {IDENTITY_MINT, 1}, .audience = BOB, .uses = BOTH};
        Wish wish = {.data = &request, .size = sizeof(request), .fd = -1};
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

        (void)state;
        assert_int_equal(as(BOB, do_send, &wish, NULL), 0);
        request.uses = 0;
        assert_int_equal(as(BOB, do_send, &wish, NULL), -EPROTO);
        request.uses = 8;
        assert_int_equal(as(BOB, do_send, &wish, NULL), -EPROTO);
        request.uses = BOTH;
        wish.size--;
        assert_int_equal(as(BOB, do_send, &wish, NULL), -EPROTO);
        wish.size += 2;
        assert_int_equal(as(BOB, do_send, &wish, NULL), -EPROTO);
        wish.size--;
        wish.fd = null; /* nobody asked for one */
        assert_int_equal(as(BOB, do_send, &wish, NULL), -EPROTO);
        wish.fd = -1;
        memset(request.account, 'x', sizeof(request.account));
        assert_int_equal(as(BOB, do_send, &wish, NULL), -EPROTO);
        memset(request.account, 0, sizeof(request.account));
        for (uint32_t type = 0; type < 10; type++) {
                if (type >= IDENTITY_MINT && type <= IDENTITY_REVOKE)
                        continue;
                request.header.type = type;
                assert_int_equal(as(BOB, do_send, &wish, NULL), -EPROTO);
        }

        request.header.type = IDENTITY_LOGON;
        (void)snprintf(request.account, sizeof(request.account), "bob");
        assert_int_equal(as(CAROL, do_send, &wish, NULL), -EPROTO); /* without a pipe */
        wish.fd = null;
        assert_int_equal(as(CAROL, do_send, &wish, NULL), -EPROTO); /* that is none */
        (void)close(null);
}

static void test_restricted(void **state)
{
        Wish wish = {.audience = BOB,
                     .uses = BOTH,
                     .restricted = true,
                     .account = "bob",
                     .password = PASSWORD};

        (void)state;
        assert_int_equal(as(BOB, do_mint, &wish, NULL), -EACCES);
        assert_int_equal(as(BOB, do_ticket, &wish, NULL), -EACCES);
        assert_int_equal(as(ALICE, do_logon, &wish, NULL), -EACCES);
        assert_int_equal(as(BOB, do_revoke, &wish, NULL), 0); /* less is always allowed */
        assert_int_equal(as(SERVICE, do_ticket, &wish, NULL), 0);
}

static void reload(const char *text)
{
        FILE *f;
        int r;

        run("mkdir -p /etc/bits");
        f = fopen("/etc/bits/bitsd.conf", "we");
        assert_non_null(f);
        r = fputs(text, f);
        assert_true(r >= 0);
        (void)fclose(f);
        assert_int_equal(kill(world.bitsd, SIGHUP), 0);
}

static void test_settings(void **state)
{
        Wish wish = {.audience = SERVICE, .uses = BOTH, .restricted = true};
        Ticket root = ticket_of(0);
        Spawned worker = spawn(WORKER_FILE, &root, -1);

        (void)state;
        assert_int_equal(worker.result, 0);
        assert_int_equal(worker.uid, 0);
        assert_worker_bare(&worker);
        end_worker(&worker);

        reload("RestrictedCallers=all\nRootJobs=no\n");
        assert_int_equal(as(SERVICE, do_ticket, &wish, NULL), -EACCES);
        assert_int_equal(spawn(WORKER_FILE, &root, -1).result, -EPERM);

        reload("RestrictedCallers=sandboxed\nRootJobs=perhaps\n"); /* bad: all stays as it was */
        assert_int_equal(as(SERVICE, do_ticket, &wish, NULL), -EACCES);
        reload("RestrictedCallers=none\nNonsense=1\n");
        assert_int_equal(as(BOB, do_ticket, &wish, NULL), 0);
        run("rm -r /etc/bits");
}

/* The first thing that bitsd wants to know, who the administrators are, takes its time. What is
 * given meanwhile must not be that of an ordinary person for its whole life. */
static void test_slow_group(void **state)
{
        Wish ticket = {0}, token = {.audience = ALICE, .uses = BOTH};
        double begin = seconds();
        int socks[2], fd;
        Ticket alice;

        (void)state;
        run("cd /dev/shm/libexec && mv bits-become really-become && printf '%s\n' '#!/bin/sh' "
            "'mkdir /run/first 2>/dev/null && until [ -e /run/go ]; do sleep 0.02; done' "
            "'exec /dev/shm/libexec/really-become' >bits-become && chmod 755 bits-become");
        fork_bitsd();
        while ((fd = connect_identity()) < 0)
                assert_true(seconds() - begin < WAIT_MS / 1000);
        (void)close(fd);
        socks[0] = begin_as(DORA, do_ticket, &ticket);
        socks[1] = begin_as(DORA, do_mint, &token);
        for (int i = 0; i < 2; i++) /* who would answer now shall have the time for it */
                (void)wait_readable(socks[i], POLLIN, 1000);
        run("touch /run/go");
        wait_ready();
        link_queue();
        assert_int_equal(finish_as(socks[0], &ticket, NULL), 0);
        assert_int_equal(ticket.ticket.flags, TICKET_ADMINISTRATOR);
        assert_int_equal(finish_as(socks[1], &token, &fd), 0);
        /* not before: they have been on their way from the one to the other */
        run("cd /dev/shm/libexec && mv really-become bits-become && rmdir /run/first && rm "
            "/run/go");
        assert_int_equal(query(fd).administrator, 1);
        alice = ticket_of(ALICE);
        assert_int_equal(spawn(WORKER_FILE, &alice, fd).result, -EACCES);
        (void)close(fd);
}

static void test_other_group(void **state)
{
        int bob = mint(BOB, ALICE, BOTH), dora = mint(DORA, ALICE, BOTH);
        Ticket alice = ticket_of(ALICE);
        double begin = seconds();
        Spawned worker;

        (void)state;
        assert_int_equal(query(bob).administrator, 0);
        assert_int_equal(query(dora).administrator, 1);
        reload("AdminGroup=extra\n");
        while (query(bob).administrator == 0)
                assert_true(seconds() - begin < WAIT_MS / 1000);
        assert_int_equal(spawn(WORKER_FILE, &alice, bob).result, -EACCES);
        assert_int_equal(query(dora).administrator, 0);
        worker = spawn(WORKER_FILE, &alice, dora);
        assert_int_equal(worker.result, 0);
        end_worker(&worker);
        run("rm -r /etc/bits");
        (void)close(bob);
        (void)close(dora);
}

static size_t count_fds(pid_t pid)
{
        char path[64];
        struct stat st;
        size_t n = 0;

        for (int fd = 0; fd < 4096; fd++) {
                (void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
                n += lstat(path, &st) == 0;
        }
        return n;
}

static void test_flood(void **state)
{
        int hold[2];
        Wish wish = {.uses = 200, .data = hold};
        double begin;

        (void)state;
        assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
        assert_int_equal(as(CAROL, do_flood, &wish, NULL), 0);
        assert_true(count_fds(world.bitsd) < 40);
        begin = seconds();
        (void)close(mint(BOB, BOB, BOTH));
        assert_true(seconds() - begin < 30);
        (void)close(mint(CAROL, CAROL, BOTH)); /* nor does she lock herself out */
        (void)close(hold[0]);
        (void)close(hold[1]);
}

/* ---- tests: tickets -----------------------------------------------------------------------------
 */

static void test_ticket(void **state)
{
        Ticket alice = ticket_of(ALICE), dora = ticket_of(DORA), root = ticket_of(0);

        (void)state;
        assert_string_equal(alice.account, "alice");
        assert_int_equal(alice.uid, ALICE);
        assert_int_equal(alice.flags, 0);
        assert_int_equal(dora.flags, TICKET_ADMINISTRATOR);
        assert_int_equal(root.flags, TICKET_ADMINISTRATOR);
        assert_int_equal(verify(&alice), 0);
        assert_int_equal(verify(&dora), 0);

        for (size_t i = 0; i < sizeof(Ticket); i++) {
                Ticket edited = alice;

                ((uint8_t *)&edited)[i] ^= 1;
                assert_int_equal(verify(&edited), -EBADMSG);
        }
        alice.uid = BOB;
        assert_int_equal(spawn(WORKER_FILE, &alice, -1).result, -EBADMSG);
        memset(&alice, 0, sizeof(alice));
        assert_int_equal(spawn(WORKER_FILE, &alice, -1).result, -EBADMSG);
}

static void test_revoke(void **state)
{
        Ticket bob = ticket_of(BOB), alice = ticket_of(ALICE), again;
        int token = mint(BOB, ALICE, BOTH);
        Spawned by_ticket = spawn(WORKER_FILE, &bob, -1),
                by_token = spawn(WORKER_FILE, &alice, token);
        Spawned other = spawn(WORKER_FILE, &alice, -1);
        SupervisorRevoked revoked;
        Wish wish = {0};

        (void)state;
        assert_int_equal(by_ticket.result, 0);
        assert_int_equal(by_token.result, 0);
        assert_int_equal(as(BOB, do_revoke, &wish, NULL), 0);
        (void)expect(SUPERVISOR_REVOKED, &revoked, sizeof(revoked));
        assert_int_equal(revoked.uid, BOB);
        assert_int_equal(revoked.epoch, bob.epoch + 1);
        assert_true(hung_up(token, WAIT_MS));
        wait_gone(by_ticket.pid);
        wait_gone(by_token.pid);
        assert_int_equal(verify(&bob), -EKEYREVOKED);
        assert_int_equal(spawn(WORKER_FILE, &bob, -1).result, -EKEYREVOKED);
        assert_int_equal(spawn(WORKER_FILE, &alice, token).result, -ENOKEY);
        again = ticket_of(BOB);
        assert_int_equal(verify(&again), 0);
        assert_int_equal(tell(&other, 'u'), 022); /* alice's own goes on */
        (void)close(token);
        (void)close(by_ticket.sock);
        (void)close(by_token.sock);
        (void)close(other.sock);
}

/* Each revocation is written to the disk while everybody waits. */
static void test_revoke_often(void **state)
{
        Ticket before = ticket_of(BOB), after;
        double begin = seconds();
        Wish wish = {0};
        int socks[7];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(socks); i++)
                socks[i] = begin_as(BOB, do_revoke, &wish);
        for (size_t i = 0; i < ELEMENTS(socks); i++)
                assert_int_equal(finish_as(socks[i], &wish, NULL), 0);
        after = ticket_of(BOB);
        assert_true(after.epoch > before.epoch);
        assert_true(after.epoch - before.epoch <= 1 + seconds() - begin);
        assert_int_equal(verify(&before), -EKEYREVOKED);
}

static void test_used_again(void **state)
{
        Ticket carol = ticket_of(CAROL);
        int token = mint(CAROL, ALICE, BOTH);
        Ticket alice = ticket_of(ALICE);

        (void)state;
        run("sed -i s/^carol:/karl:/ /etc/passwd");
        assert_int_equal(spawn(WORKER_FILE, &carol, -1).result, -ESTALE);
        assert_int_equal(spawn(WORKER_FILE, &alice, token).result, -ESTALE);
        run("sed -i /^karl:/d /etc/passwd");
        assert_int_equal(spawn(WORKER_FILE, &carol, -1).result, -ESTALE);
        run("echo carol:x:2003:2003::/run/home/carol:/bin/sh >>/etc/passwd");
        (void)close(token);
}

/* ---- tests: workers -----------------------------------------------------------------------------
 */

static void test_worker(void **state)
{
        Ticket bob = ticket_of(BOB);
        Spawned worker = spawn(WORKER_FILE, &bob, -1);
        char text[8192];
        PeerCred cred;

        (void)state;
        assert_int_equal(worker.result, 0);
        assert_true(worker.id != 0);
        assert_int_equal(worker.uid, BOB);
        assert_int_equal(peer_cred(worker.sock, &cred), 0);
        assert_int_equal(cred.uid, BOB);
        assert_int_equal(cred.pid, worker.pid);
        assert_worker_bare(&worker); /* and it is the program by now */
        assert_string_equal(proc_text(worker.pid, "environ", text, sizeof(text)),
                            "PATH=/usr/bin:/bin\nLANG=C.UTF-8\nHOME=/run/home/bob\nUSER=bob\n"
                            "LOGNAME=bob\n");
        (void)proc_text(worker.pid, "status", text, sizeof(text));
        assert_non_null(strstr(text, "\nGroups:\t2002 2101 2102 \n")); /* also PAM's */
        assert_non_null(strstr(proc_text(worker.pid, "limits", text, sizeof(text)),
                               "Max open files            512                  1000 "));
        assert_string_equal(proc_text(worker.pid, "comm", text, sizeof(text)), "bits-file\n");
        end_worker(&worker);
}

/* One owner's workers leave places for the others'. */
static void test_workers_of_an_owner(void **state)
{
        Ticket alice = ticket_of(ALICE), bob = ticket_of(BOB);
        Spawned workers[96];
        int token = mint(BOB, ALICE, BOTH);
        Spawned other;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(workers); i++) {
                workers[i] = spawn(WORKER_FILE, &alice, i % 2 ? token : -1);
                assert_int_equal(workers[i].result, 0);
        }
        assert_int_equal(spawn(WORKER_FILE, &alice, -1).result, -EAGAIN);
        assert_int_equal(spawn(WORKER_FILE, &alice, token).result, -EAGAIN);
        other = spawn(WORKER_FILE, &bob, -1);
        assert_int_equal(other.result, 0);
        end_worker(&other);
        end_worker(&workers[0]);
        workers[0] = spawn(WORKER_FILE, &alice, -1);
        assert_int_equal(workers[0].result, 0);
        for (size_t i = 0; i < ELEMENTS(workers); i++)
                (void)close(workers[i].sock);
        (void)close(token);
}

static void test_token_rules(void **state)
{
        Ticket alice = ticket_of(ALICE), carol = ticket_of(CAROL), dora = ticket_of(DORA);
        Ticket forged = alice;
        int bob = mint(BOB, ALICE, TOKEN_LOCAL_FILE), admin = mint(DORA, ALICE, BOTH);
        int admin_own = mint(DORA, DORA, BOTH);
        Spawned worker;
        char text[8192];

        (void)state;
        forged.mac[0] ^= 1;
        assert_int_equal(spawn(WORKER_FILE, &forged, bob).result, -EBADMSG);
        assert_int_equal(spawn(WORKER_FILE, &carol, bob).result, -EACCES); /* stolen by carol */
        assert_int_equal(spawn(WORKER_NET, &alice, bob).result, -EACCES);  /* not its use */
        assert_int_equal(spawn(WORKER_NOTIFY, &dora, admin_own).result, -EACCES);
        assert_int_equal(spawn(WORKER_FILE, &alice, admin).result, -EACCES);

        worker = spawn(WORKER_FILE, &dora, admin_own);
        assert_int_equal(worker.result, 0);
        end_worker(&worker);
        worker = spawn(WORKER_FILE, &alice, bob);
        assert_int_equal(worker.result, 0);
        assert_int_equal(worker.uid, BOB);
        assert_worker_bare(&worker);
        (void)proc_text(worker.pid, "status", text, sizeof(text));
        assert_non_null(strstr(text, "\nGroups:\t2101 \n")); /* the token's, not fresh ones */
        end_worker(&worker);
        (void)close(bob);
        (void)close(admin);
        (void)close(admin_own);
}

static void test_notify(void **state)
{
        Ticket alice = ticket_of(ALICE), dora = ticket_of(DORA);

        (void)state;
        assert_int_equal(spawn(WORKER_NOTIFY, &alice, -1).result, -EPERM);
        assert_int_equal(spawn(WORKER_NOTIFY, &dora, -1).result, -EIO); /* no such program here */
        reload("NotifyCommands=all\n");
        /* the reload is handled after what it finds in front of it: ask until it is */
        while (spawn(WORKER_NOTIFY, &alice, -1).result == -EPERM)
                continue;
        reload("NotifyCommands=none\n");
        while (spawn(WORKER_NOTIFY, &alice, -1).result == -EIO)
                continue;
        assert_int_equal(spawn(WORKER_NOTIFY, &dora, -1).result, -EPERM);
        run("rm -r /etc/bits");
}

static void test_worker_as_caller(void **state)
{
        Ticket alice = ticket_of(ALICE), service = ticket_of(SERVICE);
        Spawned worker = spawn(WORKER_NET, &alice, -1), exempt = spawn(WORKER_NET, &service, -1);

        (void)state;
        assert_int_equal(tell(&worker, 'm'), -EACCES);
        assert_int_equal(tell(&exempt, 'm'), -EACCES); /* no exemption for those */
        end_worker(&worker);
        end_worker(&exempt);
}

static void send_stop(uint32_t id)
{
        SupervisorStop stop = {.header.type = SUPERVISOR_STOP, .worker = id};

        assert_int_equal(packet_send(world.link, &stop, sizeof(stop), -1), 0);
}

static void test_stop(void **state)
{
        Ticket alice = ticket_of(ALICE);
        Spawned polite = spawn(WORKER_FILE, &alice, -1), deaf = spawn(WORKER_FILE, &alice, -1);
        double begin = seconds();

        (void)state;
        (void)tell(&polite, 'u');
        (void)tell(&deaf, 's');
        send_stop(4711); /* nobody's */
        send_stop(polite.id);
        assert_int_equal(wait_exited(polite.id).status, SIGTERM);
        send_stop(deaf.id);
        assert_int_equal(wait_exited(deaf.id).status, SIGKILL);
        assert_true(seconds() - begin > 4.5);
        (void)close(polite.sock);
        (void)close(deaf.sock);
}

static void test_account_may_run(void **state)
{
        Ticket alice = ticket_of(ALICE);
        Spawned worker;

        (void)state;
        run("chage -E 2020-01-01 alice");
        assert_int_equal(spawn(WORKER_FILE, &alice, -1).result, -EPERM);
        run("chage -E -1 alice && chage -d 0 alice"); /* a password to change stops log-ons only */
        worker = spawn(WORKER_FILE, &alice, -1);
        assert_int_equal(worker.result, 0);
        end_worker(&worker);
        run("chage -d 19000 alice && usermod -L alice"); /* as with cron */
        worker = spawn(WORKER_FILE, &alice, -1);
        assert_int_equal(worker.result, 0);
        end_worker(&worker);
        run("usermod -U alice && touch /run/nologin");
        assert_int_equal(spawn(WORKER_FILE, &alice, -1).result, -EPERM);
        run("rm /run/nologin");

        run("mv /etc/pam.d/bits-worker /run/saved"); /* and "other" is not asked instead */
        run("cp /etc/pam.d/other /run/other");
        run("printf '%s required pam_permit.so\n' auth account session >/etc/pam.d/other");
        assert_int_equal(spawn(WORKER_FILE, &alice, -1).result, -ENOPKG);
        run("mv /run/saved /etc/pam.d/bits-worker && mv /run/other /etc/pam.d/other");
        worker = spawn(WORKER_FILE, &alice, -1);
        assert_int_equal(worker.result, 0);
        end_worker(&worker);
}

/* ---- tests: log-on ------------------------------------------------------------------------------
 */

static void test_logon(void **state)
{
        Wish wish = {.account = "bob", .password = PASSWORD, .uses = BOTH};
        gid_t groups[PEER_GROUPS_MAX];
        SupervisorQueryReply reply;
        size_t n = 0;
        int token;

        (void)state;
        /* having no shell is no obstacle */
        assert_int_equal(as(ALICE, do_logon, &wish, &token), 0);
        reply = query(token);
        assert_int_equal(reply.result, 0);
        assert_int_equal(reply.uid, BOB);
        assert_int_equal(reply.audience, ALICE);
        assert_int_equal(reply.uses, BOTH);
        assert_int_equal(reply.by_logon, 1);
        assert_int_equal(peer_groups(token, groups, &n), 0);
        assert_int_equal(n, 3); /* own, extra, and the one that PAM adds */
        (void)close(token);

        assert_int_equal(logon(ALICE, "root", "anything"), LOGON_NOT_GRANTED);
        run("rm -f /run/nologin && touch /run/nologin");
        assert_int_equal(logon(ALICE, "bob", PASSWORD), LOGON_NOT_GRANTED);
        run("rm /run/nologin");

        run("chage -E 2020-01-01 carol");
        assert_int_equal(logon(ALICE, "carol", PASSWORD), LOGON_ACCOUNT_EXPIRED);
        run("chage -E -1 carol && chage -d 0 carol");
        assert_int_equal(logon(ALICE, "carol", PASSWORD), LOGON_PASSWORD_EXPIRED);
        run("chage -d 19000 carol");
        assert_int_equal(logon(ALICE, "carol", PASSWORD), 0);
        run("mv /etc/pam.d/bits-logon /run/saved");
        assert_int_equal(logon(ALICE, "bob", PASSWORD), -ENOPKG);
        run("mv /run/saved /etc/pam.d/bits-logon");
}

static void test_logon_fails(void **state)
{
        (void)state;
        run("usermod -L carol");
        assert_int_equal(logon(ALICE, "carol", PASSWORD), LOGON_FAILURE);
        run("usermod -U carol");
        assert_int_equal(logon(ALICE, "eve", ""), LOGON_FAILURE); /* no password is no password */
        assert_int_equal(logon(ALICE, "bob", "wrong"), LOGON_FAILURE);
        assert_int_equal(logon(BOB, "nobody-of-that-name", PASSWORD), LOGON_FAILURE);
        assert_int_equal(logon(BOB, "../../tmp/x", PASSWORD), LOGON_FAILURE);
        assert_int_equal(logon(BOB, "", PASSWORD), LOGON_FAILURE);
}

static void test_bucket(void **state)
{
        Wish wish = {.account = "bob", .password = "wrong", .uses = BOTH};
        int socks[5], n_refused = 0, n_over = 0;
        double begin;

        (void)state;
        for (int i = 0; i < 6; i++) /* good ones cost nothing */
                assert_int_equal(logon(CAROL, "bob", PASSWORD), 0);
        begin = seconds();
        assert_int_equal(logon(CAROL, "bob", "wrong"), LOGON_FAILURE);
        assert_true(seconds() - begin > 1); /* PAM's own delay */
        for (int i = 0; i < 4; i++)
                socks[i] = begin_as(CAROL, do_logon, &wish);
        for (int i = 0; i < 4; i++)
                assert_int_equal(finish_as(socks[i], &wish, NULL), LOGON_FAILURE);

        /* Five failures: now even the right password waits for its turn, and a fifth at once is too
         * many. Nobody else is locked out, nor waits with her. */
        wish.account = "dora";
        wish.password = PASSWORD;
        for (int i = 0; i < 5; i++)
                socks[i] = begin_as(CAROL, do_logon, &wish);
        assert_int_equal(logon(ALICE, "dora", PASSWORD), 0);
        for (int i = 0; i < 5; i++)
                n_over += wait_readable(socks[i], POLLIN, 0);
        assert_true(n_over <= 1); /* the one too many */
        assert_int_equal(logon(ALICE, "bob", PASSWORD), 0);
        for (int i = 0; i < 5; i++) {
                int r = finish_as(socks[i], &wish, NULL);

                assert_true(r == 0 || r == -EDQUOT);
                n_refused += r == -EDQUOT;
        }
        assert_int_equal(n_refused, 1);
        assert_true(seconds() - begin > 12); /* which is how long the first failure counts */
}

/* ---- tests: falls -------------------------------------------------------------------------------
 */

static void test_queue_killed(void **state)
{
        int token = mint(BOB, ALICE, BOTH);
        Ticket alice = ticket_of(ALICE);
        Spawned worker = spawn(WORKER_FILE, &alice, token);
        pid_t old = queue_pid();
        int pidfd;
        double begin;

        (void)state;
        (void)tell(&worker, 's'); /* it will not go before KILL: the new queue must wait for that */
        pidfd = (int)syscall(SYS_pidfd_open, worker.pid, 0);
        assert_true(pidfd >= 0);
        begin = seconds();
        assert_int_equal(kill(old, SIGKILL), 0);
        (void)close(worker.sock);
        wait_ready();
        assert_true(wait_readable(pidfd, POLLIN, 0));
        assert_true(seconds() - begin > 4.5);
        (void)close(pidfd);

        assert_int_not_equal(queue_pid(), old);
        link_queue();
        assert_int_equal(query(token).result, 0); /* tokens stay */
        worker = spawn(WORKER_FILE, &alice, token);
        assert_int_equal(worker.result, 0);
        end_worker(&worker);
        (void)close(token);
}

static void test_queue_malformed(void **state)
{
        SupervisorSpawn request = {.header.type = SUPERVISOR_SPAWN, .role = WORKER_FILE};
        SupervisorQuery no_fd = {.header.type = SUPERVISOR_QUERY};
        SupervisorIdle idle = {.header.type = SUPERVISOR_IDLE};
        const struct {
                const void *data;
                size_t size;
        } bad[] = {
                {&request, sizeof(request) - 1},
                {&request, 3},
                {&no_fd, sizeof(no_fd)},
                {&idle, sizeof(idle)},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                pid_t old = queue_pid();

                assert_int_equal(packet_send(world.link, bad[i].data, bad[i].size, -1), 0);
                wait_ready();
                wait_gone(old);
                link_queue();
        }
}

static void test_bitsd_killed(void **state)
{
        int token = mint(BOB, ALICE, BOTH), fresh;
        Ticket alice = ticket_of(ALICE);
        Spawned worker = spawn(WORKER_FILE, &alice, -1);
        pid_t queue = queue_pid();

        (void)state;
        assert_int_equal(stop_bitsd(SIGKILL), -SIGKILL);
        assert_true(hung_up(token, WAIT_MS));
        wait_gone(queue);
        (void)close(worker.sock);
        wait_gone(worker.pid);

        start_bitsd();
        assert_int_equal(query(token).result, -ENOKEY);
        assert_int_equal(verify(&alice), 0);
        fresh = mint(BOB, ALICE, BOTH);
        assert_int_equal(query(fresh).result, 0);
        (void)close(fresh);
        (void)close(token);
}

static void test_only_one(void **state)
{
        int status;
        pid_t pid;

        (void)state;
        pid = fork();
        if (pid == 0) {
                execl("/dev/shm/libexec/bitsd", "bitsd", "--libexec", "/dev/shm/libexec", "--state",
                      "/dev/shm/state", NULL);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, EXIT_FAILURE << 8);
        (void)close(mint(BOB, BOB, BOTH)); /* and the first still has its sockets */
}

/* Every decision about who somebody is leaves a line. */
static void test_decisions_logged(void **state)
{
        Wish knock = {0}, wish = {.account = "bob", .password = PASSWORD, .uses = BOTH};
        int bob = mint(BOB, ALICE, BOTH), dora = mint(DORA, DORA, BOTH);
        Ticket alice = ticket_of(ALICE);
        char command[256];
        double begin;

        (void)state;
        run(": >/dev/shm/log");
        assert_int_equal(query(bob).result, 0);
        assert_int_equal(query(dora).result, 0);
        assert_int_equal(query(STDIN_FILENO).result, -ENOKEY);
        run("grep -q 'showed a token of uid 2002 for the jobs of uid 2001' /dev/shm/log");
        run("grep -q \"showed an administrator's token of uid 2004 for the jobs of uid 2004\" "
            "/dev/shm/log");
        run("grep -q 'showed a descriptor that is no token' /dev/shm/log");

        assert_int_equal(verify(&alice), 0);
        run("grep -q 'showed a good ticket of uid 2001' /dev/shm/log");
        alice.mac[0] ^= 1;
        assert_int_equal(verify(&alice), -EBADMSG);
        run("grep -q 'showed a ticket that says uid 2001: Bad message' /dev/shm/log");

        assert_int_equal(as(ALICE, do_logon, &wish, NULL), 0);
        run("grep -q \"log-on of 'bob' by uid 2001, pid [0-9]*: granted, uid 2002\" /dev/shm/log");

        begin = seconds();
        assert_int_equal(as(CAROL, do_knock, &knock, NULL), 0);
        (void)close(mint(CAROL, CAROL, BOTH)); /* after all of those before */
        run("grep -q 'a caller of uid 2003, pid [0-9]*, was dropped, and [0-9]* others before: it "
            "was' "
            "/dev/shm/log");
        (void)snprintf(command, sizeof(command),
                       "test $(grep -c 'was dropped' /dev/shm/log) -le %d",
                       (int)(seconds() - begin) + 1);
        run(command); /* a flood of callers is none of lines */
        (void)close(bob);
        (void)close(dora);
}

/* Everything that was written above, once more: the password is nowhere. */
static void test_password_nowhere(void **state)
{
        (void)state;
        run("test -s /dev/shm/log");
        run("! grep -rq '" PASSWORD "' /dev/shm/log /dev/shm/state");
        run("grep -q \"log-on of 'bob' by uid 2003, pid [0-9]*: wrong name or password\" "
            "/dev/shm/log");
        run("grep -q 'bits-file as uid 2002 for uid 2001: started' /dev/shm/log");
}

/* ---- a queue that always falls ------------------------------------------------------------------
 */

static void test_gives_up(void **state)
{
        double begin = seconds();
        int status;

        (void)state;
        run("touch /run/test-queue-falls");
        assert_int_equal(kill(queue_pid(), SIGKILL), 0);
        assert_int_equal(waitpid(world.bitsd, &status, 0), world.bitsd);
        assert_int_equal(status, EXIT_FAILURE << 8);
        assert_true(seconds() - begin > 45); /* 0.1 + 0.2 + ... + 25.6 s between ten falls */
        run("grep -q 'giving up' /dev/shm/log");
}

static int teardown_dead(void **state)
{
        (void)state;
        world.link = close_fd(world.link);
        world.notify = close_fd(world.notify);
        return 0;
}

/* ---- user mode ----------------------------------------------------------------------------------
 */

static int do_user_mode_calls(Wish *wish, int *ret_fd)
{
        char password[] = PASSWORD;
        Identity identity;
        int token, r;

        (void)ret_fd;
        r = identity_open("/run/tmp/bits-alice", ALICE, &identity);
        if (r == 0)
                r = identity_logon(&identity, "bob", password, BOTH, &token) == -EPERM ? 0 : -EIO;
        if (r == 0)
                r = identity_mint(&identity, ALICE, BOTH, ret_fd);
        if (r == 0)
                r = identity_ticket(&identity, &wish->ticket);
        return r;
}

static void test_user_mode(void **state)
{
        SupervisorIdle idle = {.header.type = SUPERVISOR_IDLE};
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/tmp/bits-alice/bus"};
        int connection, pair[2], status, token;
        Spawned worker;
        Wish wish = {0};

        (void)state;
        assert_int_equal(chmod("/run/test-notify", 0666), 0);
        world.bitsd = fork();
        if (world.bitsd == 0) {
                become(ALICE);
                umask(027);
                (void)setenv("NOTIFY_SOCKET", "/run/test-notify", 1);
                execl("/dev/shm/libexec/bitsd", "bitsd", "--user", "--libexec", "/dev/shm/libexec",
                      "--runtime", "/run/tmp/bits-alice", "--state", "/run/tmp/bits-alice-state",
                      NULL);
                _exit(127);
        }
        wait_ready();
        connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(connection, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(packet_pair(pair), 0);
        assert_int_equal(packet_send(connection, "l", 1, pair[1]), 0);
        (void)close(pair[1]);
        (void)close(connection);
        world.link = pair[0];
        assert_int_equal(packet_recv(world.link, &world.start, sizeof(world.start), NULL),
                         sizeof(world.start));
        assert_true(world.start.flags & SUPERVISOR_USER_MODE);

        assert_int_equal(as(ALICE, do_user_mode_calls, &wish, &token), 0);
        assert_string_equal(wish.ticket.account, "alice");
        assert_int_equal(query(token).uid, ALICE);
        worker = spawn(WORKER_FILE, &wish.ticket, token);
        assert_int_equal(worker.result, 0);
        assert_int_equal(worker.uid, ALICE);
        assert_int_equal(tell(&worker, 'u'), 027); /* hers, as finished files have it */
        end_worker(&worker);
        worker = spawn(WORKER_NET, &wish.ticket, -1);
        assert_int_equal(worker.result, 0);
        end_worker(&worker);
        (void)close(token);

        assert_int_equal(packet_send(world.link, &idle, sizeof(idle), -1), 0);
        assert_int_equal(waitpid(world.bitsd, &status, 0), world.bitsd);
        assert_int_equal(status, 0);
}

static int setup_notify(void **state)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/test-notify"};

        (void)state;
        (void)unlink(address.sun_path);
        world.notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        return bind(world.notify, (struct sockaddr *)&address, sizeof(address));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
        const struct CMUnitTest falls[] = {
                cmocka_unit_test_setup_teardown(test_gives_up, setup, teardown_dead),
        };
        const struct CMUnitTest all[] = {
                TEST(test_queue),
                TEST(test_bitsd_rights),
                TEST(test_mint),
                TEST(test_root_lends_nothing),
                TEST(test_confused_deputy),
                TEST(test_foreign_pairs),
                TEST(test_token_hangs_up),
                TEST(test_token_quota),
                TEST(test_blind_writer),
                TEST(test_borrowed_writer),
                TEST(test_malformed),
                TEST(test_restricted),
                TEST(test_settings),
                cmocka_unit_test_setup_teardown(test_slow_group, setup_notify, teardown),
                TEST(test_other_group),
                TEST(test_flood),
                TEST(test_ticket),
                TEST(test_revoke),
                TEST(test_revoke_often),
                TEST(test_used_again),
                TEST(test_worker),
                TEST(test_workers_of_an_owner),
                TEST(test_token_rules),
                TEST(test_notify),
                TEST(test_worker_as_caller),
                TEST(test_stop),
                TEST(test_account_may_run),
                TEST(test_logon),
                TEST(test_logon_fails),
                TEST(test_bucket),
                TEST(test_queue_killed),
                TEST(test_queue_malformed),
                TEST(test_bitsd_killed),
                TEST(test_only_one),
                TEST(test_password_nowhere),
                TEST(test_decisions_logged),
                cmocka_unit_test_setup_teardown(test_user_mode, setup_notify, teardown_dead),
        };

        (void)signal(SIGPIPE, SIG_IGN);
        (void)signal(SIGCHLD, SIG_DFL);
        if (argc > 1 && strcmp(argv[1], "falls") == 0)
                return cmocka_run_group_tests(falls, NULL, NULL);
        if (argc > 1)
                cmocka_set_test_filter(argv[1]);
        return cmocka_run_group_tests(all, NULL, NULL);
}
