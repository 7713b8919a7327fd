/* Tickets: made and believed here alone, under the key of Secrets. */
#pragma once

#include "secrets.h"
#include "wire/ticket.h"

int ticket_make(const Secrets *secrets, uid_t uid, const char *account, uint32_t flags,
                int64_t now_sec, Ticket *ret);

/* 0; -EBADMSG not ours or altered; -EKEYREVOKED; -EKEYEXPIRED; another -errno when it cannot be
 * known. */
int ticket_check(const Secrets *secrets, const Ticket *ticket, int64_t now_sec);
