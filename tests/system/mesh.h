/*
 * A mesh of tunnels as konnectivity makes it: each agent wants one tunnel to each of the servers
 * behind the balancer. It dials, learns from the server's first byte who that is, closes what it
 * has already, and dials again until it has all. Agents have addresses of their own; servers and
 * agents are processes of their own, whose numbers stand in shared memory.
 */
#ifndef K0SLB_TESTS_SYSTEM_MESH_H
#define K0SLB_TESTS_SYSTEM_MESH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/defs.h"

#define MESH_SERVERS   3
#define MESH_PROCESSES 4 /* of agents, at most */

struct mesh_numbers {
    _Atomic uint64_t tunnels;    /* held now */
    _Atomic uint64_t dialled;    /* connections on which a server has said who it is */
    _Atomic uint64_t duplicates; /* of these: closed again */
    _Atomic uint64_t failed;     /* connections that came to nothing */
    _Atomic uint64_t lost;       /* tunnels that were ended by the other side */
    _Atomic uint64_t to_dismiss[MESH_SERVERS]; /* tunnels that the server is to end with FIN */
    _Atomic int waits;                         /* agents do not dial */
};

struct mesh {
    struct mesh_numbers *numbers;
    struct addr servers[MESH_SERVERS];
    pid_t server_pids[MESH_SERVERS]; /* 0 = not running */
    pid_t agent_pids[MESH_PROCESSES];
    struct addr balancer;
    unsigned agents; /* of each process */
};

/* Starts the servers, at ports that the kernel chooses. 0, or -1; mesh_close() in any case. */
int mesh_open(struct mesh *mesh) MUST_CHECK;
void mesh_close(struct mesh *mesh);

/* Kills a server: its port is closed, its tunnels end. Starts it again at the same address. */
void mesh_stop_server(struct mesh *mesh, unsigned server);
int mesh_start_server(struct mesh *mesh, unsigned server) MUST_CHECK;

/* Starts so many processes with so many agents each; they dial at once. 0, or -1. */
int mesh_start_agents(struct mesh *mesh, const struct addr *balancer, unsigned processes,
                      unsigned agents) MUST_CHECK;

/* Whether agents hold so many tunnels within that time. */
bool mesh_wait_tunnels(const struct mesh *mesh, uint64_t tunnels, unsigned within_ms);

#endif
