#include "role/spare.h"

#include <fcntl.h>

#include "base/fd.h"

void spare_init(struct spare *spare)
{
    for (int i = 0; i < SPARE_COUNT; i++)
        spare->fds[i] = -1;
}

void spare_take(struct spare *spare)
{
    for (int i = 0; i < SPARE_COUNT; i++) {
        if (spare->fds[i] == -1)
            spare->fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
}

void spare_give(struct spare *spare)
{
    for (int i = 0; i < SPARE_COUNT; i++)
        fd_close(&spare->fds[i]);
}
