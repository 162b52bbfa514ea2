#include "unit/board/scratch.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/claim.h"
#include "unit/unit.h"

char *scratch_name(char name[CONF_NAME_SIZE])
{
    static unsigned number;

    snprintf(name, CONF_NAME_SIZE, "k0slb-unit-%d-%u", (int)getpid(), ++number);
    return name;
}

char *scratch_path(char path[SCRATCH_PATH_SIZE], const char *name, const char *suffix)
{
    snprintf(path, SCRATCH_PATH_SIZE, "/dev/shm/%s%s", name, suffix);
    return path;
}

bool scratch_exists(const char *name, const char *suffix)
{
    char path[SCRATCH_PATH_SIZE];
    struct stat status;

    return lstat(scratch_path(path, name, suffix), &status) == 0;
}

struct board *scratch_board(unsigned services, unsigned backends, unsigned workers)
{
    char name[CONF_NAME_SIZE];
    struct board_plan plan = {.name = scratch_name(name),
                              .services = services,
                              .backends = backends,
                              .workers = workers,
                              .group = (gid_t)-1};
    struct board *board = made_board(&plan);

    CU_ASSERT_FATAL(board != NULL);
    CU_ASSERT_FATAL(board_allocate_worker(board, 0) == 0);
    CU_ASSERT_FATAL(board_allocate_worker(board, 1) == 0);
    return board;
}

void scratch_drop(struct board *board)
{
    board_unlink(board);
    board_close(board);
}
