/*
 * What a worker says is bad until checked: pure checks of one message each, whatever the state. The
 * state is worker.c's and transfer.c's to check.
 */
#pragma once

#include <stddef.h>

#include "wire/file.h"
#include "wire/net.h"

/* 0, or -EBADMSG: the worker is to be ended. */
int file_report_check(const FileReply *reply, size_t size);
int net_report_check(const NetMessage *message, size_t size);
