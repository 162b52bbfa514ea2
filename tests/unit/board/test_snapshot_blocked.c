#include "board/snapshot_parts.h"

#include <string.h>

#include "unit/unit.h"

extern const struct unit_test snapshot_blocked_tests[];

#define SERVICES 3
#define BACKENDS 2

/* Slots 4, 5 and 6: each service requires the one before it. */
struct chain {
    struct snapshot snapshot;
    struct snapshot_service services[SERVICES];
    struct snapshot_backend backends[SERVICES][BACKENDS];
};

static void fill(struct chain *chain)
{
    static const char *const names[SERVICES] = {"api", "join", "web"};

    memset(chain, 0, sizeof(*chain));
    chain->snapshot.services = chain->services;
    chain->snapshot.service_count = SERVICES;
    for (unsigned i = 0; i < SERVICES; i++) {
        struct snapshot_service *service = &chain->services[i];

        strcpy(service->name, names[i]);
        service->slot = 4 + i;
        service->required = i == 0 ? BOARD_NO_SLOT : 3 + i;
        service->backends = chain->backends[i];
        service->backend_count = BACKENDS;
        strcpy(service->backends[0].name, "cp1");
        strcpy(service->backends[1].name, "cp2");
        service->backends[0].status = service->backends[1].status = STATUS_UP;
    }
}

static void what_blocks_is_named(void)
{
    static const struct {
        enum snapshot_status status;
        const char *words;
    } rows[] = {
        {STATUS_DOWN, "api/cp2 is down"},
        {STATUS_DRAIN, "api/cp2 is in drain"},
        {STATUS_MAINT, "api/cp2 is in maint"},
        {STATUS_UP, ""},
        {STATUS_SUSPECT, ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct chain chain;

        fill(&chain);
        chain.backends[0][0].status = STATUS_DOWN;
        chain.backends[0][1].status = rows[i].status;
        chain.backends[1][1].status = STATUS_BLOCKED;
        snapshot_name_blockers(&chain.snapshot);
        ASSERT_TEXT(chain.backends[1][1].blocked_by, rows[i].words);
        ASSERT_TEXT(chain.backends[1][0].blocked_by, "");
    }
}

static void the_first_on_the_way_is_named(void)
{
    struct chain chain;

    fill(&chain);
    chain.backends[0][0].status = STATUS_DOWN;
    chain.backends[1][0].status = STATUS_BLOCKED;
    chain.backends[2][0].status = STATUS_BLOCKED;
    snapshot_name_blockers(&chain.snapshot);
    ASSERT_TEXT(chain.backends[2][0].blocked_by, "api/cp1 is down");
}

/* A board may show anything while a reload goes on. */
static void what_is_not_found_is_not_named(void)
{
    struct chain chain;

    fill(&chain);
    chain.backends[0][0].status = STATUS_BLOCKED;
    chain.backends[1][0].status = STATUS_BLOCKED;
    chain.backends[2][0].status = STATUS_BLOCKED;
    chain.services[0].required = 5; /* a ring */
    chain.services[2].required = 77;
    snapshot_name_blockers(&chain.snapshot);
    ASSERT_TEXT(chain.backends[0][0].blocked_by, "");
    ASSERT_TEXT(chain.backends[2][0].blocked_by, "");
}

const struct unit_test snapshot_blocked_tests[] = {
    {"what_blocks_is_named", what_blocks_is_named},
    {"the_first_on_the_way_is_named", the_first_on_the_way_is_named},
    {"what_is_not_found_is_not_named", what_is_not_found_is_not_named},
    {NULL, NULL},
};
