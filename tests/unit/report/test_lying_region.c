/*
 * A worker, or the checker, whose region of the board lies, in every byte: whoever reads the board
 * makes valid reports all the same, of a bounded size, and nobody crashes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "base/rng.h"
#include "board/board_map.h"
#include "board/board_master.h"
#include "board/snapshot.h"
#include "csv_reader.h"
#include "html_checker.h"
#include "json_checker.h"
#include "metrics_reader.h"
#include "report/report.h"
#include "unit/claim.h"
#include "unit/unit.h"

extern const struct unit_test lying_region_tests[];

#define BACKENDS 3
#define SOURCES  256
#define ROUNDS   150

/* More than any report of so small a board has, whatever its numbers are. */
#define REPORT_LIMIT (1 << 20)

struct stage {
    struct board *board;
    unsigned services[2];
    unsigned backends[2][BACKENDS];
    struct rng rng;
};

static void claim_all(struct stage *stage)
{
    static const char *const names[] = {"kubeAPI", "konnectivity"};

    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        struct conf_service service = {
            .enabled = 1, .check = CHECK_TLS, .balance = i == 1 ? BALANCE_SOURCE_SPREAD : 0};

        snprintf(service.name, sizeof(service.name), "%s", names[i]);
        stage->services[i] = claim_service(stage->board, &service);
        for (unsigned k = 0; k < BACKENDS; k++) {
            const struct addr at = {.family = ADDR_IPV4, .port = 6443, .ip = {10, 0, 0, 1 + k}};
            struct conf_backend backend = {.weight = 1};

            snprintf(backend.name, sizeof(backend.name), "cp%u", k);
            stage->backends[i][k] = claim_backend(stage->board, stage->services[i], &backend);
            board_set_address(stage->board, stage->backends[i][k], &at);
        }
    }
}

static struct stage stage_open(uint64_t seed)
{
    char name[CONF_NAME_SIZE];
    struct board_plan plan = {.name = name,
                              .services = 2,
                              .backends = 2 * BACKENDS,
                              .workers = 2,
                              .sources = SOURCES,
                              .group = (gid_t)-1};
    struct stage stage;

    snprintf(name, sizeof(name), "k0slb-unit-lying-%d", (int)getpid());
    stage.board = made_board(&plan);
    CU_ASSERT_FATAL(stage.board != NULL);
    rng_seed(&stage.rng, seed);
    claim_all(&stage);
    CU_ASSERT_FATAL(board_want_sources(stage.board) == 0);
    for (unsigned worker = 0; worker < 2; worker++) {
        CU_ASSERT_FATAL(board_allocate_worker(stage.board, worker) == 0);
        board_add_child(stage.board, getpid(), process_start_time(getpid()), BOARD_ROLE_WORKER,
                        worker);
    }
    return stage;
}

static void stage_close(struct stage *stage)
{
    board_unlink(stage->board);
    board_close(stage->board);
}

/* ---- lies ---- */

static char *region_of(const struct stage *stage, unsigned worker)
{
    return board_writable(stage->board, board_worker(stage->board, worker));
}

/* Any bytes, small ones, or the greatest. */
static char some_byte(struct stage *stage, unsigned kind)
{
    static const unsigned most[] = {256, 256, 4, 1};

    return (char)(rng_below(&stage->rng, most[kind]) - (kind == 3));
}

/* A lie about a slot is believed only under its owner's number. */
static void sign_all(struct stage *stage, unsigned worker)
{
    const struct board_layout *layout = &stage->board->layout;
    const char *region = region_of(stage, worker);

    for (unsigned i = 0; i < layout->services; i++) {
        struct board_service_counters *counters =
            board_writable(stage->board, &board_region_services(layout, region)[i]);

        atomic_store(&counters->number, atomic_load(&board_service(stage->board, i)->number));
    }
    for (unsigned i = 0; i < layout->backends; i++) {
        struct board_backend_counters *counters =
            board_writable(stage->board, &board_region_backends(layout, region)[i]);

        atomic_store(&counters->number, atomic_load(&board_backend(stage->board, i)->number));
    }
}

/* Every entry is of a service that shows its clients, with any address and chained at will. */
static void sign_sources(struct stage *stage, unsigned worker)
{
    const struct board_layout *layout = &stage->board->layout;
    char *at = region_of(stage, worker) + layout->sources_at;
    struct board_source_table *table = (void *)at;
    _Atomic uint32_t *heads = (void *)(at + sizeof(*table));
    struct board_source *entries = (void *)(at + sizeof(*table) + layout->sources * sizeof(*heads));

    atomic_store(&table->fresh, UINT32_MAX);
    for (unsigned i = 0; i < layout->sources; i++) {
        uint32_t owner = atomic_load(&entries[i].owner) & 0xffff0000;

        atomic_store(&entries[i].owner, owner | (stage->services[1] + 1));
        atomic_store(&entries[i].next, 1 + (uint32_t)rng_below(&stage->rng, layout->sources));
        atomic_store(&heads[i], 1 + (uint32_t)rng_below(&stage->rng, layout->sources + 2));
    }
}

static void lie(struct stage *stage, unsigned round)
{
    unsigned worker = round % 2;
    char *region = region_of(stage, worker);

    for (uint64_t i = 0; i < stage->board->layout.worker_size; i++)
        region[i] = some_byte(stage, round / 2 % 4);
    if (round % 3 > 0)
        sign_all(stage, worker);
    if (round % 5 > 1)
        sign_sources(stage, worker);
}

/* The checker may lie, too: of lives that are in force, so that it is believed. */
static void lie_about_health(struct stage *stage, unsigned round)
{
    const struct board_layout *layout = &stage->board->layout;
    char *region = board_writable(stage->board, board_checker(stage->board));

    for (uint64_t i = 0; i < layout->tickets_at - layout->checker_at; i++)
        region[i] = some_byte(stage, round / 2 % 4);
    for (unsigned i = 0; i < layout->backends && round % 3 > 0; i++) {
        struct board_check_record *check =
            board_writable(stage->board, &board_checks(stage->board)[i]);
        struct board_certificate_record *certificate =
            board_writable(stage->board, &board_certificates(stage->board)[i]);
        struct board_history_record *history =
            board_writable(stage->board, &board_histories(stage->board)[i]);
        _Atomic uint64_t *word = board_writable(stage->board, &board_health_words(stage->board)[i]);
        uint32_t life = board_backend_life(stage->board, i);

        atomic_store(word, (atomic_load(word) & ~UINT64_C(0xff00)) | (uint64_t)(life & 0xff) << 8);
        for (unsigned k = 0; k < 2; k++) {
            check->copies[k].life = certificate->copies[k].life = life;
            history->copies[k].number = atomic_load(&board_backend(stage->board, i)->number);
        }
    }
}

/* ---- reports ---- */

static void assert_whole(const struct textbuf *out)
{
    CU_ASSERT_FALSE(out->truncated);
    CU_ASSERT_FATAL(out->data != NULL);
    ASSERT_NUMBER(strlen(out->data), out->length);
}

static void assert_text(const struct snapshot *snapshot, struct textbuf *out)
{
    const struct report_look look = {.width = 99};

    textbuf_clear(out);
    report_text(snapshot, &look, out);
    assert_whole(out);
    for (const char *c = out->data; *c != '\0'; c++)
        CU_ASSERT((unsigned char)*c >= 0x20 || *c == '\n');
}

static void assert_html(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_clear(out);
    report_html(snapshot, 5, out);
    assert_whole(out);
    if (html_mistake(out->data) != NULL)
        ASSERT_TEXT(html_mistake(out->data), "");
}

static void assert_formats(const struct snapshot *snapshot, struct textbuf *out)
{
    struct csv_table table;

    textbuf_clear(out);
    report_json(snapshot, out);
    assert_whole(out);
    CU_ASSERT(json_is_valid(out->data));
    textbuf_clear(out);
    report_csv(snapshot, NULL, out);
    assert_whole(out);
    CU_ASSERT(csv_read(out->data, &table));
    csv_free(&table);
    textbuf_clear(out);
    report_metrics(snapshot, NULL, out);
    assert_whole(out);
    if (metrics_complaint(out->data) != NULL)
        ASSERT_TEXT(metrics_complaint(out->data), "");
}

static void assert_health(const struct snapshot *snapshot, struct textbuf *out)
{
    int status;

    textbuf_clear(out);
    status = report_healthz(snapshot, out);
    CU_ASSERT(status == 200 || status == 503);
    assert_whole(out);
    textbuf_clear(out);
    status = report_readyz(snapshot, NULL, out);
    CU_ASSERT(status == 200 || status == 503);
    assert_whole(out);
}

static void lies_give_valid_reports(uint64_t seed)
{
    struct stage stage = stage_open(seed);
    struct textbuf out;

    textbuf_init(&out, REPORT_LIMIT);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct snapshot *snapshot;

        lie(&stage, round);
        if (round % 4 == 3)
            lie_about_health(&stage, round);
        snapshot = snapshot_take(stage.board);
        CU_ASSERT_FATAL(snapshot != NULL);
        CU_ASSERT(snapshot->services[1].client_count <= 2 * SOURCES);
        assert_text(snapshot, &out);
        assert_html(snapshot, &out);
        assert_formats(snapshot, &out);
        assert_health(snapshot, &out);
        snapshot_free(snapshot);
    }
    textbuf_fini(&out);
    stage_close(&stage);
}

static void one_seed(void)
{
    lies_give_valid_reports(1);
}

static void another_seed(void)
{
    lies_give_valid_reports(20260921);
}

/* The one that the environment names, for a search: it is printed when it fails. */
static void a_seed_of_today(void)
{
    const char *text = getenv("K0SLB_SEED");
    struct rng rng;
    uint64_t seed;

    rng_init(&rng);
    seed = text != NULL ? strtoull(text, NULL, 10) : rng.state;
    printf("K0SLB_SEED=%llu\n", (unsigned long long)seed);
    lies_give_valid_reports(seed);
}

const struct unit_test lying_region_tests[] = {
    {"one_seed", one_seed},
    {"another_seed", another_seed},
    {"a_seed_of_today", a_seed_of_today},
    {NULL, NULL},
};
