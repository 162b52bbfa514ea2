#include "unit/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>

unsigned descriptors_open(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned count = 0;
    struct dirent *entry;

    if (dir == NULL)
        return 0;
    while ((entry = readdir(dir)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count - 1; /* the directory's own */
}

bool descriptor_is_cloexec(int fd)
{
    int flags = fcntl(fd, F_GETFD);

    return flags != -1 && (flags & FD_CLOEXEC) != 0;
}

bool descriptor_is_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags != -1 && (flags & O_NONBLOCK) != 0;
}

bool descriptor_is_open(int fd)
{
    return fcntl(fd, F_GETFD) != -1;
}
