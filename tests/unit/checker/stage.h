/* A house whose backends are actors, asked by HTTPS. */
#ifndef K0SLB_TESTS_UNIT_CHECKER_STAGE_H
#define K0SLB_TESTS_UNIT_CHECKER_STAGE_H

#include "tls/paper.h"

#include "actor.h"
#include "house.h"

#define STAGE_ACTORS 4

struct stage {
    struct house house;
    struct actor actors[STAGE_ACTORS];
    struct paper authority;
    char credentials[64]; /* a directory for our certificate, or "" */
};

/*
 * Sets up so many, all of whom answer 200; checks of 300 ms, none faster, GET /readyz expecting 200
 * and 401. A test may change the house's service before house_start().
 */
struct stage *stage_open(unsigned actors);

/* Before the start: the checker shows a certificate that the actors' authority has signed. */
void stage_show_certificate(struct stage *stage);

/* Before the start: expects that status too, or not. */
void stage_expect(struct stage *stage, unsigned status, bool expected);

/* Starts the checker and waits for the end of its first round. */
void stage_start(struct stage *stage);

/* Ends all of it; the checker has to leave in good order. */
void stage_close(struct stage *stage);

void stage_set(struct stage *stage, unsigned actor, unsigned status);
void stage_set_all(struct stage *stage, unsigned status);

/* What the last check said. */
struct board_check stage_check(const struct stage *stage, unsigned actor);

/* Since when its health is what it is. */
uint64_t stage_since(const struct stage *stage, unsigned actor);

/* Waits for so many more results, one after the other; false after five seconds. */
bool stage_wait_results(const struct stage *stage, unsigned actor, unsigned results);

#endif
