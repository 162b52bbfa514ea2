/*
 * The keys that service-account tokens are verified with, by their ids: what an API server says at
 * /openid/v1/jwks (RFC 7517), and how the answers of several compare.
 */
#ifndef K0SLB_CONTROL_DOCTOR_KEYS_H
#define K0SLB_CONTROL_DOCTOR_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

#define DOCTOR_KEYS_PATH "/openid/v1/jwks"

/* Keys of one API server that are looked at. */
#define DOCTOR_KEYS_MOST 32

/* An id is a hash of its key; room for one of 64 bytes in base64. */
#define DOCTOR_KEY_ID_SIZE 96

struct doctor_keys {
    bool is_asked;
    bool is_known;   /* `ids` are the answer */
    uint16_t status; /* of HTTP, or 0 */
    uint32_t duration_us;
    char problem[96]; /* asked and not known: why */
    unsigned count;
    char ids[DOCTOR_KEYS_MOST][DOCTOR_KEY_ID_SIZE]; /* in order, each once */
};

/*
 * Reads the ids of a JSON text from outside. Returns 0 with ids and count, or -1 with a sentence in
 * `problem`: it is no set of keys, a key has no id or too long a one, there are too many.
 */
int doctor_keys_read(struct doctor_keys *keys, const char *text, size_t size) MUST_CHECK;

/* Whether two answers name the same keys. */
bool doctor_keys_equal(const struct doctor_keys *a, const struct doctor_keys *b);

/*
 * The answer that most agree with, the first where several are as good: its index, or -1 when none
 * of the `count` is known. NULL stands for one that was not asked.
 */
int doctor_keys_common(const struct doctor_keys *const *list, size_t count);

#endif
