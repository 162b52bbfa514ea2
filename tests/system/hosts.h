/*
 * A world of its own for names: a mount namespace in which /etc/hosts says what a test writes, and
 * a network namespace with nothing but the loopback, where port 53 is the test's. Only for root.
 */
#ifndef K0SLB_TESTS_SYSTEM_HOSTS_H
#define K0SLB_TESTS_SYSTEM_HOSTS_H

#include "base/defs.h"

/*
 * Moves this program, and whatever it starts from now on, into it: before any thread. Names are
 * looked up in /etc/hosts, then by DNS at 127.0.0.1, where nobody listens. 0, or -1 with errno.
 */
int hosts_enter(void) MUST_CHECK;

/* What /etc/hosts says from now on; at once, and whole. The length is limited to 4 KiB. */
void hosts_write(const char *text);

/* A name server that never answers; close(2) ends it. -1 with errno. */
int hosts_open_silence(void) MUST_CHECK;

#endif
