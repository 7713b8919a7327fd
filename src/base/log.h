/*
 * The log of a process: to the journal with fields where standard error is the journal, else a line
 * to standard error. Inner code does not log; the edge does, once.
 */
#pragma once

#include <syslog.h>

/* The program's name; opens nothing. Call once at start. */
void log_init(const char *program);

/* One entry of syslog priority (LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG). Debug
 * entries appear only with BITS_DEBUG=1 in the environment. */
void log_write(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with fields, each "NAME=value", NULL at the end: where standard error is the journal
 * they go with it. */
void log_write_fields(int priority, const char *const fields[], const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#define log_error(...)   log_write(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_write(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)    log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_DEBUG, __VA_ARGS__)
