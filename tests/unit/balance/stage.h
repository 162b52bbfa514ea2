/* A real board and epoch with one service, whose backends' states a test sets. */
#ifndef K0SLB_TESTS_UNIT_BALANCE_STAGE_H
#define K0SLB_TESTS_UNIT_BALANCE_STAGE_H

#include "balance/balance.h"
#include "board/board_master.h"

#define STAGE_MOST 8

/* How one backend stands. */
struct stage_backend {
    uint16_t weight;
    bool backup;
    enum board_health health;
    unsigned marks;    /* enum board_mark */
    uint64_t since_ms; /* of its health, when that changes; 0 = 1 */
    enum board_admin_state admin;
    uint64_t said_ms;    /* when an administrator has said so: wall clock; 0 = nobody has */
    struct addr address; /* without port: stage_address() */
    bool nowhere;        /* its name has never resolved */
    bool avoided;        /* this process has just seen it fail */
    bool tried;          /* it has failed this connection already */
};

struct stage {
    struct board *board;
    const struct epoch *epoch;
    struct rng rng;
    uint64_t ticket;       /* the next one */
    bool takes_from_board; /* tickets are the board's own: only for a worker */
    const char *service;   /* its name; NULL = "ours" */
    struct addr client;
    bool client_is_untold;
    uint64_t slow_start; /* milliseconds, like the next ones; fixed when it is set up */
    uint64_t on_down_spread;
    uint64_t hello_timeout;
    uint64_t now_ms;
    uint64_t wall_ms;
    unsigned count;
    struct stage_backend backends[STAGE_MOST]; /* weight and backup are fixed when it is set up */
};

/*
 * Makes board and epoch for stage->backends[stage->count]. Their slots are not their indices. The
 * test ends when that fails.
 */
void stage_open(struct stage *stage, enum conf_balance balance, enum conf_all_down all_down);
void stage_close(struct stage *stage);

/* Writes addresses, health and admin words of all of them, as master, checker and administrator
 * would. */
void stage_set(struct stage *stage);

/* A client's address of so many. */
struct addr stage_client(unsigned number);

/* Where stage_set() puts a backend that is somewhere. */
struct addr stage_address(unsigned backend);

/* One choice for stage->client; the number of the backend, or -1. */
int stage_choose(struct stage *stage);

/* The service's slot on the board, and a backend's. */
unsigned stage_service(const struct stage *stage);
unsigned stage_slot(const struct stage *stage, unsigned backend);

#endif
