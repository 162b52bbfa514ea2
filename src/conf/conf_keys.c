#include "conf/conf_keys.h"

#include <string.h>
#include <strings.h>

#include "base/defs.h"
#include "base/log.h"
#include "conf/conf.h"

#define GLOBAL(field) offsetof(struct conf_global, field), sizeof(((struct conf_global *)0)->field)
#define SERVICE(field)                                                                             \
    offsetof(struct conf_service, field), sizeof(((struct conf_service *)0)->field)
#define STATS(field) offsetof(struct conf_stats, field), sizeof(((struct conf_stats *)0)->field)
#define NO_PLACE     0, 0
#define IN_BOTH      (CONF_IN_SERVICE | CONF_IN_DEFAULTS)

/* TCP_KEEPIDLE (tcp(7)) takes no more than 32767 s, and the last questions come after it. */
#define KEEPALIVE_MOST 43200000

static const char *const workers_words[] = {"auto", NULL};
static const char *const log_words[] = {
    [LOG_AUTO] = "auto",
    [LOG_STDERR] = "stderr",
    [LOG_SYSLOG] = "syslog",
    NULL,
};
static const char *const level_words[] = {
    [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_NOTICE] = "notice",
    [LOG_LEVEL_INFO] = "info",   [LOG_LEVEL_DEBUG] = "debug",     NULL,
};
static const char *const relay_words[] = {
    [RELAY_AUTO] = "auto",
    [RELAY_COPY] = "copy",
    [RELAY_SPLICE] = "splice",
    NULL,
};
static const char *const balance_words[] = {
    [BALANCE_LEASTCONN] = "leastconn",
    [BALANCE_ROUNDROBIN] = "roundrobin",
    [BALANCE_RANDOM] = "random",
    [BALANCE_SOURCE] = "source",
    [BALANCE_SOURCE_SPREAD] = "source-spread",
    NULL,
};
static const char *const check_words[] = {
    [CHECK_HTTPS] = "https", [CHECK_H2] = "h2",     [CHECK_TLS] = "tls",
    [CHECK_TCP] = "tcp",     [CHECK_NONE] = "none", NULL,
};
static const char *const method_words[] = {
    [METHOD_GET] = "GET",
    [METHOD_HEAD] = "HEAD",
    [METHOD_OPTIONS] = "OPTIONS",
    NULL,
};
static const char *const verify_words[] = {
    [VERIFY_NONE] = "none",
    [VERIFY_CA] = "ca",
    NULL,
};
static const char *const on_down_words[] = {
    [ON_DOWN_DEAD] = "dead",
    [ON_DOWN_CLOSE] = "close",
    [ON_DOWN_KEEP] = "keep",
    NULL,
};
static const char *const all_down_words[] = {
    [ALL_DOWN_TRY] = "try",
    [ALL_DOWN_REFUSE] = "refuse",
    NULL,
};

/* clang-format off */
/* sections, key, type, place, default, least, most, words, help. Durations: milliseconds. */
static const struct conf_key keys[] = {
    {CONF_IN_K0SLB, "name", CONF_TYPE_NAME, GLOBAL(name), "k0slb", 0, 0, NULL,
     "name of this instance: two with different names live side by side"},
    {CONF_IN_K0SLB, "workers", CONF_TYPE_UINT, GLOBAL(workers), "auto", 1, 16, workers_words,
     "processes that carry connections; auto = usable CPUs, at most 8"},
    {CONF_IN_K0SLB, "user", CONF_TYPE_NAME, GLOBAL(user), "k0slb", 0, 0, NULL,
     "what every child becomes when started as root"},
    {CONF_IN_K0SLB, "group", CONF_TYPE_NAME, GLOBAL(group), NULL, 0, 0, NULL,
     "group of every child when started as root; the user's own unless given"},
    {CONF_IN_K0SLB, "pid_file", CONF_TYPE_PATH, GLOBAL(pid_file), NULL, 0, 0, NULL,
     "where the master's pid is written, as a daemon or when this is set"},
    {CONF_IN_K0SLB, "log", CONF_TYPE_WORD, GLOBAL(log), "auto", 0, 0, log_words,
     "where log lines go; auto = stderr in the foreground, syslog as a daemon"},
    {CONF_IN_K0SLB, "log_level", CONF_TYPE_WORD, GLOBAL(log_level), "info", 0, 0, level_words,
     "the least important lines that are logged"},
    {CONF_IN_K0SLB, "external_address", CONF_TYPE_EXTERNAL, NO_PLACE, NULL, 0, 0, NULL,
     "list of the addresses and names that clients use; what k0s.yaml has in api.externalAddress"},
    {CONF_IN_K0SLB, "credentials", CONF_TYPE_DIRECTORY, GLOBAL(credentials), NULL, 0, 0, NULL,
     "directory with ca.crt, client.crt and client.key for the checks; a default one if it is "
     "there"},
    {CONF_IN_K0SLB, "ca", CONF_TYPE_PATH, GLOBAL(ca), NULL, 0, 0, NULL,
     "file with the certificate of the CA that signs the controllers'; ca.crt in credentials "
     "unless given"},
    {CONF_IN_K0SLB, "relay", CONF_TYPE_WORD, GLOBAL(relay), "auto", 0, 0, relay_words,
     "forces one way of moving bytes, for diagnosis and tests"},
    {CONF_IN_K0SLB, "max_sources", CONF_TYPE_UINT, GLOBAL(max_sources), "8192",
     16, 1048576, NULL,
     "client addresses that each worker can tell apart, for source-spread and source limits"},
    {CONF_IN_K0SLB, "drain_timeout", CONF_TYPE_DURATION, GLOBAL(drain_timeout), "0",
     0, 86400000, NULL,
     "how long connections may live on after their service or backend is removed; 0 = to the end"},

    {CONF_IN_CONTROLLERS, "NAME", CONF_TYPE_CONTROLLER, NO_PLACE, NULL, 0, 256, NULL,
     "a controller: ADDRESS [weight=N] [backup]"},

    {CONF_IN_SERVICE, "enabled", CONF_TYPE_BOOL, SERVICE(enabled), "yes", 0, 1, NULL,
     "no = listed, but nobody listens for it"},
    {CONF_IN_SERVICE, "listen", CONF_TYPE_LISTEN, NO_PLACE, NULL, 1, 65535, NULL,
     "list of ADDRESS:PORT; :PORT = all addresses; required but for the built-in services"},
    {CONF_IN_SERVICE, "port", CONF_TYPE_UINT, SERVICE(port), NULL, 1, 65535, NULL,
     "port on the controllers; the port of listen unless given"},
    {CONF_IN_SERVICE, "server NAME", CONF_TYPE_SERVER, NO_PLACE, NULL, 0, 256, NULL,
     "ADDRESS:PORT [weight=N] [backup]; any such line replaces [controllers] for this service"},

    {IN_BOTH, "backlog", CONF_TYPE_UINT, SERVICE(backlog), "4096", 1, 65535, NULL,
     "connections that may wait in the kernel for each listening socket"},
    {IN_BOTH, "balance", CONF_TYPE_WORD, SERVICE(balance), "leastconn", 0, 0, balance_words,
     "how a backend is chosen"},
    {IN_BOTH, "check", CONF_TYPE_WORD, SERVICE(check), "tls", 0, 0, check_words,
     "how health is found out; none = always up"},
    {IN_BOTH, "check_method", CONF_TYPE_WORD, SERVICE(check_method), "GET", 0, 0, method_words,
     "of an https check: what it does"},
    {IN_BOTH, "check_path", CONF_TYPE_TARGET, SERVICE(check_path), "/readyz", 0, 0, NULL,
     "of an https check: what it asks for"},
    {IN_BOTH, "check_host", CONF_TYPE_HOST, SERVICE(check_host), NULL, 0, 0, NULL,
     "of an https check: whom it asks by name; the first external_address unless given, or the "
     "backend's own"},
    {IN_BOTH, "check_expect", CONF_TYPE_STATUS, NO_PLACE, "200", CONF_STATUS_LEAST,
     CONF_STATUS_MOST, NULL,
     "of an https check: list of the statuses, and ranges such as 200-299, that are good"},
    {IN_BOTH, "check_port", CONF_TYPE_UINT, SERVICE(check_port), NULL, 1, 65535, NULL,
     "port that is checked; the backend's own unless given"},
    {IN_BOTH, "check_verify", CONF_TYPE_WORD, SERVICE(check_verify), NULL, 0, 0, verify_words,
     "whether the backend's certificate has to lead to the CA; ca unless given, or none where no "
     "CA is known"},
    {IN_BOTH, "check_sni", CONF_TYPE_HOST_NAME, SERVICE(check_sni), NULL, 0, 0, NULL,
     "name that TLS asks for; the first DNS name of external_address unless given, or none"},
    {IN_BOTH, "check_cert", CONF_TYPE_PATH, SERVICE(check_cert), NULL, 0, 0, NULL,
     "file with the certificate that checks show; built-in services have client.crt in "
     "credentials"},
    {IN_BOTH, "check_key", CONF_TYPE_PATH, SERVICE(check_key), NULL, 0, 0, NULL,
     "file with its key, for nobody else to read; built-in services have client.key in "
     "credentials"},
    {IN_BOTH, "check_interval", CONF_TYPE_DURATION, SERVICE(check_interval), "1s",
     10, 86400000, NULL,
     "time between two probes of a backend that is up"},
    {IN_BOTH, "check_fast_interval", CONF_TYPE_DURATION, SERVICE(check_fast_interval), "200ms",
     10, 86400000, NULL,
     "the same while it is suspect; at most check_interval"},
    {IN_BOTH, "check_down_interval", CONF_TYPE_DURATION, SERVICE(check_down_interval), "1s",
     10, 86400000, NULL,
     "the same while it is down"},
    {IN_BOTH, "check_connect_timeout", CONF_TYPE_DURATION, SERVICE(check_connect_timeout), "1s",
     1, 86400000, NULL,
     "for TCP and TLS of a probe together"},
    {IN_BOTH, "check_timeout", CONF_TYPE_DURATION, SERVICE(check_timeout), "3s",
     1, 86400000, NULL,
     "for the answer of a probe, counted from the end of the handshake"},
    {IN_BOTH, "check_rise", CONF_TYPE_UINT, SERVICE(check_rise), "2", 1, 100, NULL,
     "good probes in a row that bring a backend up again"},
    {IN_BOTH, "check_fall", CONF_TYPE_UINT, SERVICE(check_fall), "3", 1, 100, NULL,
     "failed probes in a row that bring it down"},
    {IN_BOTH, "on_down", CONF_TYPE_WORD, SERVICE(on_down), "dead", 0, 0, on_down_words,
     "when connections of a backend that goes down are closed"},
    {IN_BOTH, "on_down_spread", CONF_TYPE_DURATION, SERVICE(on_down_spread), "2s",
     0, 3600000, NULL,
     "the time over which they are closed"},
    {IN_BOTH, "unready_close", CONF_TYPE_DURATION, SERVICE(unready_close), "30s",
     0, 86400000, NULL,
     "connections of a backend that has answered badly for so long are closed; 0 = never"},
    {IN_BOTH, "requires", CONF_TYPE_NAME, SERVICE(requires), "none", 0, 0, NULL,
     "service whose backend of the same name has to be up, too"},
    {IN_BOTH, "slow_start", CONF_TYPE_DURATION, SERVICE(slow_start), "0", 0, 3600000, NULL,
     "the time in which a backend that comes up gets to its full share; 0 = at once"},
    {IN_BOTH, "connect_timeout", CONF_TYPE_DURATION, SERVICE(connect_timeout), "2s",
     1, 86400000, NULL,
     "for connecting to one backend before another one is tried"},
    {IN_BOTH, "retries", CONF_TYPE_UINT, SERVICE(retries), "3", 0, 16, NULL,
     "how often another backend is tried for one connection"},
    {IN_BOTH, "hello_timeout", CONF_TYPE_DURATION, SERVICE(hello_timeout), "0",
     0, 86400000, NULL,
     "a TLS hello that no backend answers for so long is sent to another one; 0 = never"},
    {IN_BOTH, "idle_timeout", CONF_TYPE_DURATION, SERVICE(idle_timeout), "0", 0, 86400000, NULL,
     "a connection in which nothing moves for so long is ended; 0 = never"},
    {IN_BOTH, "half_close_timeout", CONF_TYPE_DURATION, SERVICE(half_close_timeout), "5m",
     0, 86400000, NULL,
     "the same once one side has finished, counted from the last byte; 0 = never"},
    {IN_BOTH, "dead_client_timeout", CONF_TYPE_TIMEOUT, SERVICE(dead_client_timeout), "90s",
     2000, KEEPALIVE_MOST, NULL,
     "a client whose machine has been gone for so long is given up; 0 = never"},
    {IN_BOTH, "dead_backend_timeout", CONF_TYPE_TIMEOUT, SERVICE(dead_backend_timeout), "30s",
     2000, KEEPALIVE_MOST, NULL,
     "the same for a backend of a connection; 0 = never"},
    {IN_BOTH, "all_down", CONF_TYPE_WORD, SERVICE(all_down), "try", 0, 0, all_down_words,
     "when no backend is up: try them all, or refuse"},
    {IN_BOTH, "max_connections", CONF_TYPE_UINT, SERVICE(max_connections), "0",
     0, 1000000, NULL,
     "connections at once, beyond which clients wait in the kernel; 0 = no limit"},
    {IN_BOTH, "source_max_connections", CONF_TYPE_UINT, SERVICE(source_max_connections), "0",
     0, 65535, NULL,
     "the same of one client address, beyond which they are reset; 0 = no limit"},
    {IN_BOTH, "allow", CONF_TYPE_ALLOW, NO_PLACE, "all", 0, 0, NULL,
     "who may connect: list of ranges and the words all, private and controllers"},
    {IN_BOTH, "deny", CONF_TYPE_ALLOW, NO_PLACE, NULL, 0, 0, NULL,
     "who may not, even if allowed: a list of the same kind; nobody unless given"},
    {IN_BOTH, "source_address", CONF_TYPE_SOURCE, NO_PLACE, NULL, 0, 0, NULL,
     "list of this machine's addresses to connect to backends from; the kernel's choice unless "
     "given"},
    {IN_BOTH, "log_connections", CONF_TYPE_BOOL, SERVICE(log_connections), "no", 0, 1, NULL,
     "one log line for each connection when it ends"},

    {CONF_IN_STATS, "listen", CONF_TYPE_LISTEN, NO_PLACE, ":9000", 1, 65535, NULL,
     "list of ADDRESS:PORT of the status page; empty = none"},
    {CONF_IN_STATS, "allow", CONF_TYPE_ALLOW, NO_PLACE, "private", 0, 0, NULL,
     "who may read it: list of ranges and the words all, private and controllers"},
    {CONF_IN_STATS, "refresh", CONF_TYPE_DURATION, STATS(refresh), "2s", 0, 86400000, NULL,
     "how often the page in a browser renews itself, in whole seconds; 0 = never"},
};
/* clang-format on */

static const struct {
    enum conf_section section;
    const char *text;
} sections[] = {
    {CONF_IN_K0SLB, "k0slb"},          {CONF_IN_CONTROLLERS, "controllers"},
    {CONF_IN_SERVICE, "service NAME"}, {CONF_IN_DEFAULTS, "defaults"},
    {CONF_IN_STATS, "stats"},
};

const struct conf_key *conf_keys(size_t *count)
{
    *count = ARRAY_LEN(keys);
    return keys;
}

/* The length of the first word. */
static size_t word_length(const char *text)
{
    return strcspn(text, " ");
}

static bool has_first_word(const char *text, const char *word)
{
    size_t length = word_length(word);

    return strncmp(text, word, length) == 0 && (text[length] == ' ' || text[length] == '\0');
}

static bool is_match(const struct conf_key *row, const char *key)
{
    if (row->type == CONF_TYPE_CONTROLLER)
        return true;
    if (row->type == CONF_TYPE_SERVER)
        return strncmp(key, row->name, strlen("server ")) == 0;
    return strcmp(key, row->name) == 0;
}

const struct conf_key *conf_key_find(enum conf_section section, const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if ((keys[i].sections & section) != 0 && is_match(&keys[i], key))
            return &keys[i];
    }
    return NULL;
}

bool conf_key_is_scalar(const struct conf_key *key)
{
    return key->type <= CONF_TYPE_HOST_NAME;
}

bool conf_key_is_list(const struct conf_key *key)
{
    return key->type == CONF_TYPE_LISTEN || key->type == CONF_TYPE_ALLOW ||
           key->type == CONF_TYPE_SOURCE || key->type == CONF_TYPE_EXTERNAL ||
           key->type == CONF_TYPE_STATUS;
}

bool conf_is_typo(const char *typed, const char *meant)
{
    size_t typed_length = strlen(typed);
    size_t meant_length = strlen(meant);
    size_t same = 0;

    if (strcasecmp(typed, meant) == 0)
        return true;
    while (typed[same] != '\0' && typed[same] == meant[same])
        same++;
    typed += same;
    meant += same;
    if (typed_length == meant_length + 1)
        return strcmp(typed + 1, meant) == 0;
    if (typed_length + 1 == meant_length)
        return strcmp(typed, meant + 1) == 0;
    if (typed_length != meant_length)
        return false;
    if (strcmp(typed + 1, meant + 1) == 0)
        return true;
    return typed[0] == meant[1] && typed[1] == meant[0] && strcmp(typed + 2, meant + 2) == 0;
}

/* The same for the first words of both. */
static bool is_first_word_typo(const char *typed, const char *meant)
{
    char typed_word[CONF_NAME_SIZE];
    char meant_word[CONF_NAME_SIZE];

    if (word_length(typed) >= sizeof(typed_word) || word_length(meant) >= sizeof(meant_word))
        return false;
    *stpncpy(typed_word, typed, word_length(typed)) = '\0';
    *stpncpy(meant_word, meant, word_length(meant)) = '\0';
    return conf_is_typo(typed_word, meant_word);
}

const char *conf_key_suggest(enum conf_section section, const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if ((keys[i].sections & section) == 0 || keys[i].type == CONF_TYPE_CONTROLLER)
            continue;
        if (conf_is_typo(key, keys[i].name))
            return keys[i].name;
        if (keys[i].type == CONF_TYPE_SERVER && is_first_word_typo(key, keys[i].name))
            return keys[i].name;
    }
    return NULL;
}

const char *conf_key_home(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (sections[i].section != CONF_IN_CONTROLLERS && conf_key_find(sections[i].section, key))
            return sections[i].text;
    }
    return NULL;
}

enum conf_section conf_section_find(const char *section)
{
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (strcmp(section, sections[i].text) == 0)
            return sections[i].section;
        if (sections[i].section == CONF_IN_SERVICE && has_first_word(section, sections[i].text))
            return CONF_IN_SERVICE;
    }
    return 0;
}

const char *conf_section_suggest(const char *section)
{
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (conf_is_typo(section, sections[i].text))
            return sections[i].text;
        if (sections[i].section == CONF_IN_SERVICE && is_first_word_typo(section, sections[i].text))
            return sections[i].text;
    }
    return NULL;
}

const char *conf_balance_name(enum conf_balance balance)
{
    return (size_t)balance < ARRAY_LEN(balance_words) - 1 ? balance_words[balance] : "-";
}

const char *conf_check_name(enum conf_check check)
{
    return (size_t)check < ARRAY_LEN(check_words) - 1 ? check_words[check] : "-";
}

const char *conf_method_name(enum conf_method method)
{
    return (size_t)method < ARRAY_LEN(method_words) - 1 ? method_words[method] : "-";
}
