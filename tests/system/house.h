/*
 * Scripted controllers c1, c2, c3 and one k0slbd in front of their ports, with the three services
 * of k0s: made for one test, it ends with the proof that nothing is left.
 */
#ifndef K0SLB_TESTS_SYSTEM_HOUSE_H
#define K0SLB_TESTS_SYSTEM_HOUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/textbuf.h"
#include "board/snapshot.h"

#include "system/controller.h"
#include "system/scene.h"

#define HOUSE_CONTROLLERS 3

/* The services, which are a controller's ports too. */
enum house_service { HOUSE_API, HOUSE_TUNNEL, HOUSE_JOIN };

/* Checks that are quick to come and patient with who is slow. */
#define HOUSE_QUICK                                                                                \
    "check_interval = 200ms\ncheck_fast_interval = 100ms\ncheck_down_interval = 200ms\n"

struct house;

/* Writes further services. */
typedef void house_more_fn(const struct house *house, struct textbuf *text);

struct house_plan {
    unsigned services;    /* kubeAPI alone, or with those that follow it; 0 = 1 */
    bool identity;        /* k0slb has a client certificate */
    bool no_authority;    /* and no CA to verify with */
    const char *global;   /* lines for [k0slb] */
    const char *defaults; /* lines for [defaults] */
    const char *api;      /* lines for [service kubeAPI] */
    bool first_is_far;    /* the first controller is at the far end of the wire (far.h) */
    bool first_is_many;   /* it listens on every address */
    house_more_fn *more;
};

struct house {
    struct scene scene;
    struct controller_papers papers;
    struct controller controllers[HOUSE_CONTROLLERS];
    unsigned services;
    bool first_is_far;
};

/*
 * Starts nobody yet: the controllers of the plan have their ports, and k0slbd its configuration.
 * Their orders can be given. 0, or -1 and the test has failed.
 */
int house_prepare(struct house *house, const struct house_plan *plan) MUST_CHECK;

/* Starts the controllers; and k0slbd, until it serves. 0, or -1 and the test has failed. */
int house_start_controllers(struct house *house) MUST_CHECK;
int house_start(struct house *house) MUST_CHECK;

/* All of that. */
int house_open(struct house *house, const struct house_plan *plan) MUST_CHECK;

void house_close(struct house *house);

/* The port of a controller, 0 to 2: its orders and what came to it. */
struct controller_port *house_port(struct house *house, unsigned controller,
                                   enum house_service service);

/* Where clients of a service go. */
const struct addr *house_address(const struct house *house, enum house_service service);

/* What the board has of it. All zero when there is no such thing. */
struct snapshot_backend house_look(struct house *house, unsigned controller,
                                   enum house_service service);

/* It is shown like that, in time. Says what it is instead. */
bool house_wait(struct house *house, unsigned controller, enum house_service service,
                enum snapshot_status status, unsigned within_ms);

/* All controllers of all services are up. */
bool house_wait_all_up(struct house *house, unsigned within_ms);

/* There is a warning whose text has that in it, in time. */
bool house_wait_warning(struct house *house, const char *text, unsigned within_ms);

/* The same order for all controllers of a service. */
void house_order_all(struct house *house, enum house_service service, enum controller_manner manner,
                     int status);

/* So many further questions have come to each controller's port. */
bool house_wait_probes(struct house *house, enum house_service service, unsigned count,
                       unsigned within_ms);

#endif
