/*
 * Whether this build has AddressSanitizer: its allocator makes mappings as it likes, and its leak
 * checker does not run under ptrace(2).
 */
#ifndef K0SLB_TESTS_SYSTEM_SANITIZED_H
#define K0SLB_TESTS_SYSTEM_SANITIZED_H

#include "config.h"

#ifdef WITH_SANITIZERS
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif

#endif
