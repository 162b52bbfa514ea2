/* k0slbctl, as an administrator runs it against an instance under test. */
#ifndef K0SLB_TESTS_SYSTEM_COMMAND_H
#define K0SLB_TESTS_SYSTEM_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "system/instance.h"

/* One while it runs, and what it has said, on either descriptor. */
struct command {
    FILE *pipe;
    int status; /* of exit(3); -1 when it ended otherwise */
    char text[16384];
};

/* Starts "k0slbctl -n INSTANCE -c FILE WORDS". The test ends when that fails. */
void command_start(struct command *command, const struct instance *instance, const char *words);

/* Whether the next line that it says, on either descriptor, is that one. */
bool command_has_begun(struct command *command, const char *line);

/* Waits for its end; returns its status. */
int command_finish(struct command *command);

/* Both. */
int command_run(struct command *command, const struct instance *instance, const char *words);

/* Whether it said that; prints what it said when not. */
bool command_said(const struct command *command, const char *text);

#endif
