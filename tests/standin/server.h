/* A port that listens: TLS, and a thread for each connection. */
#ifndef K0SLB_TESTS_STANDIN_SERVER_H
#define K0SLB_TESTS_STANDIN_SERVER_H

#include <stdint.h>

#include "authority.h"
#include "ports.h"

struct server {
    const struct port_ops *ops;
    const char *controller;
    const char *address; /* IPv4 or IPv6 */
    uint16_t port;
    const struct server *like; /* an open one that has the same certificate, or NULL */
    int fd;
    SSL_CTX *ctx;
};

/*
 * Binds and listens, with a certificate of AUTHORITY for this controller and further NAMES.
 * Returns 0, or -1 after a line on stderr. The server lives as long as the process.
 */
int server_open(struct server *server, const struct authority *authority, const char *const *names,
                size_t name_count);

/* Starts the thread that accepts connections. Returns 0, or -1 after a line on stderr. */
int server_start(struct server *server);

#endif
