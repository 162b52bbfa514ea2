/*
 * The tagged stream: every 16-byte block is {connection id, sequence}, both 64-bit big-endian. A
 * receiver sees from any block which connection it belongs to and which place in it, so loss,
 * order and bytes of another connection all show.
 */
#ifndef K0SLB_TESTS_SYSTEM_TAGGED_H
#define K0SLB_TESTS_SYSTEM_TAGGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAGGED_BLOCK 16

/* One stream, as its maker or its checker has it. Zero-initialised is the beginning. */
struct tagged {
    uint64_t id;
    uint64_t offset; /* bytes made or checked so far */
    bool known;      /* false in a checker: the first eight bytes say the id */
    bool bad;        /* a byte was not the one that belongs there */
};

/* The stream that a backend answers to the stream `id`: the same id with the highest bit set. */
#define TAGGED_ANSWER(id) ((id) | 1ull << 63)

/* Makes the next `size` bytes. */
void tagged_fill(struct tagged *stream, uint8_t *data, size_t size);

/* Checks the next `size` bytes; `bad` says for good whether one was wrong. */
void tagged_check(struct tagged *stream, const uint8_t *data, size_t size);

#endif
