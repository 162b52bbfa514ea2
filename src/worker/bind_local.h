/*
 * source_address: from which of this machine's addresses a backend is connected to. The port is
 * left to connect(2), which may then use the same one for several backends
 * (IP_BIND_ADDRESS_NO_PORT, ip(7)): there are as many as ports times backends.
 */
#ifndef K0SLB_WORKER_BIND_LOCAL_H
#define K0SLB_WORKER_BIND_LOCAL_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/defs.h"
#include "base/rng.h"
#include "conf/epoch.h"

/* The addresses of one family, in turn from one that chance has chosen. */
struct local_choice {
    const struct epoch *epoch;
    uint16_t index[CONF_MAX_LOCALS]; /* in the epoch */
    uint16_t count;                  /* 0: the kernel chooses */
    uint16_t tried;
};

/* Those of the service that have the family of the backend's address. */
void local_choice_init(struct local_choice *choice, const struct epoch *epoch,
                       const struct conf_service *service, const struct addr *backend,
                       struct rng *rng);

/*
 * Binds a new socket to the next of them; nothing happens where the kernel chooses. 0, or -1 with
 * errno of bind(2).
 */
int local_choice_bind(struct local_choice *choice, int fd) MUST_CHECK;

/*
 * Whether bind(2) or connect(2) failed with an error that another one of them may not meet: the
 * address is not this machine's at present, or its ports are all in use. Try it with a new socket.
 */
bool local_choice_has_next(const struct local_choice *choice, int error);

#endif
