/*
 * The table of every key that the configuration file may hold: what the parser, the sample file's
 * and the manual's checks read. A key is in it when it works.
 */
#ifndef K0SLB_CONF_CONF_KEYS_H
#define K0SLB_CONF_CONF_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kinds of sections; or-ed where a key stands in more than one. */
enum conf_section {
    CONF_IN_K0SLB = 1,
    CONF_IN_CONTROLLERS = 2,
    CONF_IN_DEFAULTS = 4,
    CONF_IN_SERVICE = 8, /* [service NAME] */
    CONF_IN_STATS = 16,
};

enum conf_type {
    /* Scalars: one value at one place of a struct. */
    CONF_TYPE_BOOL,      /* yes, no; uint8_t */
    CONF_TYPE_UINT,      /* a number within bounds, or one of `words`: its index */
    CONF_TYPE_DURATION,  /* 200ms 2s 5m 1h; uint64_t in milliseconds */
    CONF_TYPE_TIMEOUT,   /* the same, or 0 = never, whatever the bounds */
    CONF_TYPE_WORD,      /* one of `words`: its index, which is the enum's value */
    CONF_TYPE_NAME,      /* char[CONF_NAME_SIZE] */
    CONF_TYPE_PATH,      /* an absolute path of a file; char[CONF_PATH_SIZE] */
    CONF_TYPE_DIRECTORY, /* one of a directory, with or without '/' at its end; the same */
    CONF_TYPE_TARGET,    /* a path as HTTP has it; char[CONF_HOST_SIZE] */
    CONF_TYPE_HOST,      /* a Host field: a name or address; char[CONF_HOST_SIZE] */
    CONF_TYPE_HOST_NAME, /* a DNS name; char[CONF_HOST_SIZE] */
    /* The others are many, or have a name of their own in the key. */
    CONF_TYPE_LISTEN,     /* list of ADDRESS:PORT; may be repeated */
    CONF_TYPE_ALLOW,      /* list of ranges and words; may be repeated */
    CONF_TYPE_SOURCE,     /* list of addresses without ports; may be repeated */
    CONF_TYPE_EXTERNAL,   /* list of names and addresses; may be repeated */
    CONF_TYPE_STATUS,     /* list of HTTP statuses and ranges of them; may be repeated */
    CONF_TYPE_SERVER,     /* ADDRESS:PORT [weight=N] [backup] */
    CONF_TYPE_CONTROLLER, /* ADDRESS [weight=N] [backup] */
};

struct conf_key {
    unsigned sections; /* enum conf_section, or-ed */
    const char *name;  /* as in the manual: "server NAME" stands for any name */
    enum conf_type type;
    uint16_t offset;      /* of a scalar, in the struct of its section */
    uint16_t size;        /* of a scalar, in bytes */
    const char *fallback; /* the default as it would be written; NULL = see help */
    uint64_t least;       /* bounds of numbers and durations (milliseconds) */
    uint64_t most;
    const char *const *words; /* NULL ends them */
    const char *help;         /* one line */
};

/* The table; *count is its length. */
const struct conf_key *conf_keys(size_t *count);

/* The row of a key in a section of that kind (a single bit); NULL = unknown there. */
const struct conf_key *conf_key_find(enum conf_section section, const char *key);

/* Whether a value goes to `offset`. */
bool conf_key_is_scalar(const struct conf_key *key);

/* Whether the key may be repeated, each time adding to the list. */
bool conf_key_is_list(const struct conf_key *key);

/* The key of that section which is one typo away (or differs in case only); NULL = none. */
const char *conf_key_suggest(enum conf_section section, const char *key);

/* The section that knows this key ("k0slb", "service NAME"); NULL = none does. */
const char *conf_key_home(const char *key);

/* The kind of a section by its text; 0 = unknown. "service" alone is of kind CONF_IN_SERVICE. */
enum conf_section conf_section_find(const char *section);

/* The section's text that is one typo away ("service NAME" for "sevice x"); NULL = none. */
const char *conf_section_suggest(const char *section);

/*
 * Whether one insertion, deletion, substitution or swap of neighbours makes the one word the other,
 * or only the case of letters differs.
 */
bool conf_is_typo(const char *typed, const char *meant);

#endif
