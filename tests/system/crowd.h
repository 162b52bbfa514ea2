/* Many clients with sessions that stay open, looked at together. */
#ifndef K0SLB_TESTS_SYSTEM_CROWD_H
#define K0SLB_TESTS_SYSTEM_CROWD_H

#include "system/client.h"

#define CROWD_MAX 512

struct crowd {
    struct client clients[CROWD_MAX];
    unsigned count;
};

/* Connects so many clients and echoes a few bytes on each. Returns how many failed. */
unsigned crowd_open(struct crowd *crowd, const struct addr *address, unsigned count);

/* Echoes on each session that has not ended. Returns how many are alive; *lost: ended or wrong. */
unsigned crowd_echo(struct crowd *crowd, unsigned *lost);

/* Connects so many clients that say nothing, and that nobody may accept. Returns how many failed.
 */
unsigned crowd_queue(struct crowd *crowd, const struct addr *address, unsigned count);

/*
 * Echoes on one after the other, each as soon as it is served, and closes it. Returns how many
 * failed.
 */
unsigned crowd_pass(struct crowd *crowd);

void crowd_close(struct crowd *crowd);

#endif
