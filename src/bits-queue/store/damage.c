/* What marks a database as damaged, for the next store_open(). */
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/row.h"

#define MARK_NAME "queue.damaged"

void store_mark_damaged(Store *store)
{
        _cleanup_(closep) int fd = -1;

        /* The reserve's room, should there be no other. */
        (void)store_spend_reserve(store);
        fd = openat(store->lock_fd, MARK_NAME, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0)
                (void)fsync(fd);
}
