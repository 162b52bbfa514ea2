/* Lines of /proc/PID/status (proc(5)). */
#ifndef K0SLB_TESTS_UNIT_ROLE_STATUS_H
#define K0SLB_TESTS_UNIT_ROLE_STATUS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STATUS_LINE_SIZE 256

/*
 * What stands behind "FIELD:", blanks as one space each; "?" when there is no such line. pid 0 is
 * this process. Returns `text`.
 */
char *status_text(char text[STATUS_LINE_SIZE], pid_t pid, const char *field);

/* The same as a hexadecimal number (capabilities, signal sets). */
uint64_t status_bits(pid_t pid, const char *field);

#endif
