/* What an import says: k0slbctl's ways of speaking, which listen to it here. */
#ifndef K0SLB_TESTS_FUZZ_SAID_H
#define K0SLB_TESTS_FUZZ_SAID_H

#include <stddef.h>
#include <stdint.h>

struct import_source;

/* Gives the bytes to the source, as verb_import() does, and forgets what was said; free its text.
 */
void said_begin(struct import_source *source, const uint8_t *data, size_t size);

/* Ends the program unless that exit status is what was said. */
void said_check(int status);

#endif
