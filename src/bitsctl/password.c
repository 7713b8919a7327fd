/*
 * Invariant: the terminal has its echo back when password_read() returns, also after Ctrl-C: the
 * keys that raise signals are read as keys meanwhile.
 */
#include "password.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
        KEY_INTERRUPT = 3,
        KEY_END = 4,
        KEY_BACKSPACE = 8,
        KEY_KILL = 21,
        KEY_DELETE = 127,
};

bool password_can_ask(void)
{
        return isatty(STDIN_FILENO);
}

static int read_byte(int fd, char *ret)
{
        ssize_t n;

        do
                n = read(fd, ret, 1);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : (int)n;
}

/* Byte by byte: what follows the line in a pipe is not ours. */
static int read_line(int fd, char ret[PASSWORD_SIZE])
{
        size_t n = 0;
        char c = 0;
        int r;

        while ((r = read_byte(fd, &c)) > 0 && c != '\n') {
                if (n + 1 == PASSWORD_SIZE)
                        return -EMSGSIZE;
                ret[n++] = c;
        }
        if (r < 0)
                return r;
        ret[n] = 0;
        return n == 0 && r == 0 ? -ENODATA : 0;
}

static int read_keys(int fd, char ret[PASSWORD_SIZE])
{
        size_t n = 0;
        char c = 0;
        int r;

        while ((r = read_byte(fd, &c)) > 0 && c != '\n' && c != '\r') {
                if (c == KEY_INTERRUPT || (c == KEY_END && n == 0))
                        return -ECANCELED;
                if (c == KEY_KILL)
                        n = 0;
                else if (c == KEY_BACKSPACE || c == KEY_DELETE)
                        n -= n > 0;
                else if (n + 1 == PASSWORD_SIZE)
                        return -EMSGSIZE;
                else
                        ret[n++] = c;
        }
        ret[n] = 0;
        return r < 0 ? r : r == 0 ? -ECANCELED : 0;
}

static int ask(int terminal, const char *prompt, char ret[PASSWORD_SIZE])
{
        struct termios before, quiet;
        int r;

        if (tcgetattr(terminal, &before) < 0)
                return -errno;
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
        quiet.c_cc[VMIN] = 1;
        quiet.c_cc[VTIME] = 0;
        if (tcsetattr(terminal, TCSAFLUSH, &quiet) < 0)
                return -errno;
        (void)!write(terminal, prompt, strlen(prompt)); /* what is typed now is not shown */
        r = read_keys(terminal, ret);
        (void)tcsetattr(terminal, TCSAFLUSH, &before);
        (void)!write(terminal, "\n", 1);
        return r;
}

int password_read(int fd, const char *prompt, char ret[PASSWORD_SIZE])
{
        _cleanup_(closep) int terminal = -1;
        int r;

        if (fd < 0 && password_can_ask()) {
                terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
                r = ask(terminal >= 0 ? terminal : STDIN_FILENO, prompt, ret);
        } else {
                r = read_line(fd < 0 ? STDIN_FILENO : fd, ret);
        }
        if (r < 0)
                explicit_bzero(ret, PASSWORD_SIZE);
        return r;
}
