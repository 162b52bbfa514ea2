#include "system/surge.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/mono.h"

#include "system/wait.h"

#define STACK_SIZE (512 * 1024)

/* A client gives up after that: longer than any timeout of the balancer. */
#define PATIENCE_S  10
#define PATIENCE_MS (PATIENCE_S * 1000)

struct clients {
    const struct surge_plan *plan;
    struct surge_counts *counts;
    SSL_CTX *context;
    _Atomic unsigned running;
};

struct caller {
    struct clients *clients;
    struct surge_watch *watch; /* NULL = one request */
    int fd;
    SSL *ssl;
    uint64_t began_ms;
};

/* ---- one client ---- */

static int connect_to(const struct addr *address)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    struct sockaddr_storage name;
    socklen_t length = addr_to_sockaddr(address, &name);
    int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd == -1)
        abort();
    /* For connect(2), too. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == -1 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == -1)
        abort();
    if (connect(fd, (struct sockaddr *)&name, length) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Connects and shakes hands. */
static bool call(struct caller *caller)
{
    caller->fd = connect_to(&caller->clients->plan->address);
    if (caller->fd == -1)
        return false;
    caller->ssl = SSL_new(caller->clients->context);
    if (caller->ssl == NULL || SSL_set_fd(caller->ssl, caller->fd) != 1)
        abort();
    ERR_clear_error();
    return SSL_connect(caller->ssl) == 1;
}

/* Asks and reads the head of the answer. Returns the status, or -1. */
static int ask(struct caller *caller, const char *path, char *head, size_t size)
{
    char request[128];
    size_t got = 0;
    int length = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: api\r\n\r\n", path);

    ERR_clear_error();
    if (SSL_write(caller->ssl, request, length) != length)
        return -1;
    do {
        int more = SSL_read(caller->ssl, head + got, (int)(size - 1 - got));

        if (more <= 0)
            return -1;
        got += (size_t)more;
        head[got] = '\0';
    } while (strstr(head, "\r\n\r\n") == NULL && got < size - 1);
    return strncmp(head, "HTTP/1.1 ", 9) == 0 ? atoi(head + 9) : -1;
}

static bool has_heard_anything(const struct caller *caller)
{
    return caller->ssl != NULL && BIO_number_read(SSL_get_rbio(caller->ssl)) > 0;
}

static void note_slowest(struct surge_counts *counts, uint64_t took_ms)
{
    uint64_t known = atomic_load(&counts->slowest_ms);

    while (took_ms > known && !atomic_compare_exchange_weak(&counts->slowest_ms, &known, took_ms))
        ;
}

static void count(const struct caller *caller, int status)
{
    struct surge_counts *counts = caller->clients->counts;

    if (status == 200) {
        note_slowest(counts, mono_ms() - caller->began_ms);
        atomic_fetch_add(&counts->answered, 1);
    } else if (status != -1) {
        atomic_fetch_add(&counts->unready, 1);
    } else {
        atomic_fetch_add(has_heard_anything(caller) ? &counts->cut : &counts->failed, 1);
        atomic_store(&counts->failed_ms, mono_ms());
    }
}

/* Opens, says who serves it, and waits for its end. */
static void hold_watch(struct caller *caller)
{
    const struct timeval forever = {0};
    char head[1024];
    const char *name;

    if (!call(caller) || ask(caller, "/watch", head, sizeof(head)) == -1)
        return;
    name = strstr(head, "X-Controller: c");
    if (name == NULL ||
        setsockopt(caller->fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever)) == -1)
        return;
    atomic_store(&caller->watch->server, atoi(name + strlen("X-Controller: c")));
    while (SSL_read(caller->ssl, head, sizeof(head)) > 0)
        ;
    atomic_store(&caller->watch->closed_ms, mono_ms());
}

static void *run_caller(void *context)
{
    struct caller *caller = context;
    char head[1024];

    if (caller->watch != NULL)
        hold_watch(caller);
    else
        count(caller, call(caller) ? ask(caller, "/client", head, sizeof(head)) : -1);
    if (caller->ssl != NULL)
        SSL_shutdown(caller->ssl);
    SSL_free(caller->ssl);
    if (caller->fd != -1)
        close(caller->fd);
    atomic_fetch_sub(&caller->clients->running, 1);
    free(caller);
    return NULL;
}

static void begin_caller(struct clients *clients, struct surge_watch *watch)
{
    struct caller *caller = calloc(1, sizeof(*caller));
    pthread_attr_t attributes;
    pthread_t thread;

    if (caller == NULL || pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) != 0 ||
        pthread_attr_setstacksize(&attributes, STACK_SIZE) != 0)
        abort();
    *caller = (struct caller){.clients = clients, .watch = watch, .fd = -1};
    caller->began_ms = mono_ms();
    atomic_fetch_add(&clients->running, 1);
    if (pthread_create(&thread, &attributes, run_caller, caller) != 0)
        abort();
    pthread_attr_destroy(&attributes);
}

/* ---- the process ---- */

static void pause_until(uint64_t at_ms)
{
    uint64_t now_ms = mono_ms();

    if (at_ms > now_ms)
        (void)poll(NULL, 0, (int)(at_ms - now_ms));
}

static bool are_watches_open(const struct surge *surge)
{
    for (unsigned i = 0; i < surge->watch_count; i++) {
        if (atomic_load(&surge->counts->watches[i].server) == 0)
            return false;
    }
    return true;
}

/* In the clients' process. */
static void run_clients(const struct surge *surge, const struct surge_plan *plan)
{
    struct clients clients = {.plan = plan, .counts = surge->counts};
    uint64_t next_ms;

    signal(SIGPIPE, SIG_IGN);
    clients.context = SSL_CTX_new(TLS_client_method());
    if (clients.context == NULL || prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
        abort();
    for (unsigned i = 0; i < plan->watches; i++)
        begin_caller(&clients, &surge->counts->watches[i]);
    while (!are_watches_open(surge) && !atomic_load(&surge->counts->stop))
        wait_a_moment();
    next_ms = mono_ms();
    while (!atomic_load(&surge->counts->stop)) {
        if (plan->per_second > 0) {
            atomic_fetch_add(&surge->counts->begun, 1);
            begin_caller(&clients, NULL);
        }
        next_ms += plan->per_second > 0 ? 1000 / plan->per_second : 50;
        pause_until(next_ms);
    }
    /* Watches end with the process. */
    while (atomic_load(&surge->counts->answered) + atomic_load(&surge->counts->unready) +
               atomic_load(&surge->counts->failed) + atomic_load(&surge->counts->cut) <
           atomic_load(&surge->counts->begun))
        wait_a_moment();
    _exit(0);
}

int surge_start(struct surge *surge, const struct surge_plan *plan)
{
    uint64_t deadline_ms = mono_ms() + PATIENCE_MS;

    memset(surge, 0, sizeof(*surge));
    surge->watch_count = plan->watches;
    surge->counts = mmap(NULL, sizeof(*surge->counts), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (surge->counts == MAP_FAILED) {
        surge->counts = NULL;
        return -1;
    }
    surge->pid = fork();
    if (surge->pid == 0)
        run_clients(surge, plan);
    while (surge->pid > 0 && !are_watches_open(surge)) {
        if (mono_ms() > deadline_ms)
            return -1;
        wait_a_moment();
    }
    return surge->pid > 0 ? 0 : -1;
}

static uint64_t ended(const struct surge *surge)
{
    return atomic_load(&surge->counts->answered) + atomic_load(&surge->counts->unready);
}

bool surge_wait(const struct surge *surge, unsigned requests, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;
    uint64_t least = ended(surge) + requests;

    while (ended(surge) < least) {
        if (mono_ms() > deadline_ms)
            return false;
        wait_a_moment();
    }
    return true;
}

bool surge_finish(struct surge *surge)
{
    uint64_t deadline_ms = mono_ms() + 2 * PATIENCE_MS;
    int status = 0;
    pid_t pid;

    if (surge->pid <= 0)
        return false;
    atomic_store(&surge->counts->stop, true);
    do {
        wait_a_moment();
        pid = waitpid(surge->pid, &status, WNOHANG);
    } while (pid == 0 && mono_ms() < deadline_ms);
    if (pid == surge->pid)
        surge->pid = 0;
    return surge->pid == 0 && status == 0;
}

void surge_fini(struct surge *surge)
{
    if (surge->pid > 0) {
        (void)kill(surge->pid, SIGKILL);
        while (waitpid(surge->pid, NULL, 0) == -1 && errno == EINTR)
            ;
        surge->pid = 0;
    }
    if (surge->counts != NULL)
        munmap(surge->counts, sizeof(*surge->counts));
    surge->counts = NULL;
}

unsigned surge_open_watches(const struct surge *surge, int server)
{
    unsigned open = 0;

    for (unsigned i = 0; i < surge->watch_count; i++) {
        const struct surge_watch *watch = &surge->counts->watches[i];

        open += atomic_load(&watch->server) == server && atomic_load(&watch->closed_ms) == 0;
    }
    return open;
}

uint64_t surge_last_close_ms(const struct surge *surge, int server)
{
    uint64_t last_ms = 0;

    for (unsigned i = 0; i < surge->watch_count; i++) {
        const struct surge_watch *watch = &surge->counts->watches[i];
        uint64_t closed_ms = atomic_load(&watch->closed_ms);

        if (atomic_load(&watch->server) == server && closed_ms > last_ms)
            last_ms = closed_ms;
    }
    return last_ms;
}
