/*
 * The other end: a process of its own that accepts one connection after the other on a port of
 * 127.0.0.1 and does to each what its behaviour says.
 */
#ifndef K0SLB_TESTS_UNIT_PROBE_PEER_H
#define K0SLB_TESTS_UNIT_PROBE_PEER_H

#include <stdint.h>
#include <sys/types.h>

/* Serves one accepted, blocking socket, which is closed afterwards. Returns a letter to report. */
typedef char peer_behaviour(int fd, void *context);

struct peer {
    pid_t pid;
    uint16_t port;
    int reports; /* a pipe: one letter for each connection served */
};

void peer_start(struct peer *peer, peer_behaviour *behaviour, void *context);
void peer_stop(struct peer *peer);

/* The next letter; '?' when none came in five seconds. */
char peer_report(const struct peer *peer);

/* Closes at once; takes the hello and resets. */
char peer_closes(int fd, void *context);
char peer_resets(int fd, void *context);

/* Sends the text `context` and holds on until the other end closes. */
char peer_says(int fd, void *context);

/* Takes the hello, then sends an endless TLS record, a byte each 100 ms. */
char peer_drips(int fd, void *context);

/* Takes the hello, then says by an alert that it cannot agree. */
char peer_alerts(int fd, void *context);

/* Takes the hello and closes. */
char peer_leaves_handshake(int fd, void *context);

#endif
