#include "actor.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tls/paper.h"
#include "unit/probe/tls_peer.h"

/* ---- one connection ---- */

static bool read_request(SSL *ssl)
{
    char text[2048];
    size_t size = 0;

    while (size < sizeof(text) - 1) {
        int more = SSL_read(ssl, text + size, (int)(sizeof(text) - 1 - size));

        if (more <= 0)
            return false;
        size += (size_t)more;
        text[size] = '\0';
        if (strstr(text, "\r\n\r\n") != NULL)
            return true;
    }
    return false;
}

static void say(const struct actor_script *script, SSL *ssl, unsigned status)
{
    char date[64] = "";
    char text[256];
    time_t then = time(NULL) + 3600;
    struct tm parts;
    int size;

    gmtime_r(&then, &parts);
    if (script->has_date != 0)
        strftime(date, sizeof(date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    size = snprintf(text, sizeof(text), "HTTP/1.1 %u Some\r\n%sContent-Length: 0\r\n\r\n", status,
                    date);
    (void)!SSL_write(ssl, text, size);
}

static void answer(struct actor_script *script, SSL *ssl)
{
    struct pollfd gone = {.fd = SSL_get_fd(ssl), .events = POLLIN};
    unsigned status = script->status;
    X509 *shown = SSL_get_peer_certificate(ssl);
    char unwanted[64];
    bool left;

    X509_free(shown);
    if (shown != NULL && script->status_to_us != 0)
        status = script->status_to_us;
    left = poll(&gone, 1, status == 0 ? -1 : (int)script->pause_ms) != 0;
    atomic_fetch_sub(&script->waiting, 1);
    if (left)
        return;
    say(script, ssl, status);
    while (SSL_read(ssl, unwanted, sizeof(unwanted)) > 0)
        continue;
}

static void serve_shaken(struct actor_script *script, SSL *ssl)
{
    uint32_t waiting;
    uint32_t most;

    atomic_fetch_add(SSL_session_reused(ssl) == 1 ? &script->resumed : &script->full, 1);
    if (!read_request(ssl))
        return;
    waiting = atomic_fetch_add(&script->waiting, 1) + 1;
    most = script->waiting_most;
    while (waiting > most && !atomic_compare_exchange_weak(&script->waiting_most, &most, waiting))
        continue;
    answer(script, ssl);
    SSL_shutdown(ssl);
}

static void serve(const struct tls_peer *peer, struct actor_script *script, int fd)
{
    SSL *ssl = SSL_new(peer->tls);

    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
        abort();
    if (SSL_accept(ssl) == 1)
        serve_shaken(script, ssl);
    SSL_free(ssl);
}

/* ---- the process ---- */

static _Noreturn void live(struct tls_peer *peer, struct actor_script *script, int listener)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* not left over when the test itself dies */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pid_t child = fd == -1 ? 0 : fork();

        if (fd == -1 || child == -1)
            _exit(1);
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve(peer, script, fd);
            _exit(0);
        }
        close(fd);
    }
}

static void make_server(struct tls_peer *peer, const struct paper *authority)
{
    struct paper leaf;

    tls_peer_init(peer, TLS1_3_VERSION, authority == NULL ? WANTS_NOTHING : WANTS_OPTIONALLY);
    peer->alpn = "\x08http/1.1";
    if (authority == NULL)
        return;
    paper_make_leaf(&leaf, authority, "actor");
    tls_peer_show(peer, &leaf, authority);
    paper_fini(&leaf);
}

void actor_start(struct actor *actor, int listener, const struct paper *authority)
{
    struct tls_peer peer;

    actor->script = mmap(NULL, sizeof(*actor->script), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (actor->script == MAP_FAILED)
        abort();
    actor->script->status = 200;
    make_server(&peer, authority);
    fflush(NULL);
    actor->pid = fork();
    if (actor->pid == -1)
        abort();
    if (actor->pid == 0)
        live(&peer, actor->script, listener);
    tls_peer_fini(&peer);
}

void actor_stop(struct actor *actor)
{
    kill(actor->pid, SIGKILL);
    waitpid(actor->pid, NULL, 0);
    munmap(actor->script, sizeof(*actor->script));
}
