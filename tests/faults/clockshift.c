/*
 * Preloaded into a program: its wall clock, and the time that a suspended machine has slept, are
 * moved by what /run/clock/shift says, two numbers of seconds of 8 bytes each, which a test changes
 * while the program runs. What sleep adds is in CLOCK_BOOTTIME alone, as the kernel has it. A third
 * number, from before the program started, is how many times as fast CLOCK_MONOTONIC runs.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SHIFT_PATH "/run/clock/shift"
#define FDS_MAX    4096

typedef struct Shift {
        int64_t wall_sec, sleep_sec, pace;
} Shift;

static const volatile Shift *shift;
static int64_t start_nsec;
static clockid_t clock_of[FDS_MAX];
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_timerfd_create)(int, int);
static int (*real_timerfd_settime)(int, int, const struct itimerspec *, struct itimerspec *);

static int64_t nsec_of(const struct timespec *time)
{
        return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static struct timespec time_of(int64_t nsec)
{
        return (struct timespec){.tv_sec = nsec / 1000000000, .tv_nsec = nsec % 1000000000};
}

/* Before any other constructor asks for the time, so not one itself. */
static void prepare(void)
{
        static const Shift none;
        struct timespec now;
        int fd;

        if (shift)
                return;
        *(void **)&real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
        *(void **)&real_timerfd_create = dlsym(RTLD_NEXT, "timerfd_create");
        *(void **)&real_timerfd_settime = dlsym(RTLD_NEXT, "timerfd_settime");
        fd = open(SHIFT_PATH, O_RDONLY | O_CLOEXEC);
        shift = mmap(NULL, sizeof(*shift), PROT_READ, MAP_SHARED, fd, 0);
        if (shift == MAP_FAILED)
                shift = &none;
        if (fd >= 0)
                close(fd);
        if (real_clock_gettime(CLOCK_MONOTONIC, &now) == 0)
                start_nsec = nsec_of(&now);
}

static int64_t shift_of(clockid_t clock)
{
        return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM   ? shift->wall_sec
               : clock == CLOCK_BOOTTIME || clock == CLOCK_BOOTTIME_ALARM ? shift->sleep_sec
                                                                          : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
        int r;

        prepare();
        r = real_clock_gettime(clock, now);
        if (r == 0)
                now->tv_sec += shift_of(clock);
        if (r == 0 && clock == CLOCK_MONOTONIC && shift->pace > 1)
                *now = time_of(start_nsec + (nsec_of(now) - start_nsec) * shift->pace);
        return r;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
        struct timespec ts;

        (void)zone;
        (void)clock_gettime(CLOCK_REALTIME, &ts);
        *now = (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000};
        return 0;
}

time_t time(time_t *ret)
{
        struct timespec ts;

        (void)clock_gettime(CLOCK_REALTIME, &ts);
        if (ret)
                *ret = ts.tv_sec;
        return ts.tv_sec;
}

int timerfd_create(int clock, int flags)
{
        int fd;

        prepare();
        fd = real_timerfd_create(clock, flags);
        if (fd >= 0 && fd < FDS_MAX)
                clock_of[fd] = clock;
        return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
        struct itimerspec moved = *new;

        prepare();
        if (flags & TFD_TIMER_ABSTIME && fd >= 0 && fd < FDS_MAX &&
            clock_of[fd] == CLOCK_MONOTONIC && shift->pace > 1 && nsec_of(&new->it_value) > 1)
                moved.it_value =
                        time_of(start_nsec + (nsec_of(&new->it_value) - start_nsec) / shift->pace);
        if (flags & TFD_TIMER_ABSTIME && fd >= 0 && fd < FDS_MAX && new->it_value.tv_sec) {
                moved.it_value.tv_sec -= shift_of(clock_of[fd]);
                if (moved.it_value.tv_sec <= 0)
                        moved.it_value.tv_sec = 1; /* long ago: at once */
        }
        return real_timerfd_settime(fd, flags, &moved, old);
}
