/* The three ports of a k0s controller, as far as a client and a balancer see them. */
#ifndef K0SLB_TESTS_STANDIN_PORTS_H
#define K0SLB_TESTS_STANDIN_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "stream.h"

struct port_ops {
    uint16_t number;         /* unless the command line says otherwise */
    const char *common_name; /* in the server's certificate */
    const char *alpn;        /* the only protocol a client may choose */
    bool asks_certificate;   /* of the client, without insisting */
    bool logs_handshakes;    /* that fail, as Go's HTTP server does */
    int idle_s;              /* a client that is silent for so long is left; 0 = never */
    /* Serves a client until one of the two leaves. The handshake is done. */
    void (*serve)(struct stream *stream);
};

#define PORT_COUNT 3

/*
 * 6443, kube-apiserver: HTTP/1.1. Anonymous access is off, so every path gives 401 and a Status,
 * but for GET /readyz with a client certificate that its authority has signed: 200. For tests there
 * is also GET /watch (a line of JSON each second for ever), GET /bytes/N and PUT or POST /echo
 * (length and SHA-256 of the body).
 */
extern const struct port_ops port_api;

/*
 * 8132, konnectivity-server: HTTP/2, with the certificate of 6443. It sends SETTINGS before it
 * reads anything, and leaves a client that has not chosen `h2` right after the handshake.
 */
extern const struct port_ops port_konnectivity;

/*
 * 9443, k0s's join API: HTTP/1.1. A method that a path does not know gives a silent 405, a request
 * without a token 401 and a line in the controller's log, here stderr.
 */
extern const struct port_ops port_join;

#endif
