/*
 * A scene: backends b1, b2 … and one k0slbd in front of them, in the mode of the running suite.
 * Made for one test, it ends with the proof that nothing is left, and prints every log when the
 * test has failed.
 */
#ifndef K0SLB_TESTS_SYSTEM_SCENE_H
#define K0SLB_TESTS_SYSTEM_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"

#include "system/client.h"
#include "system/instance.h"
#include "system/peer.h"
#include "system/procfs.h"
#include "system/script.h"
#include "system/wait.h"

#define SCENE_BACKENDS 5
#define SCENE_SPARE    3

#define KIB(count) ((count)*1024ull)
#define MIB(count) ((count)*1024ull * 1024)

/* How long a state may take that has to come soon. */
#define SOON_MS 3000

/* What k0slbd is told; a suite is named after it. */
struct scene_mode {
    const char *suite; /* "copy/4" */
    const char *relay;
    unsigned workers;
};

/* The mode of the suite that runs. */
const struct scene_mode *scene_mode(void);

/* Zero and NULL stand for the usual. */
struct scene_plan {
    unsigned backends;
    peer_script *script; /* of all of them; echo */
    uint64_t amount;
    const char *keys;                    /* lines for the service */
    const char *options[SCENE_BACKENDS]; /* of each server line: "weight=3" */
    unsigned closed;                     /* bit k: the port of backend k is closed at first */
    bool stats;                          /* a stats process, at scene.stats */
    unsigned workers;                    /* the mode's */
    bool pid_file;                       /* instance.pid_file is named */
    unsigned descriptors;                /* the most that each process may open */
};

struct scene {
    struct peer peers[SCENE_BACKENDS];
    unsigned peer_count;
    struct addr listen;
    struct addr stats;
    struct addr spare[SCENE_SPARE]; /* free, for listeners that come and go */
    struct instance instance;
    unsigned failures; /* of the program before this scene */
};

/* Opens so many backends of that script; an empty scene is filled. 0, or -1 and it has failed. */
int scene_open_peers(struct scene *scene, unsigned backends, peer_script *script) MUST_CHECK;

/* Opens the backends, starts k0slbd and waits until it serves. 0, or -1 and the test has failed. */
int scene_open(struct scene *scene, const struct scene_plan *plan) MUST_CHECK;

/* All of that but the start. */
int scene_prepare(struct scene *scene, const struct scene_plan *plan) MUST_CHECK;

/* The same with a configuration text instead; peers are the caller's to open. */
int scene_open_text(struct scene *scene, const char *text) MUST_CHECK;

/* For scene_open_text(): an empty scene with its names and addresses. 0, or -1. */
int scene_init(struct scene *scene) MUST_CHECK;

/* Stops k0slbd and the backends; fails the test when k0slbd does not end well or leaves anything.
 */
void scene_close(struct scene *scene);

/* The same for a k0slbd that has ended already. */
void scene_close_ended(struct scene *scene);

/* So many sessions have come to the end of their backend's script, soon. */
bool scene_wait_whole(const struct scene *scene, uint64_t sessions);

/* Whether a connection to that address is refused. */
bool scene_is_refused(const struct addr *address);

#endif
