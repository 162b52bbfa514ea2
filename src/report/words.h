/* What several reports say in the same words. All text is made safe for a terminal here. */
#ifndef K0SLB_REPORT_WORDS_H
#define K0SLB_REPORT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mono.h"
#include "base/textbuf.h"
#include "board/snapshot.h"

/* Room for "999M" or "1.2G" and the NUL. */
#define WORDS_BYTES_SIZE 8

/* Writes bytes for people, in powers of 1024 and at most four characters; returns `text`. */
char *words_bytes(uint64_t bytes, char text[WORDS_BYTES_SIZE]);

/* Room for "99999", "123k" or "1.2M" and the NUL. */
#define WORDS_COUNT_SIZE 8

/* Writes a number for people: up to 99999 as it is, beyond that in powers of 1000. */
char *words_count(uint64_t count, char text[WORDS_COUNT_SIZE]);

/* As age_format(), and at most "9999d 23h", whatever somebody else has written. */
char *words_age(uint64_t seconds, char text[AGE_TEXT_SIZE]);

/*
 * Appends a string that came from outside. Control characters, those that turn the direction of
 * what is beside them, and bytes that are no UTF-8 become '?'.
 */
void words_safe(struct textbuf *out, const char *string);

/*
 * The same, and what has a meaning in HTML becomes an entity: for texts and for values of quoted
 * attributes. Whatever a page shows that is not the project's own text goes through here.
 */
void words_html(struct textbuf *out, const char *string);

/*
 * The length of the UTF-8 sequence (RFC 3629) that `string` begins with, 1 to 4; 0 when it begins
 * with a byte that begins none, overlong forms and surrogates included.
 */
unsigned words_utf8(const char *string);

/* Whether a check with this result was a good one. */
bool words_is_good(enum board_check_code code);

/*
 * Why a backend has the status it has, as it came: "L4CON connection refused", or for a blocked one
 * "kubeAPI/cp1 is down". Not made safe.
 */
void words_reason(struct textbuf *out, const struct snapshot_service *service,
                  const struct snapshot_backend *backend);

/* The same, and how long a good check took: "L6OK TLSv1.3 in 2 ms". Not made safe. */
void words_why(struct textbuf *out, const struct snapshot_service *service,
               const struct snapshot_backend *backend);

/* Whether a backend in this state is what an administrator should look at first. */
bool words_is_trouble(enum snapshot_status status);

/*
 * The addresses a service listens on, by comma: a pair of 0.0.0.0 and :: with one port is ":6443",
 * as it is written in the file; "-" for none.
 */
void words_listen(struct textbuf *out, const struct addr *listeners, size_t count);

/* The backends of a service by status: "1 up, 2 down". */
void words_backends(struct textbuf *out, const struct snapshot_service *service);

/*
 * Clients of a service that came in vain, or beyond what can be told apart, between `before` and
 * `after`: "refused 2, limited 1". Nothing where there are none.
 */
void words_turned_away(struct textbuf *out, const struct snapshot_service *service,
                       const char *before, const char *after);

/* "worker 1", "checker", "stats"; an orphan has no number. */
void words_process(struct textbuf *out, const struct snapshot_process *process);

/* Room for "HOST:PORT (ADDRESS)" and the NUL. */
#define WORDS_PLACE_SIZE (CONF_PLACE_SIZE + ADDR_TEXT_SIZE + 3)

/*
 * Where a backend is: "10.0.0.11:6443", or "cp1.example:6443 (10.0.0.11)", without the address
 * while the name has not resolved. Returns `text`. Not made safe.
 */
char *words_place(const struct snapshot_backend *backend, char text[WORDS_PLACE_SIZE]);

/* The places that a safe text takes on a terminal. */
size_t words_width(const char *text);

/*
 * Appends a text in lines of at most `width` places, made safe. The first one goes on where a line
 * with `used` places is, the others begin with `indent` blanks; a longer word is broken.
 */
void words_wrap(struct textbuf *out, const char *string, unsigned used, unsigned indent,
                unsigned width);

/* Appends a text of at most `places` places, made safe: "~" is in place of what does not fit. */
void words_clip(struct textbuf *out, const char *string, unsigned places);

/* Puts `separator` unless the text is still as long as it was at `start`. */
void words_separate(struct textbuf *out, size_t start, const char *separator);

#endif
