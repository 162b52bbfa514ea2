/*
 * Prints the table of configuration keys for tests/manual.sh, a line for each: heading of its
 * sections in the manual, key, default, bounds, words; separated by tabs, "-" for none.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/defs.h"
#include "base/strnum.h"
#include "conf/conf_keys.h"

static const char *heading_of(const struct conf_key *key)
{
    switch (key->sections) {
    case CONF_IN_K0SLB:
        return "[k0slb]";
    case CONF_IN_CONTROLLERS:
        return "[controllers]";
    case CONF_IN_SERVICE:
        return "[service NAME]";
    case CONF_IN_SERVICE | CONF_IN_DEFAULTS:
        return "[service NAME] and [defaults]";
    case CONF_IN_STATS:
        return "[stats]";
    default:
        return "unknown";
    }
}

static void print_bounds(const struct conf_key *key)
{
    char least[STRNUM_DURATION_SIZE];
    char most[STRNUM_DURATION_SIZE];

    if (key->most == 0 || key->type == CONF_TYPE_BOOL)
        printf("-");
    else if (key->type == CONF_TYPE_DURATION || key->type == CONF_TYPE_TIMEOUT)
        printf("%s to %s", strnum_format_duration(key->least, least),
               strnum_format_duration(key->most, most));
    else
        printf("%llu to %llu", (unsigned long long)key->least, (unsigned long long)key->most);
}

static void print_words(const struct conf_key *key)
{
    static const char *const yes_no[] = {"yes", "no", NULL};
    const char *const *words = key->type == CONF_TYPE_BOOL ? yes_no : key->words;

    if (words == NULL)
        printf("-");
    for (size_t i = 0; words != NULL && words[i] != NULL; i++)
        printf("%s%s", i > 0 ? " " : "", words[i]);
}

int main(void)
{
    size_t count;
    const struct conf_key *keys = conf_keys(&count);

    for (size_t i = 0; i < count; i++) {
        printf("%s\t%s\t%s\t", heading_of(&keys[i]), keys[i].name,
               keys[i].fallback != NULL ? keys[i].fallback : "-");
        print_bounds(&keys[i]);
        printf("\t");
        print_words(&keys[i]);
        printf("\n");
    }
    return ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
