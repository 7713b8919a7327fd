#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "identity-reply.h"

#define PASSWORD_SIZE_MAX 511
#define HELLO_SEC         10
#define REPLY_SEC         180 /* a log-on may have to wait for its turn */

int identity_open(const char *runtime_dir, uid_t owner, Identity *ret)
{
        _cleanup_(closep) int fd = -1;
        struct stat st;
        int n;

        n = snprintf(ret->path, sizeof(ret->path), "%s/%s", runtime_dir, IDENTITY_SOCKET);
        if (n < 0 || (size_t)n >= sizeof(ret->path))
                return -ENAMETOOLONG;
        fd = open(runtime_dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return errno == ENOENT ? -ECONNREFUSED : -errno;
        return st.st_uid == owner && !(st.st_mode & 022) ? 0 : -EPERM;
}

static int set_timeout(int sock, time_t seconds)
{
        struct timeval timeout = {.tv_sec = seconds};

        return setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ? -errno
                                                                                        : 0;
}

/* What a failed packet_recv(), or the end, means here. */
static int receive_error(ssize_t n)
{
        if (n == -EAGAIN)
                return -ETIMEDOUT;
        return n == 0 ? -ECONNRESET : (int)n;
}

/* Connects and takes the nonce, as the proof that this very program means what it asks. */
static int identity_connect(const Identity *identity, uint8_t ret_nonce[IDENTITY_NONCE_SIZE],
                            int *ret_sock)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_(closep) int sock = -1;
        IdentityHello hello;
        ssize_t n;
        int r;

        sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (sock < 0)
                return -errno;
        memcpy(address.sun_path, identity->path, sizeof(address.sun_path));
        if (connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
                return errno == ENOENT ? -ECONNREFUSED : -errno;
        (void)set_timeout(sock, HELLO_SEC);

        n = packet_recv(sock, &hello, sizeof(hello), NULL);
        if (n <= 0)
                return receive_error(n);
        r = identity_hello_check(&hello, (size_t)n);
        if (r < 0)
                return r;
        memcpy(ret_nonce, hello.nonce, IDENTITY_NONCE_SIZE);
        (void)set_timeout(sock, REPLY_SEC);
        *ret_sock = TAKE_FD(sock);
        return 0;
}

/* One request with fd (or -1), one reply; ret_fd is for a token, and NULL where none is asked for.
 */
static int identity_ask(const Identity *identity, IdentityRequest *request, int fd,
                        IdentityReply *ret, int *ret_fd)
{
        _cleanup_(closep) int sock = -1, token = -1;
        ssize_t n;
        int r;

        r = identity_connect(identity, request->nonce, &sock);
        if (r < 0)
                return r;
        request->header.sequence = 1;
        r = packet_send(sock, request, sizeof(*request), fd);
        if (r < 0)
                return r == -EPIPE ? -ECONNRESET : r;

        n = packet_recv(sock, ret, sizeof(*ret), &token);
        if (n <= 0)
                return receive_error(n);
        r = identity_reply_check(&request->header, ret, (size_t)n, token >= 0);
        if (r < 0)
                return r;
        if (ret->result == 0 && ret_fd)
                *ret_fd = TAKE_FD(token);
        return ret->result;
}

int identity_mint(const Identity *identity, uid_t audience, uint32_t uses, int *ret_fd)
{
        IdentityRequest request = {
                .header.type = IDENTITY_MINT, .audience = audience, .uses = uses};
        IdentityReply reply;

        return identity_ask(identity, &request, -1, &reply, ret_fd);
}

/* A pipe that holds the password and its end; it is gone as soon as it is read. */
static int password_pipe(const char *password, int *ret_fd)
{
        _cleanup_(closep) int reader = -1, writer = -1;
        size_t size = strlen(password);
        int ends[2];

        if (size > PASSWORD_SIZE_MAX)
                return -EINVAL;
        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        reader = ends[0];
        writer = ends[1];
        if (size > 0 && write(writer, password, size) != (ssize_t)size)
                return -EIO;
        *ret_fd = TAKE_FD(reader);
        return 0;
}

int identity_logon(const Identity *identity, const char *account, char *password, uint32_t uses,
                   int *ret_fd)
{
        IdentityRequest request = {.header.type = IDENTITY_LOGON, .uses = uses};
        _cleanup_(closep) int reader = -1;
        size_t size = strlen(account);
        IdentityReply reply;
        int r;

        r = size < sizeof(request.account) ? password_pipe(password, &reader) : -EINVAL;
        explicit_bzero(password, strlen(password));
        if (r < 0)
                return r;
        memcpy(request.account, account, size);
        return identity_ask(identity, &request, reader, &reply, ret_fd);
}

int identity_ticket(const Identity *identity, Ticket *ret)
{
        IdentityRequest request = {.header.type = IDENTITY_TICKET};
        IdentityReply reply;
        int r;

        r = identity_ask(identity, &request, -1, &reply, NULL);
        if (r == 0)
                *ret = reply.ticket;
        return r;
}

int identity_revoke(const Identity *identity)
{
        IdentityRequest request = {.header.type = IDENTITY_REVOKE};
        IdentityReply reply;

        return identity_ask(identity, &request, -1, &reply, NULL);
}
