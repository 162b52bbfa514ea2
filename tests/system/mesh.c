#include "system/mesh.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mono.h"

#include "system/peer.h"
#include "system/wait.h"

#define LOOK_MS 5
#define BACKLOG 4096

/* A process that cannot go on would try for ever. */
#define FAILURES_MOST 10000

static void count(_Atomic uint64_t *number)
{
    atomic_fetch_add(number, 1);
}

/* ---- a server ---- */

struct server {
    struct mesh_numbers *numbers;
    unsigned number;
    struct loop *loop;
    struct loop_watch listener;
    struct list sessions; /* that it has greeted */
    uint64_t dismissed;
};

struct server_session {
    struct server *server;
    struct loop_watch watch;
    struct list link;
};

static void end_session(struct server_session *session)
{
    loop_forget(session->server->loop, &session->watch);
    fd_close(&session->watch.fd);
    list_remove(&session->link);
    free(session);
}

/* The first byte is answered with the server's name; the rest is thrown away. */
static void on_session(struct loop_watch *watch, unsigned events)
{
    struct server_session *session = CONTAINER_OF(watch, struct server_session, watch);
    struct server *server = session->server;
    char byte = (char)server->number;
    char data[64];
    ssize_t got = recv(watch->fd, data, sizeof(data), 0);

    (void)events;
    if (got == 0 || (got == -1 && errno != EAGAIN)) {
        end_session(session);
        return;
    }
    if (got > 0 && list_is_empty(&session->link)) {
        list_append(&server->sessions, &session->link);
        if (send(watch->fd, &byte, 1, MSG_NOSIGNAL) != 1)
            end_session(session);
    }
}

static void on_listener(struct loop_watch *watch, unsigned events)
{
    struct server *server = CONTAINER_OF(watch, struct server, listener);
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct server_session *session;

    (void)events;
    if (fd == -1)
        return;
    session = calloc(1, sizeof(*session));
    if (session == NULL)
        _exit(1);
    session->server = server;
    session->watch = (struct loop_watch){.fn = on_session, .fd = fd};
    list_init(&session->link);
    if (loop_add(server->loop, &session->watch, LOOP_READ) == -1)
        _exit(1);
}

static void dismiss(struct server *server)
{
    while (server->dismissed < atomic_load(&server->numbers->to_dismiss[server->number]) &&
           !list_is_empty(&server->sessions)) {
        end_session(CONTAINER_OF(server->sessions.next, struct server_session, link));
        server->dismissed++;
    }
}

static void serve(struct mesh *mesh, unsigned number, int listen_fd)
{
    struct server server = {.numbers = mesh->numbers,
                            .number = number,
                            .loop = loop_new(),
                            .listener = {.fn = on_listener, .fd = listen_fd},
                            .dismissed = atomic_load(&mesh->numbers->to_dismiss[number])};

    list_init(&server.sessions);
    if (server.loop == NULL || loop_add(server.loop, &server.listener, LOOP_READ) == -1)
        _exit(1);
    while (loop_turn(server.loop, LOOK_MS) != -1)
        dismiss(&server);
    _exit(1);
}

/* ---- agents ---- */

struct agent;

struct tunnel {
    struct agent *agent;
    struct loop_watch watch;
    int server; /* -1 until it has said who it is */
    bool has_sent;
};

struct agents {
    struct mesh *mesh;
    struct loop *loop;
    unsigned process;
};

struct agent {
    struct agents *all;
    struct sockaddr_in address;
    struct tunnel *tunnels[MESH_SERVERS];
    struct tunnel *dialling;
};

static void dial(struct agent *agent);

static void end_tunnel(struct tunnel *tunnel)
{
    loop_forget(tunnel->agent->all->loop, &tunnel->watch);
    fd_close(&tunnel->watch.fd);
    free(tunnel);
}

static bool has_all(const struct agent *agent)
{
    for (unsigned i = 0; i < MESH_SERVERS; i++) {
        if (agent->tunnels[i] == NULL)
            return false;
    }
    return true;
}

static void go_on(struct agent *agent)
{
    if (agent->dialling == NULL && !has_all(agent) &&
        atomic_load(&agent->all->mesh->numbers->waits) == 0)
        dial(agent);
}

/* The connection that is being made, or a tunnel, is over. */
static void fail(struct tunnel *tunnel)
{
    struct agent *agent = tunnel->agent;
    struct mesh_numbers *numbers = agent->all->mesh->numbers;

    if (tunnel == agent->dialling) {
        agent->dialling = NULL;
        count(&numbers->failed);
        if (atomic_load(&numbers->failed) > FAILURES_MOST)
            _exit(1);
    } else {
        agent->tunnels[tunnel->server] = NULL;
        count(&numbers->lost);
        atomic_fetch_sub(&numbers->tunnels, 1);
    }
    end_tunnel(tunnel);
    go_on(agent);
}

static void learn(struct tunnel *tunnel, int server)
{
    struct agent *agent = tunnel->agent;
    struct mesh_numbers *numbers = agent->all->mesh->numbers;

    agent->dialling = NULL;
    count(&numbers->dialled);
    if (agent->tunnels[server] != NULL) {
        count(&numbers->duplicates);
        end_tunnel(tunnel);
    } else {
        tunnel->server = server;
        agent->tunnels[server] = tunnel;
        count(&numbers->tunnels);
    }
    go_on(agent);
}

static bool say_hello(struct tunnel *tunnel, unsigned events)
{
    if (tunnel->has_sent || !(events & LOOP_WRITE))
        return true;
    tunnel->has_sent = true;
    return send(tunnel->watch.fd, "k", 1, MSG_NOSIGNAL) == 1;
}

static void on_tunnel(struct loop_watch *watch, unsigned events)
{
    struct tunnel *tunnel = CONTAINER_OF(watch, struct tunnel, watch);
    uint8_t byte;
    ssize_t got;

    if ((events & LOOP_ERROR) || !say_hello(tunnel, events)) {
        fail(tunnel);
        return;
    }
    if (!(events & LOOP_READ))
        return;
    got = recv(watch->fd, &byte, 1, 0);
    if (got == -1 && errno == EAGAIN)
        return;
    if (got != 1 || byte >= MESH_SERVERS || tunnel->server != -1)
        fail(tunnel);
    else
        learn(tunnel, byte);
}

static int open_from(const struct sockaddr_in *address)
{
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd == -1 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) == -1 ||
        bind(fd, (const struct sockaddr *)address, sizeof(*address)) == -1)
        _exit(1);
    return fd;
}

static void dial(struct agent *agent)
{
    struct agents *all = agent->all;
    struct sockaddr_storage name;
    socklen_t length = addr_to_sockaddr(&all->mesh->balancer, &name);
    struct tunnel *tunnel = calloc(1, sizeof(*tunnel));

    if (tunnel == NULL)
        _exit(1);
    agent->dialling = tunnel;
    tunnel->agent = agent;
    tunnel->server = -1;
    tunnel->watch = (struct loop_watch){.fn = on_tunnel, .fd = open_from(&agent->address)};
    if ((connect(tunnel->watch.fd, (struct sockaddr *)&name, length) == -1 &&
         errno != EINPROGRESS) ||
        loop_add(all->loop, &tunnel->watch, LOOP_READ | LOOP_WRITE | LOOP_EDGE) == -1)
        _exit(1);
}

/* 127.200.0.1 and up: each has its own in all processes together. */
static void place(struct agent *agent, unsigned number)
{
    agent->address.sin_family = AF_INET;
    agent->address.sin_addr.s_addr =
        htonl(0x7fc80000 + agent->all->process * 0x4000 + number / 250 * 256 + number % 250 + 1);
}

static void act(struct mesh *mesh, unsigned process)
{
    struct agents all = {.mesh = mesh, .loop = loop_new(), .process = process};
    struct agent *agents = calloc(mesh->agents, sizeof(*agents));

    if (all.loop == NULL || agents == NULL)
        _exit(1);
    for (unsigned i = 0; i < mesh->agents; i++) {
        agents[i].all = &all;
        place(&agents[i], i);
    }
    do {
        for (unsigned i = 0; i < mesh->agents; i++)
            go_on(&agents[i]);
    } while (loop_turn(all.loop, LOOK_MS) != -1);
    _exit(1);
}

/* ---- the test's side ---- */

/* Whatever becomes of the test program, they end with it. */
static pid_t start(void)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent))
        _exit(1);
    return pid;
}

static void stop(pid_t *pid)
{
    if (*pid > 0 && kill(*pid, SIGKILL) == 0)
        (void)waitpid(*pid, NULL, 0);
    *pid = 0;
}

int mesh_start_server(struct mesh *mesh, unsigned server)
{
    int fd = listen_at(&mesh->servers[server], BACKLOG);

    if (fd == -1)
        return -1;
    mesh->server_pids[server] = start();
    if (mesh->server_pids[server] == 0)
        serve(mesh, server, fd);
    fd_close(&fd);
    return mesh->server_pids[server] == -1 ? -1 : 0;
}

void mesh_stop_server(struct mesh *mesh, unsigned server)
{
    stop(&mesh->server_pids[server]);
}

int mesh_open(struct mesh *mesh)
{
    *mesh = (struct mesh){.agents = 0};
    mesh->numbers = mmap(NULL, sizeof(*mesh->numbers), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (mesh->numbers == MAP_FAILED) {
        mesh->numbers = NULL;
        return -1;
    }
    for (unsigned i = 0; i < MESH_SERVERS; i++) {
        mesh->servers[i] = (struct addr){.family = ADDR_IPV4, .ip = {127, 0, 0, 1}};
        if (mesh_start_server(mesh, i) == -1)
            return -1;
    }
    return 0;
}

int mesh_start_agents(struct mesh *mesh, const struct addr *balancer, unsigned processes,
                      unsigned agents)
{
    mesh->balancer = *balancer;
    mesh->agents = agents;
    for (unsigned i = 0; i < processes; i++) {
        mesh->agent_pids[i] = start();
        if (mesh->agent_pids[i] == 0)
            act(mesh, i);
        if (mesh->agent_pids[i] == -1)
            return -1;
    }
    return 0;
}

bool mesh_wait_tunnels(const struct mesh *mesh, uint64_t tunnels, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;

    while (atomic_load(&mesh->numbers->tunnels) != tunnels) {
        if (mono_ms() > deadline_ms)
            return false;
        wait_a_moment();
    }
    return true;
}

void mesh_close(struct mesh *mesh)
{
    for (unsigned i = 0; i < MESH_PROCESSES; i++)
        stop(&mesh->agent_pids[i]);
    for (unsigned i = 0; i < MESH_SERVERS; i++)
        stop(&mesh->server_pids[i]);
    if (mesh->numbers != NULL)
        munmap(mesh->numbers, sizeof(*mesh->numbers));
    mesh->numbers = NULL;
}
