/*
 * One connection used in both directions at once: sends a tagged stream and checks the one that
 * comes, in whatever order the other side allows. Clients and backends both speak through it.
 */
#ifndef K0SLB_TESTS_SYSTEM_EXCHANGE_H
#define K0SLB_TESTS_SYSTEM_EXCHANGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"

#include "system/tagged.h"

#define EXCHANGE_UNTIL_EOF UINT64_MAX

struct exchange {
    struct tagged out;
    struct tagged in;
    uint64_t to_send;       /* bytes, in all */
    uint64_t to_get;        /* bytes, in all; EXCHANGE_UNTIL_EOF = until the other side's FIN */
    bool answers;           /* out.id follows from in.id: nothing is sent before that is known */
    bool fin;               /* shut the sending side down after the last byte */
    bool eof;               /* result: the other side has sent its FIN */
    _Atomic uint64_t *sent; /* counted here too, unless NULL */
    _Atomic uint64_t *received; /* counted here too, unless NULL */
};

/*
 * Goes on until everything is sent and everything has come. The descriptor must be non-blocking.
 * Returns 0, or -1 with errno: ETIMEDOUT after deadline_ms (mono_ms()), ECANCELED when stop_fd
 * (-1 = none) became readable, EPIPE when the FIN came too early, or that of recv(2) or send(2).
 */
int exchange_run(struct exchange *exchange, int fd, int stop_fd, uint64_t deadline_ms) MUST_CHECK;

#endif
