/* Ticket rows: sealed by bitsd, which checks them at every use, so without a MAC of ours. */
#include "store/row.h"

int store_put_ticket(Store *store, const Ticket *ticket)
{
        sqlite3_stmt *s = store->statements[SQL_TICKET_PUT];
        int r = store_begin(store);

        sqlite3_bind_int64(s, 1, ticket->uid);
        sqlite3_bind_blob(s, 2, ticket, sizeof(*ticket), SQLITE_STATIC);
        if (r == 0)
                r = store_wrote(store, sqlite3_step(s));
        sqlite3_reset(s);
        sqlite3_clear_bindings(s);
        return r;
}

int store_load_tickets(Store *store, int (*load)(Queue *queue, const Ticket *ticket))
{
        sqlite3_stmt *s = store->statements[SQL_TICKET_LOAD];
        Ticket ticket;
        int r = 0, step = SQLITE_DONE;

        /* No MAC of ours: bitsd checks its own at every use. */
        while (r == 0 && (step = sqlite3_step(s)) == SQLITE_ROW)
                if (column_copy(s, 0, &ticket, sizeof(ticket)))
                        r = load(store->queue, &ticket);
        if (r == 0)
                r = store_error(step);
        sqlite3_reset(s);
        return r;
}
