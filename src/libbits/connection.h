/*
 * The process's one connection to the service, made on first use and again after it was lost. An
 * I/O thread owns it: callers hand their message over under the connection's lock and wait.
 * Everything that touches a message (write, read) runs under that lock and must not call the
 * library again.
 */
#pragma once

#include <limits.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include <windef.h>

typedef struct Exchange {
        const char *path, *interface, *member;
        int (*write)(sd_bus_message *m, void *userdata); /* arguments; may run twice; 0 or -errno */
        int (*read)(sd_bus_message *m, void *userdata);  /* the answer; NULL: not looked at */
        void *userdata;
} Exchange;

/* Connects if there is no connection. HRESULT_FROM_WIN32(RPC_S_SERVER_UNAVAILABLE), E_OUTOFMEMORY.
 */
HRESULT connection_open(void);

/* One call and its answer. What was certainly not sent is sent once more on a new connection; what
 * was under way when the service went fails with HRESULT_FROM_WIN32(RPC_S_CALL_FAILED). */
HRESULT connection_exchange(const Exchange *exchange);

/* Which connection this is, never the same twice; 0: none. With its runtime directory. */
uint64_t connection_serial(char ret_dir[PATH_MAX]);

/* Answers a call of the service's, which came over the connection of that serial (else the answer
 * is dropped), and takes the message's reference. */
void connection_reply(uint64_t serial, sd_bus_message *call, HRESULT hr);

void connection_close(
        void); /* when the process ends its use of COM; the next call connects again */
