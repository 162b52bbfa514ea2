/*
 * Chaos, and the sum at its end: what the balancer has counted against what its clients and
 * backends saw, and what its workers hold against what they held before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mono.h"
#include "base/strnum.h"
#include "base/textbuf.h"
#include "unit/unit.h"

#include "system/chaos.h"
#include "system/leak.h"
#include "system/sanitized.h"
#include "system/scene.h"
#include "system/volume.h"

enum { WORKERS = 4, DESCRIPTORS = 240, CLIENTS = 200 };

/* How long it goes on, unless K0SLB_CHAOS_SECONDS says so or K0SLB_LONG=1 asks for all of it. */
enum { SECONDS = 10, SECONDS_LONG = 600 };

/* One splice(2) or send(2) moves no more: what a worker killed between that and counting it hides.
 */
#define UNCOUNTED_MOST MIB(1)

/* What a worker may keep of memory that it has needed once: the arena, and its allocator's. */
#define KEPT_KIB (1024 + 512)

#define MAPPINGS_MORE 3

/* ---- how ---- */

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    uint64_t number;

    if (text == NULL || strnum_uint(text, 1, UINT64_MAX, &number) == -1)
        return otherwise;
    return number;
}

static uint64_t duration_ms(void)
{
    return 1000 * number_from("K0SLB_CHAOS_SECONDS", volume(SECONDS, SECONDS_LONG));
}

static uint64_t seed(void)
{
    uint64_t number = number_from("K0SLB_SEED", mono_us());

    printf("K0SLB_SEED=%llu\n", (unsigned long long)number);
    return number;
}

struct setting {
    struct scene scene;
    struct chaos *chaos;
    struct addr listen[CHAOS_SERVICES];
    struct addr closed; /* a backend that refuses, always */
};

static void write_service(const struct setting *setting, enum chaos_manner manner, unsigned number,
                          struct textbuf *text)
{
    static const char *const balances[] = {"leastconn", "roundrobin", "random"};
    char address[ADDR_TEXT_SIZE];

    textbuf_printf(
        text, "[service %s]\nlisten = %s\nbalance = %s\n%s", manner == CHAOS_CALM ? "calm" : "wild",
        addr_format(&setting->listen[manner], address), balances[number % ARRAY_LEN(balances)],
        manner == CHAOS_CALM ? "" : "idle_timeout = 4s\n");
    for (unsigned i = 0; i < CHAOS_BACKENDS; i++) {
        struct addr backend = chaos_backend(setting->chaos, manner, i);

        textbuf_printf(text, "server b%u = %s weight=%u\n", i + 1, addr_format(&backend, address),
                       1 + (number + i) % 3);
    }
    textbuf_printf(text, "server closed = %s\n", addr_format(&setting->closed, address));
}

/* Every file is another one; no service and no backend ever goes. */
static int write_config(struct setting *setting, unsigned number)
{
    static const char *const relays[] = {"auto", "auto", "splice", "copy"};
    struct textbuf text;
    int result;

    textbuf_init(&text, 64 * 1024);
    textbuf_printf(&text,
                   "[k0slb]\nname = %s\nworkers = %d\nrelay = %s\nlog = stderr\n[stats]\nlisten =\n"
                   "[defaults]\ncheck = none\nconnect_timeout = 2s\n",
                   setting->scene.instance.name, WORKERS, relays[number % ARRAY_LEN(relays)]);
    write_service(setting, CHAOS_CALM, number, &text);
    write_service(setting, CHAOS_WILD, number, &text);
    result = instance_configure(&setting->scene.instance, text.data);
    textbuf_fini(&text);
    return result;
}

static void configure(void *context, unsigned number)
{
    ASSERT_NUMBER(write_config(context, number + 1), 0);
}

static int setting_open(struct setting *setting, const struct chaos_plan *plan)
{
    if (scene_init(&setting->scene) == -1)
        return -1;
    setting->chaos = chaos_new(plan);
    if (setting->chaos == NULL) {
        CU_FAIL("no backends");
        return -1;
    }
    setting->listen[CHAOS_CALM] = setting->scene.listen;
    setting->listen[CHAOS_WILD] = setting->scene.spare[0];
    setting->closed = setting->scene.spare[1];
    setting->scene.instance.descriptors = DESCRIPTORS;
    if (write_config(setting, 0) == -1 || instance_start(&setting->scene.instance) == -1) {
        CU_FAIL("k0slbd does not serve");
        return -1;
    }
    return 0;
}

static void setting_close(struct setting *setting)
{
    if (setting->chaos != NULL)
        chaos_free(setting->chaos);
    scene_close(&setting->scene);
}

/* ---- the balancer's books ---- */

struct account {
    uint64_t total;
    uint64_t bytes_in;
    uint64_t bytes_out;
};

struct books {
    uint64_t accepted;
    uint64_t refused;
    uint64_t ended_early;
    uint64_t others; /* denied, limited */
    uint64_t ends[BOARD_END_COUNT];
    uint64_t all_ends;
    struct account sum;
    struct account backends[CHAOS_BACKENDS + 1]; /* the last one refuses */
    uint32_t active;
};

static void add_backend(struct books *books, const struct board_backend_counters *counters,
                        unsigned place)
{
    struct account *account = &books->backends[place];

    account->total += atomic_load(&counters->total);
    account->bytes_in += atomic_load(&counters->bytes_in);
    account->bytes_out += atomic_load(&counters->bytes_out);
    books->sum.total += atomic_load(&counters->total);
    books->sum.bytes_in += atomic_load(&counters->bytes_in);
    books->sum.bytes_out += atomic_load(&counters->bytes_out);
    for (unsigned end = 0; end < BOARD_END_COUNT; end++) {
        books->ends[end] += atomic_load(&counters->ends[end]);
        books->all_ends += atomic_load(&counters->ends[end]);
    }
}

static void add_service(struct books *books, const struct board_service_counters *counters)
{
    books->accepted += atomic_load(&counters->accepted);
    books->refused += atomic_load(&counters->refused);
    books->ended_early += atomic_load(&counters->ended_early);
    books->others += atomic_load(&counters->denied) + atomic_load(&counters->limited);
    books->active += atomic_load(&counters->sessions);
}

/* Where a name stands among a service's backends: b1 to b3, then the closed one. */
static unsigned place_of(const struct snapshot_backend *backend)
{
    return backend->name[0] == 'b' ? (unsigned)(backend->name[1] - '1') : CHAOS_BACKENDS;
}

static void read_books(const struct board *board, const struct snapshot_service *service,
                       struct books *books)
{
    for (unsigned slot = 0; slot < board_master(board)->layout.workers; slot++) {
        if (board_worker(board, slot) == NULL)
            continue;
        add_service(books, board_worker_service(board, slot, service->slot));
        for (size_t i = 0; i < service->backend_count; i++)
            add_backend(books, board_worker_backend(board, slot, service->backends[i].slot),
                        place_of(&service->backends[i]));
    }
    for (size_t i = 0; i < service->backend_count; i++)
        books->active += service->backends[i].counts.active;
}

static void read_all_books(const struct board *board, struct books books[CHAOS_SERVICES])
{
    struct snapshot *snapshot = snapshot_take(board);

    CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot);
    ASSERT_NUMBER(snapshot->service_count, CHAOS_SERVICES);
    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        read_books(board, service, &books[service->name[0] == 'c' ? CHAOS_CALM : CHAOS_WILD]);
    }
    snapshot_free(snapshot);
}

/* ---- what has to be true ---- */

static void assert_between(const char *what, uint64_t least, uint64_t number, uint64_t most)
{
    bool is_between = number >= least && number <= most;

    if (!is_between)
        printf("%s: %llu, wanted %llu to %llu\n", what, (unsigned long long)number,
               (unsigned long long)least, (unsigned long long)most);
    CU_ASSERT_TRUE(is_between);
}

static struct account sum_of_backends(const struct chaos_tally *tally)
{
    struct account sum = {.total = 0};

    for (unsigned i = 0; i < CHAOS_BACKENDS; i++) {
        sum.total += tally->backends[i].accepted;
        sum.bytes_in += tally->backends[i].received;
        sum.bytes_out += tally->backends[i].sent;
    }
    return sum;
}

static uint64_t fins(const struct books *books)
{
    return books->ends[BOARD_END_CLIENT_FIN] + books->ends[BOARD_END_BACKEND_FIN];
}

/* However bad it was. */
static void assert_streams(const struct chaos_tally *tally)
{
    ASSERT_NUMBER(tally->wrong, 0);
    ASSERT_NUMBER(tally->cut, 0);
    ASSERT_NUMBER(tally->false_ends, 0);
}

/* Everybody ended in order, and no worker was killed: every number is equal. */
static void assert_calm(const struct chaos_tally *tally, const struct books *books)
{
    ASSERT_NUMBER(books->accepted, tally->connected);
    ASSERT_NUMBER(books->sum.total, tally->connected);
    ASSERT_NUMBER(tally->in_order, tally->connected);
    ASSERT_NUMBER(books->refused, 0);
    ASSERT_NUMBER(books->ended_early, 0);
    ASSERT_NUMBER(books->others, 0);
    ASSERT_NUMBER(books->all_ends, tally->connected);
    ASSERT_NUMBER(fins(books), tally->connected);
    assert_between("client FIN", tally->client_first, books->ends[BOARD_END_CLIENT_FIN],
                   tally->connected - tally->backend_first);
    ASSERT_NUMBER(books->sum.bytes_in, tally->sent);
    ASSERT_NUMBER(books->sum.bytes_out, tally->received);
    for (unsigned i = 0; i < CHAOS_BACKENDS; i++) {
        ASSERT_NUMBER(books->backends[i].total, tally->backends[i].accepted);
        ASSERT_NUMBER(books->backends[i].bytes_in, tally->backends[i].received);
        ASSERT_NUMBER(books->backends[i].bytes_out, tally->backends[i].sent);
    }
    ASSERT_NUMBER(books->backends[CHAOS_BACKENDS].total, 0);
}

/*
 * Where peers reset and vanish, a session that was tried may have been left again before it was
 * given, and bytes that the kernel took may not have been read. Each session is counted once all
 * the same.
 */
static void assert_wild(const struct chaos_tally *tally, const struct books *books)
{
    struct account seen = sum_of_backends(tally);
    uint64_t idle = books->ends[BOARD_END_IDLE];
    uint64_t resets = books->ends[BOARD_END_CLIENT_RESET] + books->ends[BOARD_END_BACKEND_RESET];

    ASSERT_NUMBER(books->accepted, tally->connected);
    ASSERT_NUMBER(books->accepted, books->sum.total + books->refused + books->ended_early);
    ASSERT_NUMBER(books->others, 0);
    ASSERT_NUMBER(books->all_ends, books->sum.total);
    ASSERT_NUMBER(books->all_ends, fins(books) + resets + idle);
    assert_between("FIN", tally->in_order, fins(books), books->sum.total);
    assert_between("client RST and idle", tally->client_resets,
                   books->ends[BOARD_END_CLIENT_RESET] + idle, tally->client_aborts + idle);
    assert_between("backend RST and idle", tally->backend_resets,
                   books->ends[BOARD_END_BACKEND_RESET] + idle, tally->backend_aborts + idle);
    assert_between("refused", 0, books->refused, tally->backend_aborts);
    assert_between("ended early", 0, books->ended_early, tally->client_aborts);
    assert_between("bytes in", seen.bytes_in, books->sum.bytes_in, tally->sent);
    assert_between("bytes out", tally->received, books->sum.bytes_out, seen.bytes_out);
    for (unsigned i = 0; i < CHAOS_BACKENDS; i++) {
        assert_between("sessions of a backend", tally->backends[i].touched,
                       books->backends[i].total, tally->backends[i].accepted);
        assert_between("bytes in of a backend", tally->backends[i].received,
                       books->backends[i].bytes_in, tally->sent);
        assert_between("bytes out of a backend", 0, books->backends[i].bytes_out,
                       tally->backends[i].sent);
    }
    ASSERT_NUMBER(books->backends[CHAOS_BACKENDS].total, 0);
}

/* A killed worker leaves behind what it did and had not counted yet: one thing, of each kind. */
static void assert_killed(const struct chaos_tally *tally, const struct books *books,
                          unsigned kills)
{
    struct account seen = sum_of_backends(tally);
    uint64_t hidden = kills * UNCOUNTED_MOST;

    assert_between("accepted", tally->connected - kills, books->accepted, tally->connected);
    assert_between("totals", books->all_ends, books->sum.total, books->accepted);
    assert_between("FIN", tally->in_order, fins(books), books->sum.total);
    assert_between("bytes in", seen.bytes_in, books->sum.bytes_in + hidden, tally->sent + hidden);
    assert_between("bytes out", tally->received, books->sum.bytes_out + hidden,
                   seen.bytes_out + hidden);
    for (unsigned i = 0; i < CHAOS_BACKENDS; i++)
        assert_between("sessions of a backend", 0, books->backends[i].total,
                       tally->backends[i].accepted);
}

static int most(const int counts[WORKERS])
{
    int highest = counts[0];

    for (unsigned slot = 1; slot < WORKERS; slot++)
        highest = counts[slot] > highest ? counts[slot] : highest;
    return highest;
}

static long most_kib(const long kib[WORKERS])
{
    long highest = kib[0];

    for (unsigned slot = 1; slot < WORKERS; slot++)
        highest = kib[slot] > highest ? kib[slot] : highest;
    return highest;
}

/*
 * In memory a worker may keep what it has needed once. Neighbouring mappings are one or two, as it
 * happens in that process; what is lost with each session or reload would be more than that. One
 * that was just born for a killed one has no pipes yet: what counts is what the fullest had.
 */
static void assert_nothing_kept(struct instance *instance, const struct leak *before)
{
    struct leak allowed = *before;
    struct leak after;

    for (unsigned slot = 0; slot < WORKERS; slot++) {
        allowed.worker_fds[slot] = most(before->worker_fds);
        allowed.worker_maps[slot] = most(before->worker_maps) + MAPPINGS_MORE;
    }
    CU_ASSERT_TRUE(leak_wait_flat(instance, &allowed, 2 * SOON_MS));
    leak_count(instance, &after);
    for (unsigned slot = 0; slot < WORKERS; slot++)
        assert_between("KiB of a worker", 0, (uint64_t)after.worker_kib[slot],
                       (uint64_t)most_kib(before->worker_kib) + KEPT_KIB);
}

static void print_result(const struct chaos_result *result)
{
    for (unsigned i = 0; i < CHAOS_SERVICES; i++) {
        const struct chaos_tally *tally = &result->services[i];

        printf("%s: %llu clients, %llu in order, left early by %llu clients and %llu backends, "
               "%llu saw a kill; MiB: %llu in, %llu out\n",
               i == CHAOS_CALM ? "calm" : "wild", (unsigned long long)tally->connected,
               (unsigned long long)tally->in_order, (unsigned long long)tally->client_aborts,
               (unsigned long long)tally->backend_aborts, (unsigned long long)tally->killed,
               (unsigned long long)(tally->sent / MIB(1)),
               (unsigned long long)(tally->received / MIB(1)));
    }
    printf("%u reloads, %u stops, %u times few descriptors, %u kills\n", result->reloads,
           result->stops, result->squeezes, result->kills);
}

/* Every kind of thing has happened. */
static void assert_it_was_chaos(const struct chaos_result *result, bool kills)
{
    CU_ASSERT_TRUE(result->services[CHAOS_CALM].connected > 0);
    CU_ASSERT_TRUE(result->services[CHAOS_WILD].client_aborts > 0);
    CU_ASSERT_TRUE(result->services[CHAOS_WILD].backend_aborts > 0);
    CU_ASSERT_TRUE(!kills || result->kills > 0);
    ASSERT_NUMBER(result->refused_reloads, 0);
    ASSERT_NUMBER(result->stuck, 0);
    ASSERT_NUMBER(result->unconnected, 0);
}

/* A session that one side has left is over for everyone, and may flush for a while. */
static void read_final_books(struct instance *instance, struct books books[CHAOS_SERVICES])
{
    uint64_t deadline_ms = mono_ms() + SOON_MS;

    do {
        wait_a_moment();
        memset(books, 0, CHAOS_SERVICES * sizeof(*books));
        read_all_books(instance->board, books);
    } while (books[CHAOS_CALM].active + books[CHAOS_WILD].active > 0 && mono_ms() < deadline_ms);
}

static void assert_books(struct instance *instance, const struct chaos_result *result)
{
    struct books books[CHAOS_SERVICES];

    read_final_books(instance, books);
    for (unsigned i = 0; i < CHAOS_SERVICES; i++) {
        assert_streams(&result->services[i]);
        ASSERT_NUMBER(books[i].active, 0);
        if (result->kills > 0)
            assert_killed(&result->services[i], &books[i], result->kills);
    }
    if (result->kills > 0)
        return;
    assert_calm(&result->services[CHAOS_CALM], &books[CHAOS_CALM]);
    assert_wild(&result->services[CHAOS_WILD], &books[CHAOS_WILD]);
}

static void note_workers(const struct instance *instance, pid_t pids[WORKERS])
{
    for (unsigned slot = 0; slot < WORKERS; slot++)
        pids[slot] = instance_child(instance, BOARD_ROLE_WORKER, slot);
}

/*
 * Counts what workers have that serve: who was killed last may not have been missed yet, and has
 * no descriptors then, or may just be being replaced.
 */
static bool count_serving(struct instance *instance, struct leak *count)
{
    uint64_t deadline_ms = mono_ms() + CLIENT_PATIENCE_MS;
    pid_t before[WORKERS];
    pid_t after[WORKERS];
    bool whole;

    do {
        note_workers(instance, before);
        if (!wait_serving(instance, 2 * SOON_MS))
            return false;
        leak_count(instance, count);
        note_workers(instance, after);
        whole = memcmp(before, after, sizeof(before)) == 0;
        for (unsigned slot = 0; slot < WORKERS; slot++)
            whole &= count->worker_fds[slot] > 0;
    } while (!whole && mono_ms() < deadline_ms);
    return whole;
}

/* In the first part of the time each worker comes to have what it needs once and keeps. */
static void play(uint64_t for_ms, bool kills)
{
    struct chaos_plan plan = {.seed = seed(), .clients = CLIENTS, .kills = kills};
    struct setting setting = {.chaos = NULL};
    const struct chaos_result *result;
    struct leak before;

    if (setting_open(&setting, &plan) == 0) {
        struct chaos_run run = {
            .instance = &setting.scene.instance,
            .listen = {setting.listen[CHAOS_CALM], setting.listen[CHAOS_WILD]},
            .configure = configure,
            .context = &setting,
        };

        chaos_run(setting.chaos, &run, for_ms / 5);
        CU_ASSERT_TRUE(count_serving(&setting.scene.instance, &before));
        chaos_run(setting.chaos, &run, for_ms * 4 / 5);
        result = chaos_judge(setting.chaos);
        print_result(result);
        assert_it_was_chaos(result, kills);
        assert_books(&setting.scene.instance, result);
        assert_nothing_kept(&setting.scene.instance, &before);
    }
    setting_close(&setting);
}

static void test_every_number(void)
{
    play(duration_ms() * 7 / 10, false);
}

static void test_killed_workers(void)
{
    play(duration_ms() * 3 / 10, true);
}

static const struct unit_test tests[] = {
    {"every number", test_every_number},
    {"killed workers", test_killed_workers},
    {NULL, NULL},
};

static const struct unit_suite suites[] = {
    {"auto/4", tests},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main("test_chaos", suites, argc, argv);
}
