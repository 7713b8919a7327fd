#include "ticket.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stddef.h>
#include <stdio.h>

static int ticket_mac(const Secrets *secrets, const Ticket *ticket, uint8_t ret[32])
{
        unsigned size = 32;

        return HMAC(EVP_sha256(), secrets->ticket_key, sizeof(secrets->ticket_key),
                    (const unsigned char *)ticket, offsetof(Ticket, mac), ret, &size)
                       ? 0
                       : -EIO;
}

int ticket_make(const Secrets *secrets, uid_t uid, const char *account, uint32_t flags,
                int64_t now_sec, Ticket *ret)
{
        Ticket ticket = {
                .version = TICKET_VERSION,
                .uid = uid,
                .flags = flags,
                .issued_sec = now_sec,
                .expires_sec = now_sec + TICKET_LIFETIME_SEC,
        };
        int r;

        if (strlen(account) >= sizeof(ticket.account))
                return -ENAMETOOLONG;
        (void)snprintf(ticket.account, sizeof(ticket.account), "%s", account);
        ticket.epoch = secrets_epoch(secrets, uid);
        r = ticket_mac(secrets, &ticket, ticket.mac);
        if (r < 0)
                return r;
        *ret = ticket;
        return 0;
}

int ticket_check(const Secrets *secrets, const Ticket *ticket, int64_t now_sec)
{
        uint8_t mac[32];
        int r;

        r = ticket_mac(secrets, ticket, mac);
        if (r < 0)
                return r;
        if (CRYPTO_memcmp(mac, ticket->mac, sizeof(mac)) != 0)
                return -EBADMSG;
        if (ticket->version != TICKET_VERSION ||
            !wire_text_ok(ticket->account, sizeof(ticket->account)))
                return -EBADMSG;
        if (now_sec >= ticket->expires_sec)
                return -EKEYEXPIRED;
        return ticket->epoch == secrets_epoch(secrets, ticket->uid) ? 0 : -EKEYREVOKED;
}
