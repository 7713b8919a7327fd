/* Becoming one of our programs: descriptors in their places, everything else closed by the exec. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "task.h"
#include "wire/supervisor.h"

/* Moves *fd out of the way of the places that are about to be filled. */
static int move_up(int *fd)
{
        int moved;

        if (*fd < 0 || *fd > LISTENER_FD)
                return 0;
        moved = fcntl(*fd, F_DUPFD_CLOEXEC, LISTENER_FD + 1);
        if (moved < 0)
                return -errno;
        *fd = moved;
        return 0;
}

int program_exec(const Task *task, const char *program, int fd3, int fd4, char *const environment[])
{
        char path[BECOME_DIRECTORY_SIZE + 32];
        int r;

        (void)snprintf(path, sizeof(path), "%s/%s", task->request.libexec, program);
        if (chdir("/") < 0)
                return -errno;
        r = move_up(&fd3);
        if (r >= 0)
                r = move_up(&fd4);
        if (r < 0)
                return r;
        if (dup2(fd3, SUPERVISOR_FD) < 0 || (fd4 >= 0 && dup2(fd4, LISTENER_FD) < 0))
                return -errno;
        if (close_range(fd4 >= 0 ? LISTENER_FD + 1U : LISTENER_FD, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                return -errno;

        alarm(0);
        execve(path, (char *[]){(char *)program, NULL}, environment);
        return -errno;
}
