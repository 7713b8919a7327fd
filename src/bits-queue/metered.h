/*
 * What the network costs now, as NetworkManager sees it. Where there is none, or no system bus, it
 * is unrestricted.
 */
#pragma once

#include <stdint.h>
#include <systemd/sd-event.h>

typedef struct Metered Metered;

int metered_new(sd_event *event, void (*changed)(void *userdata), void *userdata, Metered **ret);
Metered *metered_free(Metered *metered); /* NULL */

uint32_t metered_cost(const Metered *metered); /* COST_UNRESTRICTED or COST_CAPPED_USAGE_UNKNOWN */
