/*
 * Asking the system for the addresses of host names: what the resolver, a helper process, does.
 * The C library's lookup may take seconds, may hang, and parses what came over the network.
 */
#ifndef K0SLB_MASTER_LOOKUP_H
#define K0SLB_MASTER_LOOKUP_H

#include <stdint.h>

#include "base/addr.h"
#include "master/names.h"

/* One name's answer, written as one record. */
struct lookup_answer {
    uint32_t name;        /* its id */
    int32_t error;        /* 0, or of getaddrinfo(3) */
    int32_t system_error; /* errno, for EAI_SYSTEM */
    uint32_t reserved;
    struct addr address; /* names_prefer()'s choice; ADDR_NONE when there is none */
};

/*
 * Looks up every name that is asked (`names` is a struct names), several at a time, so that one
 * without an answer keeps no other waiting, and writes each answer as soon as it is there.
 */
void lookup_run(void *names, int answers);

/* Looks up one name. */
void lookup_one(const struct name *name, struct lookup_answer *answer);

/* What an error means, in words that stay the same as long as the trouble does. */
const char *lookup_error(const struct lookup_answer *answer);

#endif
