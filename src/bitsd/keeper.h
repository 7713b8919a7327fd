/*
 * Keeps a bits-queue running: starts it, and a new one only when everything of the old one is
 * reaped, with a growing delay, until it falls too often.
 */
#pragma once

#include "bitsd.h"

int keeper_new(Bitsd *bitsd);
void keeper_free(Bitsd *bitsd);
void keeper_start(Bitsd *bitsd);
void keeper_refresh(Bitsd *bitsd);  /* asks again who the administrators are */
void keeper_continue(Bitsd *bitsd); /* something was reaped */
void keeper_stop(Bitsd *bitsd);     /* starts nothing any more */
/* bits-queue has done what it must not: no word from it is heard any more. */
void keeper_end_queue(Bitsd *bitsd, const char *reason);
/* The same from places that are still using its socket. */
void keeper_kill_queue(Bitsd *bitsd, const char *reason);
