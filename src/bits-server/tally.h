/*
 * How many bytes a TCP connection has carried from us to the other end, by the kernel's own count.
 * The difference of two tallies is what went out in between, heads of answers included.
 */
#pragma once

#include <stdint.h>

int tally_written(int sock, uint64_t *ret_bytes); /* given to the kernel; 0 or -errno */
int tally_sent(int sock, uint64_t *ret_bytes);    /* of those, on the wire; a repetition is none */
