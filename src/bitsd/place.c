#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "config.h"
#include "wire/identity.h"

static int set_path(char ret[BECOME_DIRECTORY_SIZE], const char *first, const char *second)
{
        int n = snprintf(ret, BECOME_DIRECTORY_SIZE, "%s%s", first, second);

        return n < 0 || n >= BECOME_DIRECTORY_SIZE ? -ENAMETOOLONG : 0;
}

static int user_defaults(Place *place)
{
        const char *runtime = getenv("XDG_RUNTIME_DIR"), *state = getenv("XDG_STATE_HOME");
        const char *home = getenv("HOME");
        char own[32];
        int r = 0;

        (void)snprintf(own, sizeof(own), "/tmp/bits-%u", getuid());
        if (!*place->runtime)
                r = runtime && *runtime == '/' ? set_path(place->runtime, runtime, "/bits")
                                               : set_path(place->runtime, own, "");
        if (r < 0 || *place->state)
                return r;
        if (state && *state == '/')
                return set_path(place->state, state, "/bits");
        return home && *home == '/' ? set_path(place->state, home, "/.local/state/bits") : -ENOENT;
}

int place_defaults(Place *place)
{
        int r = 0;

        if (!*place->libexec)
                r = set_path(place->libexec, LIBEXECDIR, "");
        if (r < 0)
                return r;
        if (place->user_mode)
                return user_defaults(place);
        if (!*place->runtime)
                r = set_path(place->runtime, RUNTIME_DIR, "");
        if (r >= 0 && !*place->state)
                r = set_path(place->state, STATE_DIR, "");
        return r;
}

/* Makes the directory when it is missing, and wants it to be ours and written by nobody else. */
static int directory_open(int parent, const char *name, mode_t mode, int *ret_fd)
{
        _cleanup_(closep) int fd = -1;
        struct stat st;

        if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_uid != geteuid() || st.st_mode & 022)
                return -EPERM;
        if ((st.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
                return -errno;
        if (ret_fd)
                *ret_fd = TAKE_FD(fd);
        return 0;
}

/* The same for a path whose parents may be missing as well. */
static int path_open(const char *path, mode_t mode, int *ret_fd)
{
        char parent[BECOME_DIRECTORY_SIZE];

        for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                (void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
                if (mkdir(parent, mode) < 0 && errno != EEXIST)
                        return -errno;
        }
        return directory_open(AT_FDCWD, path, mode, ret_fd);
}

int place_open(Place *place)
{
        mode_t mode = place->user_mode ? 0700 : 0755;
        int r;

        r = path_open(place->runtime, mode, NULL);
        if (r >= 0)
                r = path_open(place->state, mode, &place->state_fd);
        if (r >= 0)
                r = directory_open(place->state_fd, "identity", 0700, &place->identity_fd);
        if (r < 0)
                return r;

        place->lock_fd =
                openat(place->identity_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (place->lock_fd < 0)
                return -errno;
        if (flock(place->lock_fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : -errno;
        return 0;
}

static int listen_at(const Place *place, const char *name, int type, int *ret_fd)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_(closep) int fd = -1;
        int n;

        n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", place->runtime, name);
        if (n < 0 || (size_t)n >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        if (unlink(address.sun_path) < 0 && errno != ENOENT)
                return -errno;

        fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
            chmod(address.sun_path, place->user_mode ? 0600 : 0666) < 0 ||
            listen(fd, SOMAXCONN) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int place_listen(Place *place)
{
        int r;

        r = listen_at(place, IDENTITY_SOCKET, SOCK_SEQPACKET, &place->identity_listener);
        if (r < 0)
                return r;
        return listen_at(place, "bus", SOCK_STREAM, &place->bus_listener);
}

int place_give_queue(const Place *place, uid_t uid, gid_t gid)
{
        _cleanup_(closep) int fd = -1;
        struct stat st;

        if (mkdirat(place->state_fd, "queue", 0700) < 0 && errno != EEXIST)
                return -errno;
        /* Once given, it is not opened again: without CAP_DAC_OVERRIDE we could not. */
        if (fstatat(place->state_fd, "queue", &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode) && st.st_uid == uid && st.st_gid == gid)
                return 0;
        fd = openat(place->state_fd, "queue", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return fchown(fd, uid, gid) < 0 ? -errno : 0;
}

void place_close(Place *place)
{
        int *fds[] = {&place->bus_listener, &place->identity_listener, &place->lock_fd,
                      &place->identity_fd, &place->state_fd};

        for (size_t i = 0; i < ELEMENTS(fds); i++)
                *fds[i] = close_fd(*fds[i]);
}
