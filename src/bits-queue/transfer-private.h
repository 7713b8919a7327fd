/*
 * What the files of a transfer share: transfer.c (its life), transfer-file.c (bits-file's part),
 * transfer-net.c (bits-net's). Nobody else includes it.
 */
#pragma once

#include <bitsmsg.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "transfer.h"
#include "wire/net.h"

/* ---- transfer.c ------------------------------------------------------------------------------ */

/* Drops one of Transfer.refs; the last frees it. */
void transfer_unref(Transfer *t);

/* Takes it from its job, its file and its worker, and tells the job; drops its own reference. */
void transfer_end(Transfer *t);

/* Ends the transfer and fails its job; the first failure of a job counts, and none of a transfer
 * that was stopped. text may be NULL. */
void transfer_fail(Transfer *t, HRESULT code, uint32_t context, const char *text,
                   enum NetClass class);

/* Ends it as what a worker that could not be had, by result (-errno), means for the job. */
void transfer_no_worker(Transfer *t, int result);

/* Writes the file's row; durable with the next commit. */
void transfer_store(Transfer *t);

/* The transfer's only timer, which is set anew: calls handler once, with t. 0 or -errno. */
int transfer_set_timer(Transfer *t, uint64_t delay_usec, sd_event_time_handler_t handler);

/* The file is open and recorded: moves if it has a place, or waits for one. */
void transfer_wait(Transfer *t);

/* All bytes have come, if not to the disk yet: another may have its place. Harmless without one. */
void transfer_leave_place(Transfer *t);

/* Hands the open and recorded file to a bits-net, after its source was opened if it has one here.
 */
void transfer_move(Transfer *t);

/* ---- transfer-http.c ------------------------------------------------------------------------- */

/* 1: what is to be told before the NET_TRANSFER, and its descriptor, which is the caller's; 0:
 * nothing; -errno; -EBADMSG: what the store keeps does not open. */
int transfer_http(const Transfer *t, NetHttp *ret, int *ret_fd);

/* ---- transfer-net.c -------------------------------------------------------------------------- */

/* Part of the file became durable. It ends the process when that cannot be noted: what is claimed
 * later would not fit. */
void transfer_durable(Transfer *t, uint64_t offset);

/* ---- transfer-file.c ------------------------------------------------------------------------- */

/* Goes on from what the file has: names it, opens it, or seals it when all is there. */
void transfer_go_on(Transfer *t);

/* Has the job's client certificate read, which the server of its file may want; then moves. */
void transfer_open_certificate(Transfer *t);

/* Has the source opened, which is a file of this machine; then moves. */
void transfer_open_source(Transfer *t);

/* All bytes have come: has the file checked, made durable and sealed, which ends the transfer. */
void transfer_seal(Transfer *t);
