/*
 * The host names of the configuration: what each resolved to, and when it is to be asked again.
 * Pure: no lookups, no clock, no log.
 *
 * An address that is in use stays while it is in the answer, and while there is no answer. A name
 * is asked every 30 s; after a failure in 1 s, 2 s, 4 s … 30 s.
 */
#ifndef K0SLB_MASTER_NAMES_H
#define K0SLB_MASTER_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"
#include "conf/epoch.h"

#define NAMES_INTERVAL_MS 30000
#define NAMES_RETRY_MS    1000

/* Those that are due so soon are asked along with those that are. */
#define NAMES_ALONG_MS 500

#define NAMES_TROUBLE_SIZE 128

struct name {
    uint32_t id; /* never used twice, wherever the name stands in the list */
    char host[CONF_HOST_SIZE];
    struct addr address; /* in use, port 0; ADDR_NONE = it has never resolved */
    uint64_t due_ms;     /* mono_ms(); UINT64_MAX while it is asked and not due once more */
    unsigned failures;   /* in a row */
    bool is_asked;       /* its answer is awaited */
    char trouble[NAMES_TROUBLE_SIZE]; /* why it did not resolve the last time; "" = it did */
};

/* Zero-initialised is empty. */
struct names {
    struct name *list;
    size_t count;
    size_t room;
    uint32_t last_id;
};

/* What an answer has changed. */
enum names_news {
    NAMES_NOTHING,
    NAMES_MOVED,   /* another address than before, or the first one */
    NAMES_TROUBLE, /* it does not resolve, for a reason that is new */
    NAMES_BETTER,  /* it resolves again, to the same address */
};

/* Makes room for the names of an epoch beside those that are there. 0, or -1 with errno ENOMEM. */
int names_reserve(struct names *names, const struct epoch *epoch) MUST_CHECK;

/*
 * Keeps the names that the epoch has too, with what is known of them; drops the others; adds what
 * is new. All are due at once: whoever reloads may have changed more than the file. Returns whether
 * there is a new one. The room has been reserved.
 */
bool names_update(struct names *names, const struct epoch *epoch, uint64_t now_ms);

void names_free(struct names *names);

/* NULL when there is no such name. */
struct name *names_find(const struct names *names, const char *host);
struct name *names_find_asked(const struct names *names, uint32_t id);

/* Where a backend is as far as is known: its literal address, or what its name resolved to. */
struct addr names_address(const struct names *names, const struct conf_backend *backend);

/* When the next one is due; UINT64_MAX when none is. */
uint64_t names_next_due(const struct names *names);

/* What it resolved to for an earlier master; it is asked all the same. */
void names_learn(struct name *name, const struct addr *address);

/* Marks those that are to be asked now; none is before. Returns how many. */
size_t names_take_due(struct names *names, uint64_t now_ms);

/* Those that are asked get no answer: they are due again. */
void names_give_up(struct names *names, uint64_t now_ms);

/*
 * Which of two addresses of an answer to take, `next` being the later one: the one that is in use,
 * else the first that can be a machine's. Begins with an empty `best`.
 */
struct addr names_prefer(const struct addr *in_use, const struct addr *best,
                         const struct addr *next);

/* An answer has come: an address, or the reason why there is none. Not asked any more. */
enum names_news names_resolved(struct name *name, const struct addr *address, uint64_t now_ms);
enum names_news names_failed(struct name *name, const char *why, uint64_t now_ms);

#endif
