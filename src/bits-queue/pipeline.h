/*
 * The files of an active job on their way: which are made ready, and which have a place. As many
 * have one as are configured, the first ones first, and keep it until their last byte has come.
 * Others are opened ahead of them, so that a place that gets free is used at once, and are sealed
 * behind them, so that no connection waits for the disk.
 */
#pragma once

#include <stdbool.h>

typedef struct Job Job;

/* Moves as many of the job's files as may; true when none is left to move. */
bool pipeline_fill(Job *job);

/* The job has just become active: only the first of them, so that its place is taken. */
void pipeline_start(Job *job);
