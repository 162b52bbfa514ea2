/* The clients of a service that counts by them, out of the tables of all workers. */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "board/board_map.h"
#include "board/board_sources.h"
#include "board/snapshot.h"

#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/claim.h"
#include "unit/unit.h"

extern const struct unit_test snapshot_clients_tests[];

#define BACKENDS 3

/* konnectivity spreads by source; kubeAPI counts sources, and is not shown by them. */
struct place {
    struct board *board;
    unsigned tunnels;
    unsigned api;
    unsigned backends[BACKENDS];
    unsigned worker;
    unsigned clients;
};

static struct place place_open(unsigned sources)
{
    struct conf_service tunnels = {
        .name = "konnectivity", .enabled = 1, .balance = BALANCE_SOURCE_SPREAD};
    struct conf_service api = {.name = "kubeAPI", .enabled = 1};
    struct place place = {.clients = 0};
    char name[CONF_NAME_SIZE];
    struct board_plan plan = {.name = scratch_name(name),
                              .services = 2,
                              .backends = BACKENDS,
                              .workers = 2,
                              .sources = sources,
                              .group = (gid_t)-1};

    place.board = made_board(&plan);
    CU_ASSERT_FATAL(place.board != NULL);
    place.tunnels = claim_service(place.board, &tunnels);
    place.api = claim_service(place.board, &api);
    for (unsigned i = 0; i < BACKENDS; i++) {
        struct conf_backend backend = {.weight = 1};

        snprintf(backend.name, sizeof(backend.name), "cp%u", i);
        place.backends[i] = claim_backend(place.board, place.tunnels, &backend);
    }
    CU_ASSERT_FATAL(board_want_sources(place.board) == 0);
    CU_ASSERT_FATAL(board_allocate_worker(place.board, 0) == 0);
    CU_ASSERT_FATAL(board_allocate_worker(place.board, 1) == 0);
    return place;
}

static int in_worker(struct place *place, child_fn *fn, unsigned worker)
{
    place->worker = worker;
    return child_run(fn, place);
}

static uint32_t begin(const struct place *place, unsigned service, const char *client,
                      unsigned backend)
{
    struct addr address;

    CHILD_EXPECT(addr_parse(&address, client) == 0);
    address.port = (uint16_t)(1000 + backend);
    return board_source_begin(place->board, service, &address, place->backends[backend]);
}

static const struct snapshot_service *find(const struct snapshot *snapshot, unsigned slot)
{
    for (size_t i = 0; i < snapshot->service_count; i++) {
        if (snapshot->services[i].slot == slot)
            return &snapshot->services[i];
    }
    CU_FAIL_FATAL("no such service");
    return NULL;
}

static struct snapshot *take(const struct place *place)
{
    struct snapshot *snapshot = snapshot_take(place->board);

    CU_ASSERT_FATAL(snapshot != NULL);
    return snapshot;
}

/* ---- what is there ---- */

static int count_some(void *context)
{
    struct place *place = context;
    uint32_t gone;

    if (board_enter(place->board, BOARD_ROLE_WORKER, place->worker) == -1)
        return 1;
    CHILD_EXPECT(begin(place, place->tunnels, "10.0.0.7", 0) != BOARD_NO_SOURCE);
    CHILD_EXPECT(begin(place, place->tunnels, "10.0.0.7", place->worker) != BOARD_NO_SOURCE);
    CHILD_EXPECT(begin(place, place->tunnels, place->worker == 0 ? "fd00::1" : "9.9.9.9", 2) !=
                 BOARD_NO_SOURCE);
    CHILD_EXPECT(begin(place, place->api, "10.0.0.8", 0) != BOARD_NO_SOURCE);
    gone = begin(place, place->tunnels, "10.0.0.9", 1);
    board_source_end(place->board, gone, place->backends[1]);
    return 0;
}

static void assert_client(const struct snapshot_client *client, const char *address,
                          const uint32_t at[BACKENDS])
{
    char text[ADDR_TEXT_SIZE];
    uint32_t total = 0;

    ASSERT_TEXT(addr_format_ip(&client->address, text), address);
    ASSERT_NUMBER(client->address.port, 0);
    for (unsigned i = 0; i < BACKENDS; i++) {
        ASSERT_NUMBER(client->at[i], at[i]);
        total += at[i];
    }
    ASSERT_NUMBER(client->total, total);
}

static void workers_are_added_up(void)
{
    static const uint32_t at[3][BACKENDS] = {{0, 0, 1}, {3, 1, 0}, {0, 0, 1}};
    struct place place = place_open(64);
    const struct snapshot_service *service;
    struct snapshot *snapshot;

    ASSERT_NUMBER(in_worker(&place, count_some, 0), 0);
    ASSERT_NUMBER(in_worker(&place, count_some, 1), 0);
    snapshot = take(&place);
    service = find(snapshot, place.tunnels);
    CU_ASSERT_FATAL(service->client_count == 3);
    ASSERT_NUMBER(service->clients_left_out, 0);
    assert_client(&service->clients[0], "9.9.9.9", at[0]);
    assert_client(&service->clients[1], "10.0.0.7", at[1]);
    assert_client(&service->clients[2], "fd00::1", at[2]);
    for (unsigned i = 0; i < BACKENDS; i++)
        ASSERT_NUMBER(service->backends[i].ordinal, i);
    ASSERT_NUMBER(find(snapshot, place.api)->client_count, 0);
    CU_ASSERT_PTR_NULL(find(snapshot, place.api)->clients);
    snapshot_free(snapshot);
    /* Whose worker is gone is gone. */
    board_clear_worker(place.board, 0);
    snapshot = take(&place);
    ASSERT_NUMBER(find(snapshot, place.tunnels)->client_count, 2);
    snapshot_free(snapshot);
    scratch_drop(place.board);
}

static void without_tables_there_are_none(void)
{
    struct conf_service tunnels = {
        .name = "konnectivity", .enabled = 1, .balance = BALANCE_SOURCE_SPREAD};
    struct board *board = scratch_board(1, 1, 2);
    struct snapshot *snapshot;

    claim_service(board, &tunnels);
    snapshot = snapshot_take(board);
    CU_ASSERT_FATAL(snapshot != NULL);
    ASSERT_NUMBER(snapshot->services[0].client_count, 0);
    snapshot_free(snapshot);
    scratch_drop(board);
}

/* ---- many ---- */

static int count_many(void *context)
{
    struct place *place = context;

    if (board_enter(place->board, BOARD_ROLE_WORKER, place->worker) == -1)
        return 1;
    for (unsigned i = 0; i < place->clients; i++) {
        char client[ADDR_TEXT_SIZE];

        snprintf(client, sizeof(client), "10.%u.%u.%u", i >> 16, i >> 8 & 0xff, i & 0xff);
        CHILD_EXPECT(begin(place, place->tunnels, client, place->worker) != BOARD_NO_SOURCE);
    }
    return 0;
}

/* Everybody is there once, whoever is in both tables. */
static void see_many(unsigned clients, size_t listed, size_t left_out)
{
    struct place place = place_open(32768);
    const struct snapshot_service *service;
    struct snapshot *snapshot;
    size_t out_of_order = 0;

    place.clients = clients;
    ASSERT_NUMBER(in_worker(&place, count_many, 0), 0);
    ASSERT_NUMBER(in_worker(&place, count_many, 1), 0);
    snapshot = take(&place);
    service = find(snapshot, place.tunnels);
    ASSERT_NUMBER(service->client_count, listed);
    ASSERT_NUMBER(service->clients_left_out, left_out);
    for (size_t i = 0; i < service->client_count; i++) {
        const struct snapshot_client *client = &service->clients[i];

        out_of_order += client->at[0] != 1 || client->at[1] != 1 || client->total != 2;
        out_of_order += i > 0 && memcmp(client[-1].address.ip, client->address.ip, 4) >= 0;
    }
    ASSERT_NUMBER(out_of_order, 0);
    snapshot_free(snapshot);
    scratch_drop(place.board);
}

static void five_thousand_are_listed(void)
{
    see_many(5000, 5000, 0);
}

/* Each one that is left out is so in both tables. */
static void there_is_a_bound(void)
{
    see_many(SNAPSHOT_MOST_CLIENTS + 100, SNAPSHOT_MOST_CLIENTS, 200);
}

/* ---- a table that lies ---- */

static void any_table_is_copied(void)
{
    struct place place = place_open(512);
    const struct board_layout *layout = &board_master(place.board)->layout;
    struct rng rng;

    rng_seed(&rng, 23);
    for (int round = 0; round < 200; round++) {
        char *region = board_writable(place.board, board_worker(place.board, round % 2));
        struct snapshot *snapshot;
        size_t count;

        for (uint64_t i = layout->sources_at; i < layout->worker_size; i++)
            region[i] = (char)rng_below(&rng, round % 3 == 0 ? 4 : 256);
        snapshot = take(&place);
        count = find(snapshot, place.tunnels)->client_count;
        CU_ASSERT(count <= 2 * 512);
        snapshot_free(snapshot);
    }
    scratch_drop(place.board);
}

const struct unit_test snapshot_clients_tests[] = {
    {"workers_are_added_up", workers_are_added_up},
    {"without_tables_there_are_none", without_tables_there_are_none},
    {"five_thousand_are_listed", five_thousand_are_listed},
    {"there_is_a_bound", there_is_a_bound},
    {"any_table_is_copied", any_table_is_copied},
    {NULL, NULL},
};
