/* Time: monotonic for every decision, wall clock for people only. */
#ifndef K0SLB_BASE_MONO_H
#define K0SLB_BASE_MONO_H

#include <stdint.h>

/* CLOCK_MONOTONIC in milliseconds. The same in every process of this boot; never 0. */
uint64_t mono_ms(void);

/* The same in microseconds. */
uint64_t mono_us(void);

/* CLOCK_REALTIME in milliseconds since 1970. */
uint64_t wall_ms(void);

/* Room for "2026-11-23T13:19:00Z" and its NUL. */
#define WALL_TEXT_SIZE 24

/* Formats a wall_ms() value as RFC 3339 in UTC, to the second; returns `text`. "-" for a time
 * beyond the year 9999 (a number that somebody else wrote). */
char *wall_format(uint64_t ms, char text[WALL_TEXT_SIZE]);

/* Room for "364d 23h" and its NUL. */
#define AGE_TEXT_SIZE 24

/* Formats a length of time for people by its two largest units ("4d 3h", "12s"). */
char *age_format(uint64_t seconds, char text[AGE_TEXT_SIZE]);

#endif
