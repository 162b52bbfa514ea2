/*
 * A checker in a house of its own: a real board, a real epoch, and the role as a child process.
 * One service with backends on 127.0.0.1, checked by TCP unless told otherwise, and one that may
 * require it; the test is master and worker.
 */
#ifndef K0SLB_TESTS_UNIT_CHECKER_HOUSE_H
#define K0SLB_TESTS_UNIT_CHECKER_HOUSE_H

#include <sys/types.h>

#include "board/board_master.h"
#include "conf/epoch.h"
#include "role/role.h"

#define HOUSE_BACKENDS 24
#define HOUSE_LOG_SIZE 65536

struct house {
    struct conf_service service;  /* set up by house_init(); a test may change it before start */
    struct conf_service follower; /* "f", whose backends nobody asks and that requires the other */
    struct conf_global global;
    struct conf_backend backends[HOUSE_BACKENDS * 2]; /* those of the follower after `count` */
    int listeners[HOUSE_BACKENDS];                    /* -1 where nobody listens */
    unsigned count;
    unsigned followers; /* 0, or `count`: set by house_follow() */
    struct board *board;
    const struct epoch *epoch;
    struct role_birth birth;
    int channel;  /* the master's end */
    int log_read; /* the log pipe's other end */
    pid_t checker;
    char log[HOUSE_LOG_SIZE]; /* all that was logged */
};

/* A service "s" with backends b0, b1 …, each with a listener; checks of 100 ms, fast 50 ms. */
void house_init(struct house *house, unsigned backends);

/* Before the start: makes the follower, with as many backends. */
void house_follow(struct house *house);

/* Starts the checker, the first time with board and epoch made from what stands in the house. */
void house_start(struct house *house);

/* Ends the checker by TERM; true when it left with status 0 (leak checkers speak through it). */
bool house_stop(struct house *house);

/* Closes and removes everything; the checker is stopped if it still runs. */
void house_fini(struct house *house);

/* Opens the listener of a backend again on its port, or closes it. */
void house_listen(struct house *house, unsigned backend, int backlog);
void house_close(struct house *house, unsigned backend);

/* As a worker obeys it, and the marks beside it. */
enum board_health house_health(const struct house *house, unsigned backend);

unsigned house_marks(const struct house *house, unsigned backend);

/* Waits until a backend has those of the marks in `mask`; false after five seconds. */
bool house_wait_marks(const struct house *house, unsigned backend, unsigned mask, unsigned marks);

/* Waits until a backend has that health; false after five seconds. */
bool house_wait(const struct house *house, unsigned backend, enum board_health health);

/* Waits until the text was logged; false after five seconds. */
bool house_wait_log(struct house *house, const char *text);

/* Whether it has been logged up to now. */
bool house_has_logged(struct house *house, const char *text);

/* Waits for that message on the channel; false after five seconds. */
bool house_wait_message(const struct house *house, uint32_t type);

/* What a worker would do that saw something. */
void house_report(const struct house *house, unsigned backend, enum board_evidence_kind kind);

/* What an administrator would say. */
void house_say(const struct house *house, unsigned backend, enum board_admin_state state);

#endif
