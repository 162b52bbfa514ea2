#include "peer.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"

static _Noreturn void serve(int listener, int reports, peer_behaviour *behaviour, void *context)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* not left over when the test itself dies */
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        char letter;

        if (fd == -1)
            _exit(1);
        letter = behaviour(fd, context);
        close(fd);
        if (write(reports, &letter, 1) != 1)
            _exit(1);
    }
}

void peer_start(struct peer *peer, peer_behaviour *behaviour, void *context)
{
    int ends[2];
    int listener = listen_silently(&peer->port, 256);

    if (pipe(ends) == -1)
        abort();
    peer->pid = fork();
    if (peer->pid == -1)
        abort();
    if (peer->pid == 0) {
        close(ends[0]);
        serve(listener, ends[1], behaviour, context);
    }
    close(listener);
    close(ends[1]);
    peer->reports = ends[0];
}

void peer_stop(struct peer *peer)
{
    kill(peer->pid, SIGKILL);
    waitpid(peer->pid, NULL, 0);
    close(peer->reports);
}

char peer_report(const struct peer *peer)
{
    struct pollfd wait = {.fd = peer->reports, .events = POLLIN};
    char letter;

    if (poll(&wait, 1, 5000) == 1 && read(peer->reports, &letter, 1) == 1)
        return letter;
    return '?';
}

/* Reads until the other end has closed, or reset. */
static void outlive(int fd)
{
    char unwanted[512];

    while (recv(fd, unwanted, sizeof(unwanted), 0) > 0)
        continue;
}

static void take_hello(int fd)
{
    char unwanted[4096];

    (void)!recv(fd, unwanted, sizeof(unwanted), 0);
}

char peer_closes(int fd, void *context)
{
    (void)fd;
    (void)context;
    return 'c';
}

char peer_resets(int fd, void *context)
{
    static const struct linger reset = {.l_onoff = 1};

    (void)context;
    take_hello(fd); /* earlier, and it might count as reset while connecting */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    return 'r';
}

char peer_says(int fd, void *context)
{
    const char *text = context;

    (void)!send(fd, text, strlen(text), 0);
    outlive(fd);
    return 's';
}

char peer_drips(int fd, void *context)
{
    static const unsigned char record[] = {0x16, 3, 3, 0x3f, 0xff, 2, 0, 0x3f, 0xfb};

    (void)context;
    take_hello(fd);
    for (size_t i = 0; i < 300; i++) {
        struct pollfd gone = {.fd = fd, .events = POLLIN};
        unsigned char byte = i < sizeof(record) ? record[i] : 3;

        if (send(fd, &byte, 1, 0) != 1 || poll(&gone, 1, 100) != 0)
            break;
    }
    return 'd';
}

char peer_alerts(int fd, void *context)
{
    static const unsigned char alert[] = {0x15, 3, 3, 0, 2, 2, 40};

    (void)context;
    take_hello(fd);
    (void)!send(fd, alert, sizeof(alert), 0);
    outlive(fd);
    return 'a';
}

char peer_leaves_handshake(int fd, void *context)
{
    (void)context;
    take_hello(fd);
    return 'l';
}
