#include "house.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mono.h"
#include "channel/channel.h"
#include "checker/checker.h"
#include "unit/claim.h"

#define WAIT_MS 5000

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

/* ---- backends ---- */

void house_listen(struct house *house, unsigned backend, int backlog)
{
    struct sockaddr_storage at;
    struct addr *address = &house->backends[backend].address;
    socklen_t size = addr_to_sockaddr(address, &at);
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must(fd != -1, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    must(bind(fd, (struct sockaddr *)&at, size) == 0, "bind");
    must(listen(fd, backlog) == 0, "listen");
    must(getsockname(fd, (struct sockaddr *)&at, &size) == 0, "getsockname");
    addr_from_sockaddr(address, &at);
    house->listeners[backend] = fd;
}

void house_close(struct house *house, unsigned backend)
{
    fd_close(&house->listeners[backend]);
}

void house_init(struct house *house, unsigned backends)
{
    memset(house, 0, sizeof(*house));
    house->count = backends;
    strcpy(house->global.name, "unit");
    house->service = (struct conf_service){
        .name = "s",
        .backend_count = (uint16_t)backends,
        .enabled = 1,
        .check = CHECK_TCP,
        .required = CONF_NO_INDEX,
        .check_rise = 2,
        .check_fall = 3,
        .check_interval = 100,
        .check_fast_interval = 50,
        .check_down_interval = 100,
        .check_connect_timeout = 300,
        .check_timeout = 300,
    };
    for (unsigned i = 0; i < backends; i++) {
        struct conf_backend *backend = &house->backends[i];

        snprintf(backend->name, sizeof(backend->name), "b%u", i);
        backend->weight = 1;
        backend->required = CONF_NO_INDEX;
        must(addr_parse(&backend->address, "127.0.0.1") == 0, "addr_parse");
        house_listen(house, i, 4096);
    }
}

void house_follow(struct house *house)
{
    house->followers = house->count;
    house->follower = (struct conf_service){
        .name = "f",
        .first_backend = (uint16_t)house->count,
        .backend_count = (uint16_t)house->count,
        .enabled = 1,
        .check = CHECK_NONE,
        .required = 0,
    };
    for (unsigned i = 0; i < house->count; i++) {
        struct conf_backend *backend = &house->backends[house->count + i];

        *backend = house->backends[i];
        backend->service = 1;
        backend->required = (uint16_t)i;
    }
}

/* ---- the house ---- */

static void make_place(const struct house *house, struct conf_backend *backend)
{
    unsigned service = backend->service == 0 ? house->service.slot : house->follower.slot;

    backend->slot = (uint16_t)claim_backend(house->board, service, backend);
    board_set_address(house->board, backend->slot, &backend->address);
}

static void make_board(struct house *house)
{
    char name[CONF_NAME_SIZE];
    unsigned backends = house->count + house->followers;
    struct board_plan plan = {
        .name = name, .services = 2, .backends = backends, .workers = 1, .group = (gid_t)-1};

    snprintf(name, sizeof(name), "k0slb-unit-checker-%d", (int)getpid());
    house->board = made_board(&plan);
    must(house->board != NULL, "board_create");
    board_unlink(house->board); /* nobody else needs the name */
    must(board_allocate_worker(house->board, 0) == 0, "board_allocate_worker");
    house->service.slot = (uint16_t)claim_service(house->board, &house->service);
    if (house->followers > 0)
        house->follower.slot = (uint16_t)claim_service(house->board, &house->follower);
    for (unsigned i = 0; i < backends; i++)
        make_place(house, &house->backends[i]);
}

static void make_epoch(struct house *house)
{
    struct conf_service services[] = {house->service, house->follower};
    struct conf conf = {
        .global = house->global,
        .services = services,
        .backends = house->backends,
        .service_count = house->followers > 0 ? 2 : 1,
        .backend_count = (uint16_t)(house->count + house->followers),
    };
    int fd = epoch_seal(&conf, 1);

    must(fd != -1, "epoch_seal");
    house->epoch = epoch_map(fd);
    must(house->epoch != NULL, "epoch_map");
    close(fd);
}

static void make_birth(struct house *house)
{
    int ends[2];

    make_board(house);
    make_epoch(house);
    must(fd_pipe(ends) == 0, "pipe");
    house->log_read = ends[0];
    house->birth = (struct role_birth){
        .role = BOARD_ROLE_CHECKER,
        .name = "checker",
        .epoch = house->epoch,
        .board = house->board,
        .log = ends[1],
        .look_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
        .health_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
        .channel = -1,
    };
}

void house_start(struct house *house)
{
    int ends[2];

    if (house->board == NULL)
        make_birth(house);
    must(channel_open(ends) == 0, "channel");
    house->channel = ends[0];
    house->birth.channel = ends[1];
    fflush(NULL);
    house->checker = fork();
    must(house->checker != -1, "fork");
    if (house->checker == 0) {
        alarm(60);
        exit(role_live(&house->birth, &checker_ops));
    }
    fd_close(&house->birth.channel);
}

bool house_stop(struct house *house)
{
    int status = -1;

    kill(house->checker, SIGCONT);
    kill(house->checker, SIGTERM);
    waitpid(house->checker, &status, 0);
    house->checker = 0;
    fd_close(&house->channel);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void house_fini(struct house *house)
{
    if (house->checker != 0)
        (void)house_stop(house);
    for (unsigned i = 0; i < house->count; i++)
        house_close(house, i);
    fd_close(&house->birth.log);
    fd_close(&house->log_read);
    fd_close(&house->birth.look_event);
    fd_close(&house->birth.health_event);
    epoch_unmap(house->epoch);
    board_close(house->board);
}

/* ---- waiting ---- */

enum board_health house_health(const struct house *house, unsigned backend)
{
    return board_health(house->board, house->backends[backend].slot);
}

unsigned house_marks(const struct house *house, unsigned backend)
{
    return board_health_marks(house->board, house->backends[backend].slot);
}

bool house_wait_marks(const struct house *house, unsigned backend, unsigned mask, unsigned marks)
{
    uint64_t until_ms = mono_ms() + WAIT_MS;

    while ((house_marks(house, backend) & mask) != marks && mono_ms() < until_ms)
        poll(NULL, 0, 1);
    return (house_marks(house, backend) & mask) == marks;
}

bool house_wait(const struct house *house, unsigned backend, enum board_health health)
{
    uint64_t until_ms = mono_ms() + WAIT_MS;

    while (house_health(house, backend) != health && mono_ms() < until_ms)
        poll(NULL, 0, 1);
    return house_health(house, backend) == health;
}

bool house_has_logged(struct house *house, const char *text)
{
    size_t length = strlen(house->log);
    ssize_t size;

    while ((size = read(house->log_read, house->log + length, sizeof(house->log) - 1 - length)) > 0)
        length += (size_t)size;
    return strstr(house->log, text) != NULL;
}

bool house_wait_log(struct house *house, const char *text)
{
    uint64_t until_ms = mono_ms() + WAIT_MS;

    while (!house_has_logged(house, text) && mono_ms() < until_ms)
        poll(NULL, 0, 1);
    if (house_has_logged(house, text))
        return true;
    fprintf(stderr, "never logged \"%s\"; but:\n%s", text, house->log);
    return false;
}

bool house_wait_message(const struct house *house, uint32_t type)
{
    struct pollfd wait = {.fd = house->channel, .events = POLLIN};
    struct channel_message message;
    int fds[CHANNEL_MAX_FDS];

    while (poll(&wait, 1, WAIT_MS) == 1) {
        if (channel_receive(house->channel, &message, fds) != 1)
            return false;
        if (message.type == type)
            return true;
    }
    return false;
}

/* ---- others on the board ---- */

void house_report(const struct house *house, unsigned backend, enum board_evidence_kind kind)
{
    static const uint64_t one = 1;
    pid_t worker = fork();

    must(worker != -1, "fork");
    if (worker == 0) {
        must(board_enter(house->board, BOARD_ROLE_WORKER, 0) == 0, "board_enter");
        adopt_all(house->board);
        board_add_evidence(house->board, house->backends[backend].slot, kind);
        must(write(house->birth.look_event, &one, sizeof(one)) == sizeof(one), "eventfd");
        _exit(0);
    }
    waitpid(worker, NULL, 0);
}

void house_say(const struct house *house, unsigned backend, enum board_admin_state state)
{
    const struct board_layout *layout = &board_master(house->board)->layout;
    char *segment = (char *)board_my_master(house->board);
    struct board_admin *admin = (void *)(segment + layout->admin_at);

    atomic_store(&admin->backend[house->backends[backend].slot], (uint64_t)state);
}
