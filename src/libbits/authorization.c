/* Tickets from the identity socket to the service; nothing of them is kept here. */
#include "libbits/authorization.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "libbits/call.h"
#include "libbits/connection.h"
#include "libbits/service.h"

#define USEC_PER_SEC INT64_C(1000000)

static const Remote manager = {.path = MANAGER_PATH, .interface = "org.bitsd1.Manager"};

static struct {
        pthread_mutex_t lock;
        uint64_t serial;    /* of the connection that was asked; 0: none */
        int64_t renew_usec; /* CLOCK_REALTIME: ask again from then on */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

typedef struct Answer {
        int needed;
        uint64_t expires_usec;
} Answer;

static int read_authorization(sd_bus_message *m, void *ret)
{
        Answer *answer = ret;

        return sd_bus_message_read(m, "bt", &answer->needed, &answer->expires_usec);
}

static int write_ticket(sd_bus_message *m, const void *ticket)
{
        return sd_bus_message_append_array(m, 'y', ticket, sizeof(Ticket));
}

static int64_t now_usec(void)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

static bool is_known(uint64_t serial)
{
        bool known;

        pthread_mutex_lock(&state.lock);
        known = serial != 0 && serial == state.serial && now_usec() < state.renew_usec;
        pthread_mutex_unlock(&state.lock);
        return known;
}

static void remember(uint64_t serial, int64_t expires_usec)
{
        pthread_mutex_lock(&state.lock);
        state.serial = serial;
        state.renew_usec = expires_usec - TICKET_LIFETIME_SEC / 2 * USEC_PER_SEC;
        pthread_mutex_unlock(&state.lock);
}

static bool bring(const char *dir, Ticket *ret)
{
        Identity identity;

        if (service_identity_in(dir, &identity) < 0 || identity_ticket(&identity, ret) != 0)
                return false;
        return SUCCEEDED(call_remote(
                &manager, &(Call){.member = "Authorize", .write = write_ticket, .arguments = ret}));
}

void authorization_renew(void)
{
        char dir[PATH_MAX];
        Answer answer;
        Ticket ticket;
        uint64_t serial;

        if (is_known(connection_serial(NULL)) || FAILED(connection_open()))
                return;
        serial = connection_serial(dir);
        if (serial == 0 || FAILED(call_remote(&manager, &(Call){.member = "GetAuthorization",
                                                                .read = read_authorization,
                                                                .ret = &answer})))
                return;
        if (!answer.needed)
                remember(serial, (int64_t)answer.expires_usec);
        else if (bring(dir, &ticket))
                remember(serial, ticket.expires_sec * USEC_PER_SEC);
}
