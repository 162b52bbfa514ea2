/* What descriptors this process has. */
#ifndef K0SLB_TESTS_UNIT_DESCRIPTORS_H
#define K0SLB_TESTS_UNIT_DESCRIPTORS_H

#include <stdbool.h>

/* How many are open; none is opened or closed by asking. */
unsigned descriptors_open(void);

/* Whether close-on-exec and O_NONBLOCK are set. */
bool descriptor_is_cloexec(int fd);
bool descriptor_is_nonblocking(int fd);

/* Whether it is open at all. */
bool descriptor_is_open(int fd);

#endif
