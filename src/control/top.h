/* The parts of k0slbctl top: what is drawn, apart from the terminal that it is drawn on. */
#ifndef K0SLB_CONTROL_TOP_H
#define K0SLB_CONTROL_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/textbuf.h"
#include "board/snapshot.h"

/* ---- numbers that come from two looks ---- */

#define TOP_HISTORY 120

struct top_rates {
    uint64_t sessions; /* begun in a second */
    uint64_t bytes_in; /* in a second */
    uint64_t bytes_out;
};

/* What has been seen. The snapshots are its holder's; `before` is NULL at first. */
struct top_sight {
    const struct snapshot *now;
    const struct snapshot *before;
    uint64_t elapsed_ms;           /* between them */
    uint64_t history[TOP_HISTORY]; /* bytes in a second, both ways; the newest last */
    size_t history_count;
};

/*
 * What went on between the two looks; nothing is known (all zero, and false) before the second, and
 * after a start that counts anew.
 */
bool top_service_rates(const struct top_sight *sight, const struct snapshot_service *service,
                       struct top_rates *out);
bool top_backend_rates(const struct top_sight *sight, const struct snapshot_service *service,
                       const struct snapshot_backend *backend, struct top_rates *out);

/* Of all services together. */
bool top_sum_rates(const struct top_sight *sight, struct top_rates *out);

/* Keeps what has just been seen in the history. */
void top_remember(struct top_sight *sight);

/* ---- keys ---- */

enum top_key {
    TOP_KEY_NONE, /* no key, or the first bytes of one */
    TOP_KEY_QUIT,
    TOP_KEY_SUSPEND,
    TOP_KEY_PAUSE,
    TOP_KEY_SORT,
    TOP_KEY_UP,
    TOP_KEY_DOWN,
    TOP_KEY_PAGE_UP,
    TOP_KEY_PAGE_DOWN,
    TOP_KEY_HOME,
    TOP_KEY_END,
};

/* Where a sequence of bytes (ECMA-48) has got to; zero-initialised is between keys. */
struct top_keys {
    enum { TOP_GROUND, TOP_ESCAPE, TOP_SEQUENCE } state;
    unsigned number;
};

/* Takes the next byte, and says which key has been pressed with it. */
enum top_key top_keys_feed(struct top_keys *keys, unsigned char byte);

/* ---- the frame ---- */

enum top_order { TOP_AS_STATUS, TOP_WORST, TOP_SESSIONS, TOP_BYTES, TOP_ORDERS };

struct top_view {
    unsigned rows;
    unsigned columns;
    uint64_t interval_ms;
    bool paused;
    bool color;
    bool utf8;
    enum top_order order;
    size_t scroll;    /* lines of the list above the first that is shown */
    const char *gone; /* why nothing can be read now; NULL = it can */
};

/*
 * Appends a whole frame: it begins at the upper left corner, has exactly view->rows lines, none of
 * them longer than view->columns, and leaves nothing of the last one. view->scroll is brought back
 * to where there is something to show. Returns how many lines of the list are shown.
 */
size_t top_draw(const struct top_sight *sight, struct top_view *view, struct textbuf *out);

#endif
