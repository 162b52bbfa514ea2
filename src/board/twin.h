/*
 * Two copies of a value under a sequence number: copy sequence % 2 is whole, and the other one is
 * where the next writing goes. One writer; readers never wait.
 */
#ifndef K0SLB_BOARD_TWIN_H
#define K0SLB_BOARD_TWIN_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Copies the whole one of two values, `size` bytes each. */
void twin_read(const _Atomic uint32_t *sequence, const void *copies, size_t size, void *out);

/* Writes a value into the other one, and makes that the whole one. */
void twin_write(_Atomic uint32_t *sequence, void *copies, size_t size, const void *value);

#endif
