/*
 * One order to bits-become, from the request to the hang-up. done is called exactly once, with 0
 * and all descriptors, or with what went wrong; never after order_cancel().
 */
#pragma once

#include "bitsd.h"
#include "wire/become.h"

typedef struct Order Order;

/* Takes over from the order what it wants: descriptors by TAKE_FD, the process by TAKE_PTR. */
typedef void (*order_done_t)(void *userdata, Order *order, int result);

struct Order {
        Bitsd *bitsd;
        Process *process;
        sd_event_source *io, *deadline;
        uint32_t type;
        int sock, error;
        size_t n_replies;
        BecomeReply reply; /* the first */
        int fds[2];
        order_done_t done;
        void *userdata;
};

/* fd may be -1 and stays the caller's. */
int order_start(Bitsd *bitsd, BecomeRequest *request, int fd, order_done_t done, void *userdata,
                Order **ret);
void order_cancel(Order *order); /* NULL is nothing to cancel */
