/* What the rules of this room share: a bounded list of findings, and whom one is about. */
#ifndef K0SLB_ADVICE_ADVICE_LIST_H
#define K0SLB_ADVICE_ADVICE_LIST_H

#include "advice/advice.h"
#include "base/defs.h"

/* In the order of the manual's table: what is seen, then what the configuration risks. */
enum advice_code {
    ADVICE_CERTIFICATE_ENDED,
    ADVICE_CA_DIFFERS,
    ADVICE_CA_UNKNOWN,
    ADVICE_WRONG_SERVICE,
    ADVICE_NAME_MISSING,
    ADVICE_CERTIFICATE_REFUSED,
    ADVICE_CLOCK_OFF,
    ADVICE_KONNECTIVITY_CERTIFICATE,
    ADVICE_CERTIFICATE_ENDS,
    ADVICE_FLAPPING,
    ADVICE_READY_UNVERIFIED,
    ADVICE_NOT_IN_USE,

    ADVICE_JOIN_OPEN,
    ADVICE_CONTROLLERS_EVEN,
    ADVICE_CREDENTIALS_MISSING,
    ADVICE_CA_MISSING,
    ADVICE_CA_IGNORED,
    ADVICE_EXTERNAL_ADDRESS_MISSING,
    ADVICE_NOT_CHECKED,
    ADVICE_ALL_DOWN_REFUSED,
    ADVICE_IDLE_TIMEOUT_SHORT,
    ADVICE_KONNECTIVITY_BALANCE,
};

/* Findings while they are written: what has no room is dropped, and that is the least important. */
struct advice_list {
    const struct epoch *epoch;
    struct advice *out; /* by reference, `most` of them */
    size_t count;
    size_t most;
    struct advice spare; /* what has no room goes here */
};

/* Backends, by their indices and in that order. */
struct advice_group {
    unsigned count;
    uint16_t members[CONF_MAX_BACKENDS];
};

void advice_list_init(struct advice_list *list, const struct epoch *epoch, struct advice *out,
                      size_t most);

/* Begins the next finding; never NULL. Valid until the next one is begun. */
struct advice *advice_list_add(struct advice_list *list, enum advice_code code);

/* Appends to its text, or to its remedy; what has no room is left out. */
void advice_say(struct advice *advice, const char *format, ...) PRINTF_LIKE(2, 3);
void advice_remedy(struct advice *advice, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * Ends its text with the names of a group that is not empty, "kubeAPI/cp1, all of konnectivity",
 * as many as have room ("and 3 more").
 */
void advice_say_group(const struct advice_list *list, struct advice *advice,
                      const struct advice_group *group);

/* Ends its text with the name of a service that it is about. */
void advice_say_service(const struct advice_list *list, struct advice *advice, unsigned service);

void advice_group_add(struct advice_group *group, unsigned backend);

/* The index of a service that is enabled and has this name, or CONF_NO_INDEX. */
unsigned advice_find_service(const struct epoch *epoch, const char *name);

/* Whether the backend is a controller's: its service is one of the three of k0s, and enabled. */
bool advice_is_controller(const struct epoch *epoch, unsigned backend);

#endif
