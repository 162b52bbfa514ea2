/*
 * One k0slbd under test: its configuration, its log, its board, and the proof that nothing of it is
 * left. It has a process group of its own; the test program is made the one that inherits orphans,
 * so it sees the end of every process of the instance.
 */
#ifndef K0SLB_TESTS_SYSTEM_INSTANCE_H
#define K0SLB_TESTS_SYSTEM_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/defs.h"
#include "board/board.h"

/* Masters that may have left somebody behind, one after the other. */
#define INSTANCE_EARLIER 4

struct instance {
    char name[CONF_NAME_SIZE]; /* of the instance; used by no other one on this machine */
    char dir[64];              /* temporary; holds the two files */
    char config[96];
    char log[96];         /* its stderr */
    char pid_file[96];    /* for a configuration that names one */
    struct addr address;  /* 127.x.y.z of this instance alone, port 0 */
    unsigned descriptors; /* the most k0slbd may open; 0 = as this program */
    const char *wrapper;  /* words in front of the program, separated by blanks; NULL = none; at
                             first what K0SLB_WRAPPER in the environment says */
    pid_t pid;            /* the master's, and its process group's; 0 = never started */
    pid_t earlier[INSTANCE_EARLIER]; /* groups of masters before it that still have processes */
    bool running;                    /* the master has not been reaped */
    int status;                      /* wait(2)'s, once it is */
    struct board *board;             /* NULL while there is none */
};

/* Makes names and the directory. Returns 0, or -1 with errno. */
int instance_init(struct instance *instance) MUST_CHECK;

/* Writes the configuration file. Returns 0, or -1 with errno. */
int instance_configure(struct instance *instance, const char *text) MUST_CHECK;

/* The instance's address with a port that nothing listens on. */
struct addr instance_free_address(const struct instance *instance);

/*
 * Starts k0slbd with these arguments, separated by blanks (NULL: "-c FILE"), and waits for
 * nothing. Returns 0, or -1 with errno.
 */
int instance_spawn(struct instance *instance, const char *arguments) MUST_CHECK;

/* instance_spawn(), then waits until it serves: all workers run, every backend has been checked. */
int instance_start(struct instance *instance) MUST_CHECK;

/*
 * Starts k0slbd with "-d" and these arguments, and waits until that returns: its exit status, or
 * -1. From 0 on the daemon is the instance's master.
 */
int instance_daemonize(struct instance *instance, const char *arguments);

/* What the pid file holds, to the byte, as far as it fits; "" when there is none. */
const char *instance_pid_text(const struct instance *instance, char text[32]);

/* Waits for the end of the master. Returns its exit status, 128 + signal, or -1: still there. */
int instance_wait_exit(struct instance *instance, unsigned within_ms);

/* Sends a signal to the master. */
void instance_signal(const struct instance *instance, int number);

/* TERM, and waits for the end; returns as instance_wait_exit(). */
int instance_stop(struct instance *instance);

/* Whether every process of the instance, and of earlier masters, is gone within that time. */
bool instance_is_empty(struct instance *instance, unsigned within_ms);

/* The same for the processes that earlier masters have left. */
bool instance_has_no_earlier(struct instance *instance, unsigned within_ms);

/* The pid of a child, or -1 when the board has none such. */
pid_t instance_child(const struct instance *instance, enum board_role role, unsigned slot);

/*
 * kill(2) for one process, which may be -1, as instance_child() and wait_child() return it: that is
 * nobody here, and not everybody. Returns 0, or -1.
 */
int instance_kill(pid_t pid, int number) MUST_CHECK;

/* Whether the log holds that text, and how often. */
bool instance_log_has(const struct instance *instance, const char *text);
unsigned instance_log_count(const struct instance *instance, const char *text);

/* The whole log; free(3) it. Never NULL. */
char *instance_log(const struct instance *instance);

/* Prints configuration and log. */
void instance_print(const struct instance *instance);

/*
 * Ends whatever still runs. Returns what was left that should not have been (a process, the
 * segment, the lock; also what a sanitizer wrote), as a constant text, or NULL.
 */
const char *instance_fini(struct instance *instance);

/* Removes the files; after instance_fini(), and after printing them. */
void instance_remove(struct instance *instance);

#endif
