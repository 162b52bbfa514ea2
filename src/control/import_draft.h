/*
 * A k0slb.ini while it is made from another program's file: lines that know which line there they
 * come from. What would be refused becomes a comment that says why, so that what is printed is
 * good.
 */
#ifndef K0SLB_CONTROL_IMPORT_DRAFT_H
#define K0SLB_CONTROL_IMPORT_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/textbuf.h"

enum import_draft_kind { DRAFT_SECTION, DRAFT_KEY, DRAFT_COMMENT };

struct import_draft_line {
    enum import_draft_kind kind;
    unsigned origin; /* the line of the other file; 0 = none */
    char *text;
    bool was_server; /* a comment that was a server's key */
};

/* Zero-initialised but for `name` it is empty; free with import_draft_free(). */
struct import_draft {
    const char *name; /* of the other file; by reference */
    struct import_draft_line *lines;
    size_t count;
    bool out_of_memory;
};

/* "[NAME]", after an empty line. */
void import_draft_section(struct import_draft *draft, const char *name);

/* "KEY = VALUE". */
void import_draft_key(struct import_draft *draft, unsigned origin, const char *key,
                      const char *format, ...) PRINTF_LIKE(4, 5);

/* Whether it is a line, or the key, of a service's own server. */
bool import_draft_is_server(const char *text);

/* The same for a list with commas; a long one takes several lines. */
void import_draft_list(struct import_draft *draft, unsigned origin, const char *key,
                       const char *list);

/* "; FILE:LINE: TEXT", or "; FILE:LINE-LAST: TEXT". */
void import_draft_comment(struct import_draft *draft, unsigned origin, unsigned last,
                          const char *format, ...) PRINTF_LIKE(4, 5);

/* An empty line, unless nothing stands before it. */
void import_draft_blank(struct import_draft *draft);

/* Takes back all but the first `count` lines. */
void import_draft_cut(struct import_draft *draft, size_t count);

/* Another draft's line. */
void import_draft_add(struct import_draft *draft, const struct import_draft_line *line);

/*
 * Moves the lines that all of so many [service NAME] sections have into [defaults], where they mean
 * the same. Sections that are empty then are left out: they are those of built-in services.
 */
void import_draft_share(struct import_draft *draft, size_t services);

/*
 * Has the draft read as k0slbd would, and makes comments of what would be refused. Returns 0 when
 * the rest is good, or -1 after messages.
 */
int import_draft_settle(struct import_draft *draft) MUST_CHECK;

/* The whole text; free with textbuf_fini(). */
void import_draft_text(const struct import_draft *draft, struct textbuf *out);

/* Writes it to standard output. Returns an exit status. */
int import_draft_print(const struct import_draft *draft) MUST_CHECK;

/* Says on standard error how many comments there are, if any. */
void import_draft_tell(const struct import_draft *draft);

void import_draft_free(struct import_draft *draft);

#endif
