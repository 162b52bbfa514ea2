/* Values by their type: read, bounded and put where the key's row says. */
#ifndef K0SLB_CONF_CONF_VALUE_H
#define K0SLB_CONF_CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "conf/conf_address.h"
#include "conf/conf_keys.h"

/*
 * Reads the text as the row's type asks and stores it in the struct at `base`, which is the one
 * that the row's offset belongs to. Only for scalars. Returns 0, or -1 with a sentence in `reason`
 * and the struct untouched.
 */
int conf_value_store(const struct conf_key *key, const char *text, void *base,
                     char reason[CONF_REASON_SIZE]) MUST_CHECK;

/* The same for a text that has been accepted before, or is the project's own. */
void conf_value_apply(const struct conf_key *key, const char *text, void *base);

/* Whether the text is a value of the row's type, lists and servers included. The same results. */
int conf_value_check(const struct conf_key *key, const char *text,
                     char reason[CONF_REASON_SIZE]) MUST_CHECK;

/* One item of a list of statuses: 200, or 200-299. */
struct conf_statuses {
    uint16_t first;
    uint16_t last;
};

/* Reads one; the item is shorter than CONF_LINE_SIZE. Returns 0, or -1 with a sentence. */
int conf_value_statuses(const char *item, struct conf_statuses *out,
                        char reason[CONF_REASON_SIZE]) MUST_CHECK;

/* Stores the table's defaults of all scalars of that section in the struct at `base`. */
void conf_value_store_defaults(enum conf_section section, void *base);

/*
 * Whether the text can name an instance, a service, a backend, a user: letters, digits, '-', '_'
 * and '.', no '.' first, 1 to 49 of them.
 */
bool conf_value_is_name(const char *text);

#endif
