#include "unit/worker/house.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mono.h"
#include "worker/connect.h"
#include "worker/limit.h"
#include "worker/relay.h"
#include "worker/worker.h"

#include "unit/claim.h"
#include "unit/unit.h"

/* How long anything may take that has to come. */
#define PATIENCE_MS 10000

static int listen_somewhere(struct addr *address)
{
    struct sockaddr_in place = {.sin_family = AF_INET};
    struct sockaddr_storage bound;
    socklen_t length = sizeof(bound);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CU_ASSERT_FATAL(bind(fd, (struct sockaddr *)&place, sizeof(place)) == 0);
    CU_ASSERT_FATAL(listen(fd, HOUSE_MOST) == 0);
    CU_ASSERT_FATAL(getsockname(fd, (struct sockaddr *)&bound, &length) == 0);
    addr_from_sockaddr(address, &bound);
    return fd;
}

struct house *house_new(void)
{
    struct house *house = child_share(sizeof(*house));

    house->front = listen_somewhere(&house->address);
    house->stage.count = HOUSE_BACKENDS;
    for (unsigned i = 0; i < HOUSE_BACKENDS; i++) {
        struct stage_backend *backend = &house->stage.backends[i];

        house->backends[i] = listen_somewhere(&backend->address);
        backend->weight = 1;
        backend->health = i == 0 ? BOARD_UP : BOARD_DOWN;
    }
    return house;
}

/* ---- the checker ---- */

static void obey(struct house *house)
{
    struct stage *stage = &house->stage;

    for (unsigned i = 0; i < HOUSE_BACKENDS; i++) {
        unsigned slot = stage_slot(stage, i);

        board_set_health(stage->board, slot, board_backend_life(stage->board, slot),
                         (enum board_health)house->health[i], house->marks[i], mono_ms());
    }
}

static int check(void *context)
{
    struct house *house = context;

    if (board_enter(house->stage.board, BOARD_ROLE_CHECKER, 0) == -1)
        return 1;
    while (!house->is_over) {
        unsigned asked = house->asked;

        if (asked != house->done) {
            obey(house);
            house->done = asked;
        }
        usleep(200);
    }
    return 0;
}

void house_say(struct house *house, unsigned backend, enum board_health health, unsigned marks)
{
    house->health[backend] = health;
    house->marks[backend] = marks;
    house->asked++;
    while (house->done != house->asked)
        usleep(100);
}

/* ---- the worker ---- */

static int become_worker(struct house *house)
{
    struct worker *worker;

    if (board_enter(house->stage.board, BOARD_ROLE_WORKER, 0) == -1)
        return -1;
    log_set_level(LOG_LEVEL_WARNING);
    house->birth = (struct role_birth){.role = BOARD_ROLE_WORKER,
                                       .epoch = house->stage.epoch,
                                       .board = house->stage.board,
                                       .look_event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    worker = house->worker = worker_ops.prepare(&house->birth);
    if (worker == NULL)
        return -1;
    adopt_all(house->stage.board);
    worker->loop = loop_new();
    worker->sessions_most = HOUSE_MOST;
    connect_init(worker);
    return worker->loop == NULL ? -1 : 0;
}

static int leave_worker(struct house *house)
{
    struct loop *loop = house->worker->loop;

    for (unsigned i = 0; i < house->count; i++)
        fd_close(&house->clients[i]);
    worker_ops.stop(house->worker);
    loop_free(loop);
    fd_close(&house->birth.look_event);
    return house_active(house, 0) + house_active(house, 1) == 0 ? 0 : 1;
}

struct part {
    struct house *house;
    child_fn *fn;
};

static int work(void *context)
{
    struct part *part = context;
    int status;

    if (become_worker(part->house) == -1)
        return 1;
    status = part->fn(part->house);
    return leave_worker(part->house) == 0 ? status : 2;
}

void house_run(struct house *house, child_fn *fn)
{
    struct part part = {house, fn};
    pid_t checker;

    stage_open(&house->stage, BALANCE_ROUNDROBIN, ALL_DOWN_REFUSE);
    for (unsigned i = 0; i < HOUSE_BACKENDS; i++)
        house->health[i] = house->stage.backends[i].health;
    checker = child_start(check, house);
    ASSERT_NUMBER(child_run(work, &part), 0);
    house->is_over = true;
    ASSERT_NUMBER(child_wait(checker), 0);
    stage_close(&house->stage);
    for (unsigned i = 0; i < HOUSE_BACKENDS; i++)
        fd_close(&house->backends[i]);
    fd_close(&house->front);
    child_unshare(house, sizeof(*house));
}

void house_turn(struct house *house)
{
    CHILD_EXPECT(loop_turn(house->worker->loop, 5) != -1);
    relay_ready(house->worker);
}

/* ---- clients ---- */

static int connect_front(const struct house *house)
{
    struct sockaddr_storage place;
    socklen_t length = addr_to_sockaddr(&house->address, &place);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd == -1 || connect(fd, (struct sockaddr *)&place, length) == -1 ||
        fd_set_nonblocking(fd) == -1)
        fd_close(&fd);
    return fd;
}

static int enter_one(struct house *house)
{
    const struct conf_service *service = epoch_service(house->stage.epoch, 1);
    struct sockaddr_storage from;
    socklen_t length = sizeof(from);
    struct addr client;
    int fd;

    house->clients[house->count] = connect_front(house);
    if (house->clients[house->count] == -1)
        return -1;
    house->count++;
    fd = accept4(house->front, (struct sockaddr *)&from, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -1 || !limit_claim(house->worker, service))
        return -1;
    addr_from_sockaddr(&client, &from);
    session_begin(house->worker, fd, &client, service);
    return 0;
}

static uint64_t connected(const struct house *house)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < HOUSE_BACKENDS; i++)
        sum += board_my_backend_counters(house->stage.board, stage_slot(&house->stage, i))->total;
    return sum;
}

int house_enter(struct house *house, unsigned count)
{
    uint64_t deadline_ms = mono_ms() + PATIENCE_MS;
    uint64_t wanted = connected(house) + count;

    for (unsigned i = 0; i < count; i++) {
        if (enter_one(house) == -1)
            return -1;
    }
    while (connected(house) < wanted && mono_ms() < deadline_ms)
        house_turn(house);
    return connected(house) == wanted ? 0 : -1;
}

enum house_end house_look(struct house *house, unsigned client)
{
    char byte;
    ssize_t got;

    if (house->was_reset[client])
        return HOUSE_RESET;
    got = recv(house->clients[client], &byte, 1, MSG_PEEK);
    if (got >= 0)
        return got == 1 ? HOUSE_DATA : HOUSE_FIN;
    house->was_reset[client] = errno != EAGAIN;
    return house->was_reset[client] ? HOUSE_RESET : HOUSE_OPEN;
}

unsigned house_reset_in_order(struct house *house)
{
    unsigned reset = 0;

    for (unsigned i = 0; i < house->count; i++) {
        if (house_look(house, i) != HOUSE_RESET)
            continue;
        CHILD_EXPECT(reset == i);
        reset++;
    }
    return reset;
}

/* ---- backends ---- */

unsigned house_active(const struct house *house, unsigned backend)
{
    return board_active(house->stage.board, stage_slot(&house->stage, backend));
}

unsigned house_ends(const struct house *house, unsigned backend, enum board_end reason)
{
    unsigned slot = stage_slot(&house->stage, backend);

    return (unsigned)board_my_backend_counters(house->stage.board, slot)->ends[reason];
}

int house_accept(const struct house *house, unsigned backend)
{
    return accept4(house->backends[backend], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}
