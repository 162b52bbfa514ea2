/*
 * Small files that trust hangs on: certificates, and keys that are nobody else's. They are read
 * whole, and only when nobody who should not could have read or written them.
 */
#ifndef K0SLB_BASE_SAFE_FILE_H
#define K0SLB_BASE_SAFE_FILE_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/defs.h"

/* No certificate file with its whole chain is larger. */
#define SAFE_FILE_MOST 262144

/* Room for a sentence about a file, without its name. */
#define SAFE_FILE_REASON 128

enum safe_file_kind {
    SAFE_FILE_PUBLIC, /* others may read it, but not write */
    SAFE_FILE_SECRET, /* others may do neither, and it belongs to root or to this user */
};

/* What was read; its holder frees it. */
struct safe_file {
    char *data; /* a NUL follows, which is not counted */
    size_t size;
    mode_t mode;
};

/* Whether a file with this status is one of the kind. Returns 0, or -1 with the sentence. */
int safe_file_judge(const struct stat *status, enum safe_file_kind kind,
                    char reason[SAFE_FILE_REASON]) MUST_CHECK;

/*
 * Opens it to read, without waiting for a FIFO's writer. Returns a descriptor of a regular file of
 * that kind, of 1 to SAFE_FILE_MOST bytes, which the caller closes; or -1 with the rest of a
 * sentence in `reason` ("is readable by everybody").
 */
int safe_file_open(const char *path, enum safe_file_kind kind,
                   char reason[SAFE_FILE_REASON]) MUST_CHECK;

/* Opens and reads it all. Returns 0, or -1 with *file empty and the sentence in `reason`. */
int safe_file_read(struct safe_file *file, const char *path, enum safe_file_kind kind,
                   char reason[SAFE_FILE_REASON]) MUST_CHECK;

/* Overwrites and frees what was read; *file is empty afterwards. */
void safe_file_free(struct safe_file *file);

#endif
