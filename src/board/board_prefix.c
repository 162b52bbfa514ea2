#include "board/board_prefix.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "board/segment.h"

static bool is_known(const struct board_prefix *prefix)
{
    return memcmp(prefix->magic, BOARD_MAGIC, sizeof(prefix->magic)) == 0 &&
           prefix->prefix_size == sizeof(*prefix);
}

int board_prefix_read(const char *name, struct board_prefix *prefix, uid_t *owner)
{
    int fd = segment_open(name);
    struct stat status;
    int result = -1;

    if (fd == -1)
        return -1;
    if (fstat(fd, &status) == -1)
        goto out;
    *owner = status.st_uid;
    /* Read, not mapped: what is shorter than it should be is no SIGBUS here. */
    if (fd_read_all(fd, prefix, sizeof(*prefix)) == (ssize_t)sizeof(*prefix) && is_known(prefix))
        result = 0;
    else
        errno = EPROTO;

out:
    fd_close(&fd);
    return result;
}

void board_prefix_unlink(const char *name)
{
    segment_unlink(name);
}
