/* The table of k0slbctl's verbs and of their options: what it knows, and what its help says. */
#ifndef K0SLB_CONTROL_VERBS_H
#define K0SLB_CONTROL_VERBS_H

#include <stddef.h>

#include "control/verb.h"

#define VERB_ANY_NUMBER 1000

struct verb {
    const char *name;
    const char *operands; /* for the usage line; "" when it takes none */
    int most_operands;
    unsigned options; /* bit k: it has enum control_option k */
    const char *help; /* one line */
    const char *more; /* what its own help adds; lines of less than 80 columns */
    verb_fn *fn;
};

struct verb_option {
    const char *name;
    const char *value; /* what it takes, or NULL */
};

/* All verbs, in the order of the help. */
extern const struct verb verbs[];
extern const size_t verb_count;

extern const struct verb_option verb_options[OPTION_COUNT];

/* The verb of that name, and the one that is one typo away; NULL = none. */
const struct verb *verb_find(const char *name);
const struct verb *verb_suggest(const char *typed);

/* Each prints a help, and returns an exit status: that of the program, and that of a verb. */
int verb_print_help(void);
int verb_print_own_help(const struct verb *verb);

#endif
