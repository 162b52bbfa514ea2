/* One HTTP request, as curl(1) would make it, or in any words. */
#ifndef K0SLB_TESTS_SYSTEM_HTTP_H
#define K0SLB_TESTS_SYSTEM_HTTP_H

#include <stddef.h>

#include "base/addr.h"

/* GETs the path and keeps what fits of the answer. Returns the status, or -1 without an answer. */
int http_get(const struct addr *address, const char *path, char *answer, size_t size);

/*
 * Sends these bytes and keeps what fits of the answer, up to FIN. Returns its length, 0 without
 * one.
 */
size_t http_talk(const struct addr *address, const char *request, char *answer, size_t size);

/* The status of an answer, or -1. */
int http_status(const char *answer);

#endif
