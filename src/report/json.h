/*
 * JSON (RFC 8259) while it is written. Values follow each other in the order of the calls; commas
 * come by themselves.
 */
#ifndef K0SLB_REPORT_JSON_H
#define K0SLB_REPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/textbuf.h"

/* Where a value goes, and whether a comma comes before it. */
struct json {
    struct textbuf *out;
    bool comma;
};

/*
 * For all: the key inside an object, NULL inside an array and for the whole text. Keys are the
 * project's own and need no escaping.
 */

/* "{" or "[", and what ends it. */
void json_open(struct json *json, const char *key, const char *bracket);
void json_close(struct json *json, const char *bracket);

/* A string from anywhere; what is no UTF-8 becomes U+FFFD. */
void json_put_text(struct json *json, const char *key, const char *string);
void json_put_piece(struct json *json, const char *key, const char *string, size_t length);

void json_put_number(struct json *json, const char *key, uint64_t value);

/* The same under a key from anywhere, which is escaped. */
void json_put_number_at(struct json *json, const char *name, uint64_t value);

void json_put_bool(struct json *json, const char *key, bool value);

/* "null", or another word of the grammar. */
void json_put_word(struct json *json, const char *key, const char *word);

/* wall_ms() as RFC 3339. */
void json_put_time(struct json *json, const char *key, uint64_t ms);

/* Microseconds as a number of milliseconds. */
void json_put_ms(struct json *json, const char *key, uint32_t us);

/* "10.0.0.1:6443", or null for none. */
void json_put_address(struct json *json, const char *key, const struct addr *address);

/* An array of such. */
void json_put_addresses(struct json *json, const char *key, const struct addr *addresses,
                        size_t count);

#endif
