/* Takes back what authorize gave, and every token of this account's. */
#include <stdio.h>

#include "command.h"
#include "job-json.h"
#include "ticket.h"

int command_revoke(Service *service, const Options *options)
{
        Identity identity;
        json_object *o;
        int r;

        r = service_identity(service, &identity);
        if (r == 0)
                r = identity_revoke(&identity);
        if (r != 0) {
                service_say(service, "%s", ticket_error_text(r));
                return EXIT_FAILED;
        }
        if (options->json) {
                o = json_object_new_object();
                json_object_object_add(o, "revoked", json_object_new_boolean(true));
                json_print(o);
        } else if (!options->quiet) {
                puts("all tickets and tokens of this account are void; its jobs wait for the next "
                     "authorisation");
        }
        return EXIT_DONE;
}
