/* Lists of ranges, between BG_FILE_RANGE and a(tt) on the wire. */
#pragma once

#include <systemd/sd-bus.h>

#include <bits.h>

enum {
        RANGES_MAX = 60000, /* of one call; a message may have 1 MiB */
};

typedef struct RangeList {
        DWORD n;
        BG_FILE_RANGE *ranges; /* NULL: none */
} RangeList;

/* Under the connection's lock. What is read is freed by range_list_clear() or, given to a program,
 * by CoTaskMemFree. */
int range_list_write(sd_bus_message *m, const RangeList *list);
int range_list_read(sd_bus_message *m, RangeList *ret);
void range_list_clear(RangeList *list);
