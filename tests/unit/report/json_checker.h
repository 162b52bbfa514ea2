/* A strict reader of RFC 8259 for tests: valid or not, and single values by path. */
#ifndef K0SLB_TESTS_UNIT_REPORT_JSON_CHECKER_H
#define K0SLB_TESTS_UNIT_REPORT_JSON_CHECKER_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the text is one JSON value and nothing else, in valid UTF-8. */
bool json_is_valid(const char *text);

/*
 * The raw text of the value at a path of keys and indices ("services.0.name"), cut to `size`;
 * returns `out`, "(none)" when it is not there. The text has to be valid.
 */
char *json_at(const char *text, const char *path, char *out, size_t size);

#endif
