/* A ticket for the service now, for programs that speak only D-Bus, and for unattended jobs. */
#include <stdio.h>

#include "command.h"
#include "format.h"
#include "job-json.h"
#include "ticket.h"

int command_authorize(Service *service, const Options *options)
{
        uint64_t expires_usec = 0;
        char text[FORMAT_SIZE];
        json_object *o;
        int r;

        r = ticket_store(service, &expires_usec);
        if (r < 0) {
                service_say(service, "%s", ticket_error_text(r));
                return EXIT_FAILED;
        }
        if (r > 0)
                return service_fail(service, r, NULL);
        if (options->json) {
                o = json_object_new_object();
                json_object_object_add(o, "expires", json_time(expires_usec));
                json_print(o);
        } else if (!options->quiet) {
                printf("authorised until %s\n", format_local_time(expires_usec, text));
        }
        return EXIT_DONE;
}
