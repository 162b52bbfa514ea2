/*
 * The bytes under the board: a POSIX shared-memory object, its descriptors and mappings. The only
 * file that calls shm_open(3).
 */
#ifndef K0SLB_BOARD_SEGMENT_H
#define K0SLB_BOARD_SEGMENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/defs.h"

/* A segment as its maker has it: two descriptors of the same object, both close-on-exec. */
struct segment {
    int write_fd;
    int read_fd;
    uint64_t size;
};

/*
 * Makes an object of that size under "/NAME.new", mode 0640, group `group` unless -1. Nothing is
 * allocated yet. Returns 0, or -1 with errno of shm_open(3), ftruncate(2) or fchown(2).
 */
int segment_create(struct segment *segment, const char *name, uint64_t size,
                   gid_t group) MUST_CHECK;

/* Renames "/NAME.new" to "/NAME", over what is there. Returns 0, or -1 with errno of rename(2). */
int segment_publish(const char *name) MUST_CHECK;

/* Opens "/NAME" read-only; checks that root or the caller owns it. -1 with errno, EBADF if not. */
int segment_open(const char *name) MUST_CHECK;

/* The same for reading and writing: errno EACCES for those who may not write it. */
int segment_open_to_write(const char *name) MUST_CHECK;

/* Removes "/NAME", and "/NAME.new" if it is there. */
void segment_unlink(const char *name);

/* Removes "/NAME.new" alone: a start that failed before it was published. */
void segment_unlink_new(const char *name);

/*
 * Reserves memory for a page-aligned range, so that touching it cannot end in SIGBUS. Returns 0,
 * or -1 with errno ENOSPC.
 */
int segment_allocate(const struct segment *segment, uint64_t at, uint64_t size) MUST_CHECK;

/* Maps a range of a descriptor; NULL with errno of mmap(2). Unmap with munmap(2). */
void *segment_map(int fd, uint64_t at, uint64_t size, int writable) MUST_CHECK;

/* Rounds up to whole pages. */
uint64_t segment_round(uint64_t size);

#endif
