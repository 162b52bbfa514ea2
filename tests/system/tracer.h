/* Faults at system calls, by strace(1): errors and signals that nothing else brings about. */
#ifndef K0SLB_TESTS_SYSTEM_TRACER_H
#define K0SLB_TESTS_SYSTEM_TRACER_H

#include <sys/types.h>

#include "base/defs.h"

#include "system/instance.h"

struct tracer {
    pid_t pid;
    char log[96]; /* what strace says; removed at the end */
};

/* The path of strace; NULL when there is none on this machine. */
const char *tracer_program(void);

/*
 * Attaches to a process with these further options, separated by blanks, and returns when it is
 * attached: 0. -1 when there is no strace, or it may not trace here.
 */
int tracer_attach(struct tracer *tracer, const struct instance *instance, pid_t pid,
                  const char *options) MUST_CHECK;

/* Lets the process go again; nothing happens when it was not attached. */
void tracer_detach(struct tracer *tracer);

#endif
