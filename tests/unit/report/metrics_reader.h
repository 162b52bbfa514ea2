/* A strict reader of Prometheus' text format 0.0.4 for tests. */
#ifndef K0SLB_TESTS_UNIT_REPORT_METRICS_READER_H
#define K0SLB_TESTS_UNIT_REPORT_METRICS_READER_H

#include <stddef.h>

/*
 * What is wrong with a text, NULL when nothing is. Each family has HELP and TYPE once, in front of
 * its samples; names and labels are well-formed UTF-8, no series stands twice, values are decimal
 * numbers; the name of a counter ends with _total and no other one does; buckets rise, and the last
 * one is +Inf and the count.
 */
const char *metrics_complaint(const char *text);

/* The value of a series as it is written, cut to `size`; "(none)" when it is not there. */
char *metrics_at(const char *text, const char *series, char *out, size_t size);

#endif
