/* Runs `k0slbctl import` on files in a directory of its own, and reads what it prints. */
#ifndef K0SLB_TESTS_UNIT_CONTROL_IMPORTED_H
#define K0SLB_TESTS_UNIT_CONTROL_IMPORTED_H

#include "conf/conf.h"

#include "run.h"

/* Where file names begin from now on: the fixtures, or a new directory with nothing in it. */
void imported_begin_fixtures(void);
void imported_begin(void);

/* Back to where the program was; a new directory is removed. */
void imported_end(void);

/* Writes a file there. */
void imported_write(const char *name, const char *text, size_t size);

/* What the file holds; the text is static. */
const char *imported_read(const char *name);

/* "import NAME". */
void imported_run(struct run *run, const char *name);

/* The same for that text, in a file haproxy.cfg. */
void imported_run_text(struct run *run, const char *text);

/*
 * Whether k0slbd takes what was printed, and then what it means: free with conf_free(). Prints what
 * it says when not.
 */
bool imported_load(const struct run *run, struct conf *conf);

/*
 * "import NAME", with any amount of output: whether what was printed is taken by k0slbd, or it was
 * refused by a message and nothing was printed. `out` stays empty.
 */
bool imported_keeps_its_word(struct run *run, const char *name);

#endif
