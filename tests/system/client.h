/* Clients: connections to the balancer, alone or many at once. */
#ifndef K0SLB_TESTS_SYSTEM_CLIENT_H
#define K0SLB_TESTS_SYSTEM_CLIENT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"

#include "system/exchange.h"

/* How long a client waits for anything that has to come. */
#define CLIENT_PATIENCE_MS 10000

/* A connection; made by client_open(), ended by client_close(). */
struct client {
    int fd;      /* non-blocking; -1 while closed */
    uint64_t id; /* of its tagged stream; unlike that of any other client of this program */
    uint64_t messages;
};

/*
 * Connects. A queue that nobody accepts from is a connection too. receive_buffer: SO_RCVBUF in
 * bytes, 0 = the kernel's choice. Returns 0, or -1 with errno of connect(2); the fd is then -1.
 */
int client_open_sized(struct client *client, const struct addr *address,
                      int receive_buffer) MUST_CHECK;
int client_open(struct client *client, const struct addr *address) MUST_CHECK;

/* The same from that address, and from a port that another connection elsewhere may have too. */
int client_open_from(struct client *client, const struct addr *from,
                     const struct addr *address) MUST_CHECK;

void client_close(struct client *client);

/* Ends with RST. */
void client_reset(struct client *client);

/* Sends a message of that size (at most 4 MiB) to an echo and compares what returns. 0 or -1. */
int client_echo(struct client *client, size_t size) MUST_CHECK;

/*
 * The same in two halves for a client that may have to wait: sends a message, and gives up for now
 * when no echo has come within that time; then takes that echo. 0, or -1.
 */
int client_try_echo(struct client *client, unsigned within_ms) MUST_CHECK;
int client_finish_echo(struct client *client) MUST_CHECK;

/* Connects, echoes a few bytes, closes; 0, or -1 when any of it failed. */
int client_visit(const struct addr *address) MUST_CHECK;

/* Visits `count` times, one after the other; returns how many failed. */
unsigned client_visit_many(const struct addr *address, unsigned count);

enum client_end {
    CLIENT_STILL_OPEN, /* nothing came within the time */
    CLIENT_DATA,       /* a byte came */
    CLIENT_FIN,
    CLIENT_RESET,
};

/* What comes next, within that time. */
enum client_end client_next(struct client *client, unsigned within_ms);

/* Connects, sends nothing, and says what comes; CLIENT_RESET also when that was so quick. */
enum client_end client_knock(const struct addr *address);

/* Sends FIN. 0, or -1. */
int client_fin(struct client *client) MUST_CHECK;

/*
 * The same tagged exchange on `count` new connections at once, each in a thread of its own:
 * `to_send` bytes and FIN from each, all that comes back checked. *received is the sum; returns
 * how many connections were not byte-exact to the end.
 */
unsigned client_swarm(const struct addr *address, unsigned count, uint64_t to_send,
                      uint64_t *received);

/*
 * One tagged exchange on an open connection: sends to_send bytes and FIN, checks what comes until
 * FIN. Returns the bytes that came, or -1 when anything was wrong.
 */
int64_t client_exchange(struct client *client, uint64_t to_send);

#endif
