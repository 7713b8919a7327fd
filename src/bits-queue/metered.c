#include "metered.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "cost.h"
#include "neighbour.h"

#define NETWORK_MANAGER "org.freedesktop.NetworkManager"
#define MANAGER_PATH    "/org/freedesktop/NetworkManager"

enum { /* values of NMMetered; "guess" is what it takes for likely */
        NM_METERED_YES = 1,
        NM_METERED_GUESS_YES = 3,
};

struct Metered {
        Neighbour *manager;
        void (*changed)(void *userdata);
        void *userdata;
        uint32_t cost;
};

static void set(Metered *metered, uint32_t cost)
{
        if (metered->cost == cost)
                return;
        metered->cost = cost;
        log_info("the network is %smetered", cost == COST_UNRESTRICTED ? "not " : "");
        metered->changed(metered->userdata);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        uint32_t value = 0;

        (void)error;
        if (sd_bus_message_is_method_error(m, NULL) || sd_bus_message_read(m, "v", "u", &value) < 0)
                value = 0; /* it is not there, or an old one */
        set(userdata, value == NM_METERED_YES || value == NM_METERED_GUESS_YES
                              ? COST_CAPPED_USAGE_UNKNOWN
                              : COST_UNRESTRICTED);
        return 0;
}

static void on_manager(void *userdata, sd_bus *bus)
{
        Metered *metered = userdata;

        if (!bus ||
            neighbour_call(metered->manager, MANAGER_PATH, "org.freedesktop.DBus.Properties", "Get",
                           on_answer, metered, "ss", NETWORK_MANAGER, "Metered") < 0)
                set(metered, COST_UNRESTRICTED);
}

static const NeighbourKind manager = {
        .name = NETWORK_MANAGER,
        .match = "type='signal',sender='" NETWORK_MANAGER "',path='" MANAGER_PATH
                 "',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'",
        .on = on_manager,
};

int metered_new(sd_event *event, void (*changed)(void *userdata), void *userdata, Metered **ret)
{
        Metered *metered = calloc(1, sizeof(*metered));
        int r;

        if (!metered)
                return -ENOMEM;
        *metered = (Metered){.changed = changed, .userdata = userdata, .cost = COST_UNRESTRICTED};
        r = neighbour_new(event, &manager, metered, &metered->manager);
        if (r < 0) {
                free(metered);
                return r;
        }
        *ret = metered;
        return 0;
}

Metered *metered_free(Metered *metered)
{
        if (metered)
                neighbour_free(metered->manager);
        free(metered);
        return NULL;
}

uint32_t metered_cost(const Metered *metered)
{
        return metered->cost;
}
