/* Runs k0slbctl's main function in a child and keeps what it says. */
#ifndef K0SLB_TESTS_UNIT_CONTROL_RUN_H
#define K0SLB_TESTS_UNIT_CONTROL_RUN_H

#define RUN_ARGS 10
#define RUN_TEXT 16384

struct run {
    int status; /* of exit(3); -1 when it ended otherwise */
    char out[RUN_TEXT];
    char err[RUN_TEXT];
};

/* `args` are those after the program's name, ended by NULL. */
void run_control(struct run *run, const char *const *args);

/* The same with standard output on that descriptor; -1 closes it. `out` is empty then. */
void run_control_to(struct run *run, const char *const *args, int out);

#endif
