/* Other processes, known by pid and start time together, because pids are used again. */
#ifndef K0SLB_BASE_PROCESS_H
#define K0SLB_BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/defs.h"

/*
 * The start time of a process in clock ticks since boot (proc(5), stat field 22), or 0 when there
 * is no such process. A zombie counts as no process.
 */
uint64_t process_start_time(pid_t pid);

/* Whether the process with that pid is still the one that started then. */
bool process_is_alive(pid_t pid, uint64_t start_time);

/*
 * The real user of a process (proc(5), status). Returns 0, or -1 with errno; ESRCH when there is no
 * such process.
 */
int process_owner(pid_t pid, uid_t *owner) MUST_CHECK;

/*
 * Sends a signal to exactly that process through a pidfd (pidfd_send_signal(2)), by kill(2) where
 * the kernel lacks them. Returns 0, or -1 with errno; ESRCH when it is gone or another one.
 */
int process_signal(pid_t pid, uint64_t start_time, int signal) MUST_CHECK;

/* The state letter of a process (proc(5): 'R' runs, 'T' is stopped …), or 0 when there is none. */
char process_state(pid_t pid);

/*
 * The number of the descriptor by which a process has the socket with that inode, or -1 with errno:
 * ENOENT when it has none, EACCES when the caller may not look.
 */
int process_find_socket(pid_t pid, uint64_t inode) MUST_CHECK;

/*
 * Takes a copy of that socket (pidfd_getfd(2)), close-on-exec and the caller's. The process must
 * still be the one that started then. -1 with errno: ESRCH, ENOENT, or EPERM and ENOSYS where the
 * kernel refuses.
 */
int process_take_socket(pid_t pid, uint64_t start_time, uint64_t inode) MUST_CHECK;

/*
 * Keeps the memory of argv and of the environment, which follows it, for process_set_title(); the
 * environment is copied elsewhere (those copies live as long as the process). Once, from main,
 * before anything is forked.
 */
void process_init_title(int argc, char **argv);

/*
 * Shows "NAME: ROLE" in ps(1) by writing over argv, and the role (what follows the first ": ") as
 * the thread name. Cut where it does not fit.
 */
void process_set_title(const char *title);

#endif
