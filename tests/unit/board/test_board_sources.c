/* The tables of client addresses: who is told apart, what is counted, and what a reader may meet.
 */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "board/board_sources.h"
#include "board/board_writer.h"

#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/claim.h"
#include "unit/unit.h"

extern const struct unit_test board_sources_tests[];

#define SOURCES 64
#define WORKERS 2

/* A board with two services: backends 0 to 2 are of the first one, the others of the second. */
struct place {
    struct board *board;
    unsigned worker;
    unsigned services[2];
    unsigned backends[5];
};

static void place_open(struct place *place)
{
    char name[CONF_NAME_SIZE];
    struct board_plan plan = {.name = scratch_name(name),
                              .services = 2,
                              .backends = ARRAY_LEN(place->backends),
                              .workers = WORKERS,
                              .sources = SOURCES,
                              .group = (gid_t)-1};

    *place = (struct place){.board = made_board(&plan)};
    CU_ASSERT_FATAL(place->board != NULL);
    for (unsigned i = 0; i < 2; i++) {
        struct conf_service service = {.enabled = 1};

        snprintf(service.name, sizeof(service.name), "s%u", i);
        place->services[i] = claim_service(place->board, &service);
    }
    for (unsigned i = 0; i < ARRAY_LEN(place->backends); i++) {
        struct conf_backend backend = {.weight = 1};

        snprintf(backend.name, sizeof(backend.name), "b%u", i);
        place->backends[i] = claim_backend(place->board, place->services[i > 2], &backend);
    }
    CU_ASSERT(board_allocate_worker(place->board, 0) == 0);
    CU_ASSERT(board_want_sources(place->board) == 0);
    CU_ASSERT(board_allocate_worker(place->board, 1) == 0);
}

static void place_close(struct place *place)
{
    scratch_drop(place->board);
}

static struct addr client_number(unsigned number)
{
    return (struct addr){.family = ADDR_IPV4,
                         .port = (uint16_t)(number * 7),
                         .ip = {10, 0, (uint8_t)(number >> 8), (uint8_t)number}};
}

/* As a worker; the test's own process stays the master. */
static int in_worker(struct place *place, child_fn *fn, unsigned worker)
{
    place->worker = worker;
    return child_run(fn, place);
}

static int enter(struct place *place)
{
    return board_enter(place->board, BOARD_ROLE_WORKER, place->worker);
}

static uint32_t begin(struct place *place, unsigned service, unsigned client, unsigned backend)
{
    struct addr address = client_number(client);

    return board_source_begin(place->board, place->services[service], &address,
                              place->backends[backend]);
}

static uint32_t count_of(const struct place *place, unsigned service, unsigned client,
                         unsigned backend)
{
    struct addr address = client_number(client);
    struct board_source_counts counts;

    board_source_counts(place->board, place->services[service], &address, &counts);
    return counts.at[board_backend(place->board, place->backends[backend])->ordinal];
}

static uint32_t total_of(const struct place *place, unsigned service, unsigned client)
{
    struct addr address = client_number(client);

    return board_source_total(place->board, place->services[service], &address);
}

/* ---- counting ---- */

static int count_some(void *context)
{
    struct place *place = context;
    uint32_t first;
    uint32_t second;

    if (enter(place) == -1)
        return 1;
    first = begin(place, 0, 1, 0);
    second = begin(place, 0, 1, 2);
    CHILD_EXPECT(first != BOARD_NO_SOURCE && second == first);
    CHILD_EXPECT(begin(place, 0, 1, 2) == first);
    CHILD_EXPECT(begin(place, 0, 2, 1) != first);
    CHILD_EXPECT(begin(place, 1, 1, 3) != first);
    CHILD_EXPECT(count_of(place, 0, 1, 0) == 1);
    board_source_end(place->board, first, place->backends[0]);
    board_source_end(place->board, BOARD_NO_SOURCE, place->backends[0]);
    return 0;
}

static void test_counts(void)
{
    struct place place;

    place_open(&place);
    ASSERT_NUMBER(in_worker(&place, count_some, 0), 0);
    ASSERT_NUMBER(count_of(&place, 0, 1, 0), 0);
    ASSERT_NUMBER(count_of(&place, 0, 1, 1), 0);
    ASSERT_NUMBER(count_of(&place, 0, 1, 2), 2);
    ASSERT_NUMBER(count_of(&place, 0, 2, 1), 1);
    ASSERT_NUMBER(count_of(&place, 1, 1, 3), 1);
    ASSERT_NUMBER(total_of(&place, 0, 1), 2);
    ASSERT_NUMBER(total_of(&place, 0, 3), 0);
    place_close(&place);
}

static int count_one(void *context)
{
    struct place *place = context;

    return enter(place) == -1 || begin(place, 0, 9, 1) == BOARD_NO_SOURCE;
}

/* Those of all workers together; and a killed worker leaves nothing behind. */
static void test_workers(void)
{
    struct place place;

    place_open(&place);
    ASSERT_NUMBER(in_worker(&place, count_one, 0), 0);
    ASSERT_NUMBER(in_worker(&place, count_one, 1), 0);
    ASSERT_NUMBER(in_worker(&place, count_one, 1), 0);
    ASSERT_NUMBER(count_of(&place, 0, 9, 1), 3);
    board_clear_worker(place.board, 1);
    ASSERT_NUMBER(count_of(&place, 0, 9, 1), 1);
    ASSERT_NUMBER(in_worker(&place, count_one, 1), 0);
    ASSERT_NUMBER(total_of(&place, 0, 9), 2);
    place_close(&place);
}

/* ---- who is told apart ---- */

static struct addr parsed(const char *text)
{
    struct addr address;

    CU_ASSERT_FATAL(addr_parse(&address, text) == 0);
    return address;
}

static int count_pairs(void *context)
{
    static const char *const different[] = {"10.0.0.1", "10.0.0.2", "::1",          "::a00:1",
                                            "fd00::1",  "fd00::2",  "fd00:0:0:1::1"};
    struct place *place = context;
    struct addr scoped = parsed("fe80::1");

    if (enter(place) == -1)
        return 1;
    for (unsigned i = 0; i < ARRAY_LEN(different); i++) {
        struct addr address = parsed(different[i]);

        address.port = (uint16_t)(1000 + i);
        CHILD_EXPECT(board_source_begin(place->board, place->services[0], &address,
                                        place->backends[0]) != BOARD_NO_SOURCE);
    }
    for (scoped.scope = 1; scoped.scope < 3; scoped.scope++)
        CHILD_EXPECT(board_source_begin(place->board, place->services[0], &scoped,
                                        place->backends[0]) != BOARD_NO_SOURCE);
    for (unsigned i = 0; i < ARRAY_LEN(different); i++) {
        struct addr address = parsed(different[i]);

        CHILD_EXPECT(board_source_total(place->board, place->services[0], &address) == 1);
    }
    scoped.scope = 2;
    CHILD_EXPECT(board_source_total(place->board, place->services[0], &scoped) == 1);
    return 0;
}

static int count_mapped(void *context)
{
    struct place *place = context;
    struct addr plain = parsed("192.0.2.1");
    struct addr mapped = parsed("::ffff:192.0.2.1");

    if (enter(place) == -1)
        return 1;
    CHILD_EXPECT(board_source_begin(place->board, place->services[0], &plain, place->backends[0]) !=
                 BOARD_NO_SOURCE);
    CHILD_EXPECT(board_source_total(place->board, place->services[0], &mapped) == 1);
    return 0;
}

static void test_identity(void)
{
    struct place place;

    place_open(&place);
    ASSERT_NUMBER(in_worker(&place, count_pairs, 0), 0);
    ASSERT_NUMBER(in_worker(&place, count_mapped, 1), 0);
    place_close(&place);
}

/* ---- room ---- */

static int fill_up(void *context)
{
    struct place *place = context;
    struct addr known = client_number(7);
    struct addr unknown = client_number(SOURCES);
    uint32_t sources[SOURCES];

    if (enter(place) == -1)
        return 1;
    for (unsigned i = 0; i < SOURCES; i++) {
        CHILD_EXPECT(board_sources_have_room(place->board) == (i <= SOURCES * 7 / 8));
        sources[i] = begin(place, 0, i, i % 3);
        CHILD_EXPECT(sources[i] != BOARD_NO_SOURCE);
    }
    CHILD_EXPECT(begin(place, 0, SOURCES, 0) == BOARD_NO_SOURCE);
    CHILD_EXPECT(!board_source_fits(place->board, place->services[0], &unknown));
    CHILD_EXPECT(board_source_fits(place->board, place->services[0], &known));
    CHILD_EXPECT(begin(place, 0, 7, 0) == sources[7]);
    board_source_end(place->board, sources[7], place->backends[0]);
    CHILD_EXPECT(begin(place, 0, SOURCES, 0) == BOARD_NO_SOURCE);
    board_source_end(place->board, sources[7], place->backends[1]);
    CHILD_EXPECT(begin(place, 0, SOURCES, 0) != BOARD_NO_SOURCE);
    CHILD_EXPECT(total_of(place, 0, 7) == 0 && total_of(place, 0, SOURCES) == 1 + place->worker);
    return 0;
}

/* Full, it still counts those it knows; what is free again is used again. */
static void test_room(void)
{
    struct place place;

    place_open(&place);
    ASSERT_NUMBER(in_worker(&place, fill_up, 0), 0);
    ASSERT_NUMBER(in_worker(&place, fill_up, 1), 0);
    place_close(&place);
}

/* One to one with a plain array of numbers, over many sessions that come and go at random. */
static int compare_with_array(void *context)
{
    enum { CLIENTS = 100, HELD = 150, ROUNDS = 20000 };
    struct place *place = context;
    static unsigned wanted[CLIENTS][3];
    struct {
        uint32_t source;
        unsigned client;
        unsigned backend;
    } held[HELD] = {{0}};
    struct rng rng;

    if (enter(place) == -1)
        return 1;
    rng_seed(&rng, 5);
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned i = rng_below(&rng, HELD);
        unsigned client = rng_below(&rng, CLIENTS);
        unsigned backend = rng_below(&rng, 3);

        if (held[i].source != BOARD_NO_SOURCE) {
            board_source_end(place->board, held[i].source, place->backends[held[i].backend]);
            wanted[held[i].client][held[i].backend]--;
        }
        held[i].source = begin(place, 0, client, backend);
        held[i].client = client;
        held[i].backend = backend;
        wanted[client][backend] += held[i].source != BOARD_NO_SOURCE;
        client = rng_below(&rng, CLIENTS);
        if (count_of(place, 0, client, backend) != wanted[client][backend])
            return 2;
    }
    for (unsigned i = 0; i < HELD; i++)
        board_source_end(place->board, held[i].source, place->backends[held[i].backend]);
    for (unsigned client = 0; client < CLIENTS; client++)
        CHILD_EXPECT(total_of(place, 0, client) == 0);
    for (unsigned client = 0; client < SOURCES; client++)
        CHILD_EXPECT(begin(place, 0, client, 0) != BOARD_NO_SOURCE);
    return 0;
}

static void test_like_an_array(void)
{
    struct place place;

    place_open(&place);
    ASSERT_NUMBER(in_worker(&place, compare_with_array, 0), 0);
    place_close(&place);
}

static int count_too_many(void *context)
{
    struct place *place = context;

    if (enter(place) == -1)
        return 1;
    for (unsigned i = 0; i < UINT16_MAX; i++) {
        if (begin(place, 0, 1, 0) == BOARD_NO_SOURCE)
            return 2;
    }
    CHILD_EXPECT(begin(place, 0, 1, 0) == BOARD_NO_SOURCE);
    CHILD_EXPECT(total_of(place, 0, 1) == UINT16_MAX);
    return 0;
}

static void test_most_sessions(void)
{
    struct place place;

    place_open(&place);
    ASSERT_NUMBER(in_worker(&place, count_too_many, 0), 0);
    place_close(&place);
}

/* ---- readers ---- */

/* A table of nonsense: every chain leads to itself, in a ring, or out of the table. */
static void test_broken_table(void)
{
    struct place place;
    const struct board_layout *layout;
    uint32_t *words;
    uint64_t size;

    place_open(&place);
    layout = &board_master(place.board)->layout;
    words = (void *)((char *)board_my_master(place.board) + layout->worker_at + layout->sources_at);
    size = (layout->worker_size - layout->sources_at) / sizeof(*words);
    for (unsigned value = 0; value < 4; value++) {
        static const uint32_t values[] = {1, SOURCES, SOURCES + 1, UINT32_MAX};

        for (uint64_t i = 0; i < size; i++)
            words[i] = values[value];
        for (unsigned client = 0; client < 200; client++)
            ASSERT_NUMBER(total_of(&place, 0, client), 0);
    }
    board_clear_worker(place.board, 0);
    ASSERT_NUMBER(in_worker(&place, count_one, 0), 0);
    ASSERT_NUMBER(total_of(&place, 0, 9), 1);
    place_close(&place);
}

struct churn {
    struct place place;
    _Atomic int begun;
    _Atomic int stop;
};

/* One client stays; the others come and go through the same chains and entries. */
static int churn(void *context)
{
    struct churn *churn = context;
    struct place *place = &churn->place;
    struct rng rng;

    if (enter(place) == -1 || begin(place, 0, 1, 0) == BOARD_NO_SOURCE)
        return 1;
    rng_seed(&rng, 6);
    atomic_store(&churn->begun, 1);
    while (!atomic_load(&churn->stop)) {
        uint32_t sources[SOURCES - 1];
        unsigned clients = 1 + rng_below(&rng, SOURCES - 1);

        for (unsigned i = 0; i < clients; i++)
            sources[i] = begin(place, 0, 100 + rng_below(&rng, 1000), 1);
        for (unsigned i = 0; i < clients; i++)
            board_source_end(place->board, sources[i], place->backends[1]);
    }
    return 0;
}

/* A reader beside the writer sees the client that stays, or misses it, and never another number. */
static void test_reader_beside_writer(void)
{
    struct churn *shared = child_share(sizeof(*shared));
    unsigned seen = 0;
    unsigned wrong = 0;
    pid_t pid;

    place_open(&shared->place);
    pid = child_start(churn, shared);
    CU_ASSERT(child_await(pid, &shared->begun));
    for (unsigned i = 0; i < 200000; i++) {
        struct addr address = client_number(1);
        struct board_source_counts counts;

        board_source_counts(shared->place.board, shared->place.services[0], &address, &counts);
        seen += counts.at[0];
        wrong += counts.at[0] > 1 || counts.at[1] != 0 || counts.at[2] != 0;
        if (i % 16 == 0)
            wrong += count_of(&shared->place, 0, 100 + i % 1000, 0) != 0;
    }
    atomic_store(&shared->stop, 1);
    ASSERT_NUMBER(child_wait(pid), 0);
    ASSERT_NUMBER(wrong, 0);
    CU_ASSERT(seen > 190000);
    ASSERT_NUMBER(total_of(&shared->place, 0, 1), 1);
    place_close(&shared->place);
    child_unshare(shared, sizeof(*shared));
}

/* ---- memory, and ordinals ---- */

static int count_without_table(void *context)
{
    struct place place = {.board = context};
    struct addr client = client_number(1);

    if (enter(&place) == -1)
        return 1;
    CHILD_EXPECT(board_source_fits(place.board, 0, &client));
    CHILD_EXPECT(board_sources_have_room(place.board));
    CHILD_EXPECT(board_source_begin(place.board, 0, &client, 0) == BOARD_NO_SOURCE);
    CHILD_EXPECT(board_source_total(place.board, 0, &client) == 0);
    return 0;
}

/* Without a service that wants one there is no table, and nobody makes one by looking. */
static void test_no_table(void)
{
    struct board *board = scratch_board(1, 3, 2);

    ASSERT_NUMBER(child_run(count_without_table, board), 0);
    ASSERT_NUMBER(board_master(board)->table_exists, 0);
    CU_ASSERT(board_want_sources(board) == 0);
    ASSERT_NUMBER(board_master(board)->table_exists, 3);
    CU_ASSERT(board_allocate_worker(board, 4) == 0);
    ASSERT_NUMBER(board_master(board)->table_exists, 0x13);
    scratch_drop(board);
}

static unsigned ordinal(struct board *board, unsigned service, const char *name)
{
    struct conf_backend backend = {.weight = 1};

    snprintf(backend.name, sizeof(backend.name), "%s", name);
    return board_backend(board, claim_backend(board, service, &backend))->ordinal;
}

/* The lowest that is free in its service, kept as long as the backend is there. */
static void test_ordinals(void)
{
    struct place place;
    unsigned used = 0;
    char name[8];

    place_open(&place);
    for (unsigned i = 0; i < 5; i++)
        ASSERT_NUMBER(board_backend(place.board, place.backends[i])->ordinal, i > 2 ? i - 3 : i);
    ASSERT_NUMBER(ordinal(place.board, place.services[0], "b1"), 1);
    atomic_store(&board_my_backend(place.board, place.backends[1])->state, BOARD_SLOT_REMOVED);
    ASSERT_NUMBER(ordinal(place.board, place.services[0], "new"), 3);
    atomic_store(&board_my_backend(place.board, place.backends[1])->state, BOARD_SLOT_FREE);
    ASSERT_NUMBER(ordinal(place.board, place.services[0], "newer"), 1);
    for (unsigned i = 4; i < CONF_MAX_SPREAD; i++) {
        snprintf(name, sizeof(name), "x%u", i);
        used |= 1u << ordinal(place.board, place.services[0], name);
    }
    ASSERT_NUMBER(used, 0xfff0);
    CU_ASSERT(ordinal(place.board, place.services[0], "more") < CONF_MAX_SPREAD);
    place_close(&place);
}

const struct unit_test board_sources_tests[] = {
    {"counts", test_counts},
    {"workers", test_workers},
    {"identity", test_identity},
    {"room", test_room},
    {"like_an_array", test_like_an_array},
    {"most_sessions", test_most_sessions},
    {"broken_table", test_broken_table},
    {"reader_beside_writer", test_reader_beside_writer},
    {"no_table", test_no_table},
    {"ordinals", test_ordinals},
    {NULL, NULL},
};
