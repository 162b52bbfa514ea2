#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "board/board_writer.h"
#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/claim.h"
#include "unit/unit.h"

extern const struct unit_test board_slot_tests[];

static struct conf_service service_named(const char *name)
{
    struct conf_service service = {.enabled = 1, .balance = BALANCE_ROUNDROBIN, .check = CHECK_TCP};

    snprintf(service.name, sizeof(service.name), "%s", name);
    return service;
}

static struct conf_backend backend_named(const char *name)
{
    struct conf_backend backend = {.weight = 7, .backup = 1};

    snprintf(backend.name, sizeof(backend.name), "%s", name);
    return backend;
}

static unsigned named_service(struct board *board, const char *name)
{
    struct conf_service service = service_named(name);

    return claim_service(board, &service);
}

static unsigned named_backend(struct board *board, unsigned service, const char *name)
{
    struct conf_backend backend = backend_named(name);

    return claim_backend(board, service, &backend);
}

/* ---- slots by identity ---- */

static void test_claim_service(void)
{
    struct board *board = scratch_board(3, 9, 1);
    unsigned slot = named_service(board, "kubeAPI");
    const struct board_service *service = board_service(board, slot);

    ASSERT_TEXT(service->name, "kubeAPI");
    ASSERT_NUMBER(service->state, BOARD_SLOT_USED);
    ASSERT_NUMBER(service->enabled, 1);
    ASSERT_NUMBER(service->balance, BALANCE_ROUNDROBIN);
    ASSERT_NUMBER(service->check, CHECK_TCP);
    CU_ASSERT(named_service(board, "konnectivity") != slot);
    ASSERT_NUMBER(named_service(board, "kubeAPI"), slot);
    CU_ASSERT(named_service(board, "kubeap") != slot);
    scratch_drop(board);
}

/* The same name in two services is two backends. */
static void test_claim_backend(void)
{
    struct board *board = scratch_board(3, 9, 1);
    unsigned slot = named_backend(board, 0, "c1");
    unsigned other = named_backend(board, 1, "c1");
    const struct board_backend *backend = board_backend(board, slot);

    CU_ASSERT(slot != other);
    ASSERT_TEXT(backend->name, "c1");
    ASSERT_NUMBER(backend->service, 0);
    ASSERT_NUMBER(backend->weight, 7);
    ASSERT_NUMBER(backend->backup, 1);
    ASSERT_NUMBER(board_backend(board, other)->service, 1);
    ASSERT_NUMBER(named_backend(board, 0, "c1"), slot);
    ASSERT_NUMBER(named_backend(board, 1, "c1"), other);
    scratch_drop(board);
}

/* A claim takes over what the configuration says now; a removed slot comes back with its name. */
static void test_claim_again(void)
{
    struct board *board = scratch_board(3, 9, 1);
    unsigned first = named_backend(board, 0, "c1");
    unsigned slot = named_backend(board, 0, "c2");
    struct conf_backend heavier = backend_named("c2");

    heavier.weight = 200;
    heavier.backup = 0;
    atomic_store(&board_my_backend(board, slot)->state, BOARD_SLOT_REMOVED);
    atomic_store(&board_my_backend(board, first)->state, BOARD_SLOT_FREE);
    ASSERT_NUMBER(claim_backend(board, 0, &heavier), slot);
    ASSERT_NUMBER(board_backend(board, slot)->state, BOARD_SLOT_USED);
    ASSERT_NUMBER(board_backend(board, slot)->weight, 200);
    ASSERT_NUMBER(board_backend(board, slot)->backup, 0);
    scratch_drop(board);
}

static void test_full(void)
{
    struct board *board = scratch_board(1, 1, 1);
    char name[CONF_NAME_SIZE];

    for (unsigned i = 0; i < 16; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        ASSERT_NUMBER(named_service(board, name), i);
    }
    ASSERT_NUMBER(named_service(board, "one more"), BOARD_NO_SLOT);
    ASSERT_NUMBER(named_service(board, "s9"), 9);
    for (unsigned i = 0; i < 64; i++) {
        snprintf(name, sizeof(name), "b%u", i);
        ASSERT_NUMBER(named_backend(board, i % 16, name), i);
    }
    ASSERT_NUMBER(named_backend(board, 1, "one more"), BOARD_NO_SLOT);
    ASSERT_NUMBER(named_backend(board, 2, "b1"), BOARD_NO_SLOT);
    ASSERT_NUMBER(named_backend(board, 1, "b1"), 1);
    scratch_drop(board);
}

/* Names may be as long as a section's. */
static void test_longest_name(void)
{
    struct board *board = scratch_board(1, 1, 1);
    char name[CONF_NAME_SIZE];
    unsigned slot;

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    slot = named_backend(board, 0, name);
    ASSERT_TEXT(board_backend(board, slot)->name, name);
    name[sizeof(name) - 2] = 'm';
    CU_ASSERT(named_backend(board, 0, name) != slot);
    scratch_drop(board);
}

/* ---- slots that are free again ---- */

struct holder {
    struct board *board;
    unsigned service;
    uint32_t sessions;
};

static int hold_sessions(void *context)
{
    const struct holder *holder = context;

    if (board_enter(holder->board, BOARD_ROLE_WORKER, 1) == -1)
        return 1;
    board_adopt_service(holder->board, holder->service);
    atomic_store(&board_my_service_counters(holder->board, holder->service)->sessions,
                 holder->sessions);
    return 0;
}

/*
 * A session may outlive the backend's part in it: the last bytes are on their way to its client.
 * The next service in the slot would be counted down by a session that it never had.
 */
static void test_a_service_stays_for_its_last_sessions(void)
{
    struct board *board = scratch_board(3, 9, 2);
    struct holder holder = {board, named_service(board, "kubeAPI"), 1};
    struct conf conf = {0};
    int fd = epoch_seal(&conf, 1);
    const struct epoch *epoch;

    CU_ASSERT_FATAL(fd != -1);
    epoch = epoch_map(fd);
    fd_close(&fd);
    CU_ASSERT_FATAL(epoch != NULL);
    ASSERT_NUMBER(child_run(hold_sessions, &holder), 0);
    board_retire(board, epoch);
    ASSERT_NUMBER(board_service(board, holder.service)->state, BOARD_SLOT_REMOVED);
    CU_ASSERT(named_service(board, "registry") != holder.service);
    holder.sessions = 0;
    ASSERT_NUMBER(child_run(hold_sessions, &holder), 0);
    board_retire(board, epoch);
    ASSERT_NUMBER(board_service(board, holder.service)->state, BOARD_SLOT_FREE);
    epoch_unmap(epoch);
    scratch_drop(board);
}

/* ---- addresses ---- */

static void test_address(void)
{
    struct board *board = scratch_board(1, 3, 1);
    struct addr four = {.family = ADDR_IPV4, .port = 6443, .ip = {10, 0, 0, 11}};
    struct addr six = {.family = ADDR_IPV6, .port = 8132, .scope = 3, .ip = {0xfe, 0x80}};
    struct addr none = {0};
    struct addr seen;

    CU_ASSERT(board_backend_address(board, 0, &seen) == -1);
    board_set_address(board, 0, &four);
    CU_ASSERT(board_backend_address(board, 0, &seen) == 0 && addr_equal(&seen, &four));
    CU_ASSERT(board_backend_address(board, 1, &seen) == -1);
    board_set_address(board, 0, &six);
    CU_ASSERT(board_backend_address(board, 0, &seen) == 0 && addr_equal(&seen, &six));
    board_set_address(board, 0, &none);
    CU_ASSERT(board_backend_address(board, 0, &seen) == -1);
    scratch_drop(board);
}

/* A name keeps its address until another one is said; only another address is another life. */
static void test_place(void)
{
    struct board *board = scratch_board(1, 3, 1);
    struct addr unknown = {.port = 6443};
    struct addr known = {.family = ADDR_IPV4, .port = 6443, .ip = {10, 0, 0, 11}};
    struct addr seen;
    char host[CONF_HOST_SIZE];
    uint32_t life;

    board_set_place(board, 0, "cp1.example", &unknown);
    life = board_backend_life(board, 0);
    board_backend_host(board, 0, host);
    ASSERT_TEXT(host, "cp1.example");
    CU_ASSERT(board_backend_address(board, 0, &seen) == -1 && seen.port == 6443);
    board_set_place(board, 0, "cp1.example", &unknown);
    ASSERT_NUMBER(board_backend_life(board, 0), life);
    board_set_address(board, 0, &known);
    ASSERT_NUMBER(board_backend_life(board, 0), life + 1);
    board_backend_host(board, 0, host);
    ASSERT_TEXT(host, "cp1.example");
    board_set_place(board, 0, "other", &known);
    ASSERT_NUMBER(board_backend_life(board, 0), life + 1);
    board_backend_host(board, 0, host);
    ASSERT_TEXT(host, "other");
    board_set_place(board, 0, "", &known);
    board_backend_host(board, 0, host);
    ASSERT_TEXT(host, "");
    CU_ASSERT(board_backend_address(board, 0, &seen) == 0 && addr_equal(&seen, &known));
    scratch_drop(board);
}

/* `controllers` in a list: who is a backend by its literal address, or by what its name became. */
static void test_resolved_controllers_are_let_in(void)
{
    struct board *board = scratch_board(1, 2, 1);
    struct conf_service service = {.name = "s", .enabled = 1, .backend_count = 2};
    struct conf_backend backends[2] = {
        {.name = "a", .slot = 0, .address = {.family = ADDR_IPV4, .port = 1, .ip = {10, 0, 0, 1}}},
        {.name = "b", .slot = 1, .host = "b.example", .address = {.port = 1}}};
    struct conf conf = {.services = &service,
                        .backends = backends,
                        .service_count = 1,
                        .backend_count = 2,
                        .stats = {.allow = {.controllers = 1}}};
    struct addr client = {.family = ADDR_IPV4, .port = 4711, .ip = {10, 0, 0, 1}};
    struct addr resolved = {.family = ADDR_IPV4, .port = 1, .ip = {10, 0, 0, 2}};
    struct conf_access nobody = {.controllers = 0};
    const struct epoch *epoch;
    int fd = epoch_seal(&conf, 1);

    CU_ASSERT_FATAL(fd != -1);
    epoch = epoch_map(fd);
    fd_close(&fd);
    CU_ASSERT_FATAL(epoch != NULL);
    for (unsigned i = 0; i < 2; i++)
        board_set_place(board, i, backends[i].host, &backends[i].address);
    CU_ASSERT_TRUE(board_allows(board, epoch, &epoch->stats.allow, &client));
    client.ip[3] = 2;
    CU_ASSERT_FALSE(board_allows(board, epoch, &epoch->stats.allow, &client));
    board_set_address(board, 1, &resolved);
    CU_ASSERT_TRUE(board_allows(board, epoch, &epoch->stats.allow, &client));
    CU_ASSERT_FALSE(board_allows(board, epoch, &nobody, &client));
    epoch_unmap(epoch);
    scratch_drop(board);
}

/* ---- who is here ---- */

static const struct board_child *child_of(const struct board *board, pid_t pid)
{
    for (size_t i = 0; i < BOARD_MAX_CHILDREN; i++) {
        const struct board_child *child = &board_master(board)->prefix.children[i];

        if (atomic_load(&child->pid) == pid)
            return child;
    }
    return NULL;
}

static void test_children(void)
{
    struct board *board = scratch_board(1, 3, 1);

    board_add_child(board, 100, 12345, BOARD_ROLE_WORKER, 2);
    board_add_child(board, 101, 23456, BOARD_ROLE_CHECKER, 0);
    CU_ASSERT_FATAL(child_of(board, 100) != NULL && child_of(board, 101) != NULL);
    ASSERT_NUMBER(child_of(board, 100)->role, BOARD_ROLE_WORKER);
    ASSERT_NUMBER(child_of(board, 100)->slot, 2);
    ASSERT_NUMBER(child_of(board, 100)->start_time, 12345);
    ASSERT_NUMBER(child_of(board, 101)->role, BOARD_ROLE_CHECKER);
    board_remove_child(board, 100);
    CU_ASSERT(child_of(board, 100) == NULL && child_of(board, 101) != NULL);
    board_add_child(board, 102, 34567, BOARD_ROLE_STATS, 0);
    ASSERT_NUMBER(board_master(board)->prefix.children[0].pid, 102);
    scratch_drop(board);
}

/* A child of this master's is never left out: whoever takes over has to find it. */
static void test_children_before_orphans(void)
{
    struct board *board = scratch_board(1, 3, 1);

    for (int i = 1; i <= BOARD_MAX_CHILDREN + 3; i++)
        board_add_orphan(board, i, 1, BOARD_ROLE_WORKER);
    board_add_child(board, 10001, 2, BOARD_ROLE_WORKER, 1);
    board_add_child(board, 10002, 3, BOARD_ROLE_CHECKER, 0);
    CU_ASSERT_FATAL(child_of(board, 10001) != NULL && child_of(board, 10002) != NULL);
    ASSERT_NUMBER(child_of(board, 10001)->orphan, 0);
    ASSERT_NUMBER(child_of(board, 10001)->start_time, 2);
    ASSERT_NUMBER(child_of(board, 10001)->slot, 1);
    CU_ASSERT(child_of(board, 1) == NULL && child_of(board, 3) != NULL);
    scratch_drop(board);
}

/* The pid of an orphan that has ended may be a child's by now. */
static void test_same_pid(void)
{
    struct board *board = scratch_board(1, 3, 1);

    board_add_orphan(board, 100, 1, BOARD_ROLE_WORKER);
    board_add_child(board, 100, 2, BOARD_ROLE_WORKER, 0);
    board_remove_orphan(board, 100);
    CU_ASSERT_FATAL(child_of(board, 100) != NULL);
    ASSERT_NUMBER(child_of(board, 100)->orphan, 0);
    board_remove_child(board, 100);
    CU_ASSERT(child_of(board, 100) == NULL);
    scratch_drop(board);
}

static void test_too_many_children(void)
{
    struct board *board = scratch_board(1, 3, 1);

    for (int i = 1; i <= BOARD_MAX_CHILDREN + 3; i++)
        board_add_child(board, i, 1, BOARD_ROLE_WORKER, 0);
    CU_ASSERT(child_of(board, BOARD_MAX_CHILDREN) != NULL);
    CU_ASSERT(child_of(board, BOARD_MAX_CHILDREN + 1) == NULL);
    ASSERT_NUMBER(board_master(board)->prefix.sockets[0].inode, 0);
    scratch_drop(board);
}

static void test_sockets(void)
{
    struct board *board = scratch_board(1, 3, 1);
    const struct board_socket *sockets = board_master(board)->prefix.sockets;
    struct addr address = {.family = ADDR_IPV4, .port = 6443};

    for (unsigned i = 1; i <= BOARD_MAX_SOCKETS + 3; i++)
        board_add_socket(board, &address, i, 1000 + i);
    ASSERT_NUMBER(sockets[0].inode, 1001);
    ASSERT_NUMBER(sockets[0].service, 1);
    CU_ASSERT(addr_equal(&sockets[0].address, &address));
    ASSERT_NUMBER(sockets[BOARD_MAX_SOCKETS - 1].inode, 1000 + BOARD_MAX_SOCKETS);
    ASSERT_NUMBER(board_master(board)->layout.services, 16);
    scratch_drop(board);
}

/* Those that stay are there all the time; one that changes hands keeps its place. */
static void test_kept_sockets(void)
{
    const uint64_t kept[] = {1003, 0, 1001};
    struct board *board = scratch_board(1, 3, 1);
    const struct board_socket *sockets = board_master(board)->prefix.sockets;
    struct addr address = {.family = ADDR_IPV4, .port = 6443};

    for (unsigned i = 1; i <= 4; i++)
        board_add_socket(board, &address, i, 1000 + i);
    board_add_socket(board, &address, BOARD_NO_SLOT, 1003);
    ASSERT_NUMBER(sockets[2].service, BOARD_NO_SLOT);
    ASSERT_NUMBER(sockets[4].inode, 0);
    board_keep_sockets(board, kept, ARRAY_LEN(kept));
    ASSERT_NUMBER(sockets[0].inode, 1001);
    ASSERT_NUMBER(sockets[1].inode, 0);
    ASSERT_NUMBER(sockets[2].inode, 1003);
    ASSERT_NUMBER(sockets[3].inode, 0);
    board_keep_sockets(board, NULL, 0);
    ASSERT_NUMBER(sockets[0].inode, 0);
    scratch_drop(board);
}

/* ---- events ---- */

static void test_events(void)
{
    struct board *board = scratch_board(1, 3, 1);
    const struct board_master *master = board_master(board);
    char text[BOARD_EVENT_SIZE + 50];

    ASSERT_NUMBER(master->events, 0);
    board_event(board, "%s is %s", "c1", "down");
    ASSERT_NUMBER(master->events, 1);
    ASSERT_NUMBER(master->event[0].number, 1);
    ASSERT_TEXT(master->event[0].text, "c1 is down");
    CU_ASSERT(master->event[0].at_ms >= master->started_ms);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    board_event(board, "%s", text);
    ASSERT_NUMBER(strlen(master->event[1].text), BOARD_EVENT_SIZE - 1);
    scratch_drop(board);
}

/* Of many, the last are kept, each at the place that its number says. */
static void test_events_wrap(void)
{
    const unsigned last = 2 * BOARD_MAX_EVENTS + 44;
    struct board *board = scratch_board(1, 3, 1);
    const struct board_master *master = board_master(board);

    for (unsigned i = 1; i <= last; i++)
        board_event(board, "event %u", i);
    ASSERT_NUMBER(master->events, last);
    for (unsigned i = last - BOARD_MAX_EVENTS + 1; i <= last; i++) {
        const struct board_event *event = &master->event[(i - 1) % BOARD_MAX_EVENTS];
        char text[32];

        snprintf(text, sizeof(text), "event %u", i);
        ASSERT_NUMBER(event->number, i);
        ASSERT_TEXT(event->text, text);
    }
    ASSERT_NUMBER(board_service(board, 0)->state, BOARD_SLOT_FREE);
    scratch_drop(board);
}

const struct unit_test board_slot_tests[] = {
    {"claim_service", test_claim_service},
    {"claim_backend", test_claim_backend},
    {"claim_again", test_claim_again},
    {"full", test_full},
    {"longest_name", test_longest_name},
    {"a_service_stays_for_its_last_sessions", test_a_service_stays_for_its_last_sessions},
    {"address", test_address},
    {"place", test_place},
    {"resolved_controllers_are_let_in", test_resolved_controllers_are_let_in},
    {"children", test_children},
    {"same_pid", test_same_pid},
    {"children_before_orphans", test_children_before_orphans},
    {"too_many_children", test_too_many_children},
    {"sockets", test_sockets},
    {"kept_sockets", test_kept_sockets},
    {"events", test_events},
    {"events_wrap", test_events_wrap},
    {NULL, NULL},
};
