/*
 * The worker's loop: one request, one answer, until bits-queue hangs up. It blocks, since it serves
 * one identity alone. A malformed request ends it: who sends such is broken or taken over.
 */
#pragma once

/* Says READY and serves sock. 0 at hang-up; -EPROTO after a malformed request; -errno. */
int serve(int sock);
