/* Lists of ranges. What they may be is the service's to say; here they only cross the border. */
#include "libbits/range.h"

#include <errno.h>
#include <stdlib.h>

int range_list_write(sd_bus_message *m, const RangeList *list)
{
        int r = sd_bus_message_open_container(m, 'a', "(tt)");

        for (DWORD i = 0; i < list->n && r >= 0; i++)
                r = sd_bus_message_append(m, "(tt)", list->ranges[i].InitialOffset,
                                          list->ranges[i].Length);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append(RangeList *list, DWORD *size, const BG_FILE_RANGE *range)
{
        if (list->n == *size) {
                DWORD more = *size ? 2 * *size : 16;
                BG_FILE_RANGE *ranges = reallocarray(list->ranges, more, sizeof(*ranges));

                if (!ranges)
                        return -ENOMEM;
                list->ranges = ranges;
                *size = more;
        }
        list->ranges[list->n++] = *range;
        return 0;
}

int range_list_read(sd_bus_message *m, RangeList *ret)
{
        RangeList list = {0};
        uint64_t offset, length;
        DWORD size = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(tt)");
        while (r >= 0 && (r = sd_bus_message_read(m, "(tt)", &offset, &length)) > 0)
                r = append(&list, &size, &(BG_FILE_RANGE){offset, length});
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0) {
                range_list_clear(&list);
                return r;
        }
        *ret = list;
        return 0;
}

void range_list_clear(RangeList *list)
{
        free(list->ranges);
        *list = (RangeList){0};
}
