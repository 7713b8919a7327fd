/*
 * One synchronous transfer: what it knows of its job. transfer.c decides what each state means,
 * transfer-view.c tells the person.
 */
#pragma once

#include "command.h"
#include "job.h"
#include "link.h"
#include "progress.h"

typedef struct TransferView {
        bool silent, on_terminal;
        bool line_shown; /* a bar stands on the terminal's last line */
        Progress progress;
        Rate rate;
        uint64_t sampled_usec, drawn_usec, said_usec;
        int said_percent; /* last step told where there is no terminal */
        char *said;       /* last remark, so that none is repeated */
} TransferView;

void view_init(TransferView *view, bool silent);
void view_deinit(TransferView *view);
void view_update(TransferView *view, const JobChange *change);
void view_tick(TransferView *view, uint64_t now_usec); /* samples the rate, draws */

/* What a waiting job waits for; nothing for one that runs. */
void view_waiting(TransferView *view, const Service *service, const Job *job);
/* Any remark, once. */
void view_remark(TransferView *view, const Service *service, const char *text);
/* Takes the bar away, so that something else can be printed; or draws it the last time. */
void view_clear(TransferView *view);
void view_finish(TransferView *view, uint64_t now_usec);
