/*
 * A haproxy.cfg as far as it matters to a balancer of TCP. Each statement is kept as what it means
 * in k0slb's words; what has no meaning there becomes a note, what is wrong becomes a message.
 */
#ifndef K0SLB_CONTROL_IMPORT_HAPROXY_H
#define K0SLB_CONTROL_IMPORT_HAPROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/defs.h"
#include "conf/conf_address.h"
#include "conf/conf_report.h"

/* What a proxy or a server can say. Those of servers may stand in default-server, too. */
enum haproxy_key {
    HAPROXY_MODE,
    HAPROXY_DISABLED,
    HAPROXY_MAX_CONNECTIONS,
    HAPROXY_BACKLOG,
    HAPROXY_LOG_CONNECTIONS,
    HAPROXY_ALLOW, /* these two only of a service, from all its rules together */
    HAPROXY_DENY,
    HAPROXY_IDLE_CLIENT,
    HAPROXY_FIN_CLIENT,
    HAPROXY_DEAD_CLIENT,
    HAPROXY_BACKEND, /* default_backend */
    HAPROXY_FRONT_LAST = HAPROXY_BACKEND,
    HAPROXY_BALANCE,
    HAPROXY_CONNECT_TIMEOUT,
    HAPROXY_RETRIES,
    HAPROXY_IDLE_SERVER,
    HAPROXY_IDLE_TUNNEL,
    HAPROXY_FIN_SERVER,
    HAPROXY_CHECK_TIMEOUT,
    HAPROXY_SOURCE,
    HAPROXY_PROBE, /* "http", "tls" or "tcp": what kind of check it is */
    HAPROXY_METHOD,
    HAPROXY_PATH,
    HAPROXY_HOST,
    HAPROXY_EXPECT,
    HAPROXY_BACK_LAST = HAPROXY_EXPECT,
    HAPROXY_CHECK,    /* "yes": there is one */
    HAPROXY_TLS,      /* "yes": it speaks TLS */
    HAPROXY_ENCRYPTS, /* "yes": so does everything else */
    HAPROXY_VERIFY,
    HAPROXY_CA,
    HAPROXY_CERT,
    HAPROXY_INTERVAL,
    HAPROXY_FAST,
    HAPROXY_DOWN,
    HAPROXY_RISE,
    HAPROXY_FALL,
    HAPROXY_SLOW_START,
    HAPROXY_ON_DOWN,
    HAPROXY_PORT,
    HAPROXY_SNI,
    HAPROXY_DEAD_BACKEND,
    HAPROXY_WEIGHT,
    HAPROXY_BACKUP,
    HAPROXY_KEYS
};

/* In the form that k0slb.ini has; durations as strnum_format_duration() writes them. */
struct haproxy_value {
    const char *text; /* NULL = nothing was said */
    unsigned line;
};

struct haproxy_bind {
    char item[ADDR_TEXT_SIZE]; /* of a `listen` list */
    unsigned port;
    unsigned line;
};

struct haproxy_server {
    const char *name;
    char clean_name[CONF_NAME_SIZE]; /* as k0slb.ini can have it, its own among its fellows */
    char host[CONF_HOST_SIZE];       /* a name, or an address without brackets */
    struct addr address;             /* the same without port; ADDR_NONE = a name */
    unsigned port;                   /* 0 = the one that the client came to */
    unsigned line;
    struct haproxy_value values[HAPROXY_KEYS];
};

/* `acl NAME src LIST` */
struct haproxy_acl {
    const char *name;
    const char *list; /* NULL = it is about something else */
};

/* `tcp-request connection`, accept or reject */
struct haproxy_rule {
    unsigned line;
    bool accepts;
    bool negated;     /* whoever is not in the list */
    const char *list; /* NULL = everybody */
};

/* "[service NAME]" and "server NAME" have to fit into what a key and a section may have. */
#define HAPROXY_NAME_MOST 41

/* Of these, what makes one of several alike unique: "-1024". */
#define HAPROXY_SUFFIX 5

/* The sections; or-ed where a keyword stands in more than one. */
enum haproxy_kind { HAPROXY_DEFAULTS = 1, HAPROXY_FRONTEND = 2, HAPROXY_BACKENDS = 4 };
#define HAPROXY_LISTEN (HAPROXY_FRONTEND | HAPROXY_BACKENDS)

struct haproxy_proxy {
    unsigned kind;
    const char *name;
    unsigned line;
    bool terminates; /* a bind line has `ssl` */
    bool is_stats;
    bool has_use_backend; /* without a condition: default_backend is not asked */
    bool left_out;        /* it is no part of the result, and what was noted about it is moot */
    struct haproxy_value refresh; /* of the stats page */
    struct haproxy_value values[HAPROXY_KEYS];
    struct haproxy_bind *binds;
    size_t bind_count;
    struct haproxy_server *servers;
    size_t server_count;
    struct haproxy_acl *acls;
    size_t acl_count;
    struct haproxy_rule *rules;
    size_t rule_count;
};

#define HAPROXY_NO_PROXY SIZE_MAX

/*
 * What is more than anybody has: so many sections are read, and so many servers, places to listen
 * at, acls and rules of one. The last is there to show that it is one too many.
 */
#define HAPROXY_PROXIES 1000
#define HAPROXY_SERVERS (CONF_MAX_BACKENDS + 1)
#define HAPROXY_BINDS   (CONF_MAX_LISTENERS + 1)
#define HAPROXY_RULES   256

/* Something that is not carried over. */
struct haproxy_note {
    unsigned line;
    unsigned last_line; /* of several alike */
    size_t proxy;       /* where it stands, by index; HAPROXY_NO_PROXY = in none */
    char *text;
};

/* The file. Zero-initialised but for `report` it is empty; free with haproxy_free(). */
struct haproxy {
    struct conf_report *report; /* of mistakes; by reference */
    struct haproxy_proxy *proxies;
    size_t proxy_count;
    struct haproxy_note *notes;
    size_t note_count;
    char **texts; /* what values point to */
    size_t text_count;
    const char *ca_base;
    const char *crt_base;
    bool out_of_memory;
};

/* A line of the file, taken apart. */
#define HAPROXY_WORDS 64
struct haproxy_words {
    char *list[HAPROXY_WORDS + 1]; /* NULL ends them */
    size_t count;
    unsigned line;
    bool has_variable; /* of the environment */
};

/* Whether the text may be a haproxy.cfg, from the keywords that begin its lines. */
bool import_is_haproxy(const char *text, size_t size);

/* Reads the text, which is changed. Mistakes go to the report. Returns 0, or -1 when there are. */
int haproxy_read(struct haproxy *file, char *text, size_t size) MUST_CHECK;

void haproxy_free(struct haproxy *file);

/*
 * Takes a line apart in its place, as HAProxy does: quotes, backslashes, comments. Returns NULL, or
 * what is wrong with it.
 */
const char *haproxy_split(char *line, struct haproxy_words *words) MUST_CHECK;

/* The word, from 0; "" behind the last. */
const char *haproxy_word(const struct haproxy_words *words, size_t at);

/* Room for one more behind `count` elements: the new array, or NULL and the file says so. */
void *haproxy_grow(struct haproxy *file, void *array, size_t count, size_t size) MUST_CHECK;

/* A text that lives as long as the file; "" when there is no memory. */
const char *haproxy_keep(struct haproxy *file, const char *format, ...) PRINTF_LIKE(2, 3);

/* A mistake. Returns -1. */
int haproxy_error(struct haproxy *file, unsigned line, const char *format, ...) PRINTF_LIKE(3, 4);

/* Something that is not carried over from the section that is being read. */
void haproxy_note(struct haproxy *file, unsigned line, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same for a section by its index, or for none. */
void haproxy_note_at(struct haproxy *file, size_t proxy, unsigned line, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Orders them by line, makes one of those that are alike, and forgets those that are moot. */
void haproxy_settle_notes(struct haproxy *file);

/*
 * What stands behind a word: each reads words->list[at] into *value and returns 0. Without a value,
 * or with one of another kind, a mistake is reported, and the result is -1.
 */
int haproxy_store_time(struct haproxy *file, const struct haproxy_words *words, size_t at,
                       struct haproxy_value *value);
int haproxy_store_number(struct haproxy *file, const struct haproxy_words *words, size_t at,
                         struct haproxy_value *value);
int haproxy_store_text(struct haproxy *file, const struct haproxy_words *words, size_t at,
                       struct haproxy_value *value);

/* A value that is made up from what the line says. */
void haproxy_put(struct haproxy *file, struct haproxy_value *value,
                 const struct haproxy_words *words, const char *text);

/* One statement of a section that carries connections, or of the defaults for them. */
void haproxy_read_statement(struct haproxy *file, struct haproxy_proxy *proxy,
                            const struct haproxy_words *words);

/* The statements that have a file of their own. */
void haproxy_read_bind(struct haproxy *file, struct haproxy_proxy *proxy,
                       const struct haproxy_words *words);
void haproxy_read_server(struct haproxy *file, struct haproxy_proxy *proxy,
                         const struct haproxy_words *words);
void haproxy_read_default_server(struct haproxy *file, struct haproxy_proxy *proxy,
                                 const struct haproxy_words *words);
void haproxy_read_acl(struct haproxy *file, struct haproxy_proxy *proxy,
                      const struct haproxy_words *words);
void haproxy_read_tcp_request(struct haproxy *file, struct haproxy_proxy *proxy,
                              const struct haproxy_words *words);
void haproxy_read_option(struct haproxy *file, struct haproxy_proxy *proxy,
                         const struct haproxy_words *words);
void haproxy_read_no(struct haproxy *file, struct haproxy_proxy *proxy,
                     const struct haproxy_words *words);
void haproxy_read_http_check(struct haproxy *file, struct haproxy_proxy *proxy,
                             const struct haproxy_words *words);

/* What the rules of a frontend let in, as `allow` and `deny`. What they cannot say is noted. */
void haproxy_settle_rules(struct haproxy *file, size_t proxy, struct haproxy_value *allow,
                          struct haproxy_value *deny);

/* A name that k0slb.ini can have. Returns `out`. */
char *haproxy_clean_name(const char *name, char out[CONF_NAME_SIZE]);

/* The same with "-NUMBER" behind it, which takes the place of its end where that is too long. */
void haproxy_number_name(char name[CONF_NAME_SIZE], unsigned number);

/* Whether the word is one of them. */
bool haproxy_is_among(const char *word, const char *const *list, size_t count);

/*
 * Takes "HOST:PORT" apart as HAProxy does: what follows the last colon is the port, and brackets
 * and "ipv4@" and the like are taken off. *port is NULL when there is none. Returns 0, or -1 when
 * it is a socket of another kind. `text` is changed.
 */
int haproxy_split_place(char *text, char **host, char **port) MUST_CHECK;

#endif
