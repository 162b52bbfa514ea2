#include "control/top_rows.h"

#include <errno.h>
#include <stdlib.h>

/* ---- orders: negative when `a` comes first ---- */

static int by_place(const struct top_row *a, const struct top_row *b)
{
    return (a->place > b->place) - (a->place < b->place);
}

static int by_number(uint64_t a, uint64_t b, int otherwise)
{
    return a != b ? (a < b ? 1 : -1) : otherwise;
}

static int compare_places(const void *a, const void *b)
{
    return by_place(a, b);
}

/* enum snapshot_status has the best last; what an administrator said is no trouble. */
static int badness(const struct top_row *row)
{
    switch (row->backend->status) {
    case STATUS_DOWN:
        return 5;
    case STATUS_BLOCKED:
        return 4;
    case STATUS_SUSPECT:
        return 3;
    case STATUS_UNCHECKED:
        return 2;
    case STATUS_DRAIN:
    case STATUS_MAINT:
        return 1;
    case STATUS_UP:
        break;
    }
    return 0;
}

static int compare_badness(const void *a, const void *b)
{
    return by_number((uint64_t)badness(a), (uint64_t)badness(b), by_place(a, b));
}

static int compare_sessions(const void *a, const void *b)
{
    const struct top_row *one = a;
    const struct top_row *other = b;

    return by_number(one->backend->counts.active, other->backend->counts.active,
                     by_place(one, other));
}

static int compare_bytes(const void *a, const void *b)
{
    const struct top_row *one = a;
    const struct top_row *other = b;

    return by_number(one->rates.bytes_in + one->rates.bytes_out,
                     other->rates.bytes_in + other->rates.bytes_out, by_place(one, other));
}

/* ---- the list ---- */

static const struct {
    const char *name;
    int (*compare)(const void *, const void *);
} orders[TOP_ORDERS] = {
    [TOP_AS_STATUS] = {"as in status", compare_places},
    [TOP_WORST] = {"worst first", compare_badness},
    [TOP_SESSIONS] = {"most sessions first", compare_sessions},
    [TOP_BYTES] = {"most bytes first", compare_bytes},
};

const char *top_order_name(enum top_order order)
{
    return orders[order].name;
}

static void add_service(const struct top_sight *sight, const struct snapshot_service *service,
                        struct top_rows *rows)
{
    struct top_row *row = &rows->list[rows->count++];

    *row = (struct top_row){.service = service};
    row->has_rates = top_service_rates(sight, service, &row->rates);
    for (size_t i = 0; i < service->backend_count; i++) {
        row = &rows->list[rows->count++];
        *row = (struct top_row){.service = service, .backend = &service->backends[i], .place = i};
        row->has_rates = top_backend_rates(sight, service, row->backend, &row->rates);
    }
}

int top_rows_make(const struct top_sight *sight, enum top_order order, struct top_rows *rows)
{
    size_t most = 1;

    for (size_t i = 0; i < sight->now->service_count; i++)
        most += 1 + sight->now->services[i].backend_count;
    rows->count = 0;
    rows->list = calloc(most, sizeof(*rows->list));
    if (rows->list == NULL) {
        errno = ENOMEM;
        return -1;
    }
    for (size_t i = 0; i < sight->now->service_count; i++) {
        size_t first = rows->count + 1;

        if (!sight->now->services[i].enabled)
            continue;
        add_service(sight, &sight->now->services[i], rows);
        qsort(&rows->list[first], rows->count - first, sizeof(*rows->list), orders[order].compare);
    }
    return 0;
}

void top_rows_free(struct top_rows *rows)
{
    free(rows->list);
    *rows = (struct top_rows){0};
}
