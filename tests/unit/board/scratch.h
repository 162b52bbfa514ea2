/* Boards for tests: under a name of their own, gone afterwards. */
#ifndef K0SLB_TESTS_UNIT_BOARD_SCRATCH_H
#define K0SLB_TESTS_UNIT_BOARD_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "board/board_master.h"

#define SCRATCH_PATH_SIZE (CONF_NAME_SIZE + 32)

/* A name for an instance that nobody else has, each time another one. Returns `name`. */
char *scratch_name(char name[CONF_NAME_SIZE]);

/* "/dev/shm/NAME" and the suffix; returns `path`. */
char *scratch_path(char path[SCRATCH_PATH_SIZE], const char *name, const char *suffix);

/* Whether there is such a file. */
bool scratch_exists(const char *name, const char *suffix);

/*
 * Makes a board as the master would for so many services, backends and workers; the first two
 * worker slots are allocated. The test ends when that fails.
 */
struct board *scratch_board(unsigned services, unsigned backends, unsigned workers);

/* Removes it, and what it needed. */
void scratch_drop(struct board *board);

#endif
