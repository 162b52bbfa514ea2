/* Attributes and small constants that every room uses. */
#ifndef K0SLB_BASE_DEFS_H
#define K0SLB_BASE_DEFS_H

#include <stddef.h>

#define MUST_CHECK               __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define NORETURN                 __attribute__((noreturn))
#define CACHE_ALIGNED            __attribute__((aligned(64)))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of `type` whose `member` is at `pointer`. */
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
