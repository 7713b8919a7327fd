/*
 * What workers and bitsd say is bad until checked: pure checks of one message each, whatever the
 * state. The state is worker.c's, transfer-net.c's and supervisor.c's to check.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "wire/file.h"
#include "wire/net.h"
#include "wire/notify.h"
#include "wire/supervisor.h"

typedef union NetReport { /* all that bits-net may say: some of it is too large for NetMessage */
        NetMessage message;
        NetHeaders headers;
        NetRedirected redirected;
        NetCertificate certificate;
} NetReport;

/* 0, or -EBADMSG: the worker is to be ended. */
int file_report_check(const FileReply *reply, size_t size);
int net_report_check(const NetReport *report, size_t size);
int notify_report_check(const NotifyMessage *message, size_t size);

/* 0, or -EBADMSG: without a bitsd that can be believed there is no going on. A good SPAWN_REPLY has
 * a descriptor, and nothing else has. */
int supervisor_report_check(const SupervisorMessage *message, size_t size, bool with_fd);
