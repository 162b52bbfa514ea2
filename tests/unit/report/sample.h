/* A snapshot made by hand, for all tests of reports. */
#ifndef K0SLB_TESTS_UNIT_REPORT_SAMPLE_H
#define K0SLB_TESTS_UNIT_REPORT_SAMPLE_H

#include "board/snapshot.h"
#include "conf/epoch.h"

#define SAMPLE_PROCESSES 4
#define SAMPLE_SERVICES  3
#define SAMPLE_BACKENDS  3

/* The snapshot and what it points to; tests change what they like. */
struct sample {
    struct snapshot snapshot;
    struct addr stats_listeners[2];
    struct snapshot_process processes[SAMPLE_PROCESSES]; /* two workers, checker, stats */
    struct snapshot_service services[SAMPLE_SERVICES];
    struct addr listeners[SAMPLE_SERVICES][2];
    struct snapshot_backend backends[SAMPLE_SERVICES][SAMPLE_BACKENDS];
    struct snapshot_event events[2];
};

/*
 * kubeAPI with one controller refused, konnectivity disabled, controllerJoinAPI all down and so
 * not in use; a controller signed by another CA.
 */
void sample_fill(struct sample *sample);

/*
 * The limits of its services: max_connections 100 for the first, check_rise 2 and check_fall 3 for
 * all. Free with epoch_unmap().
 */
const struct epoch *sample_epoch(void);

/* A certificate with nothing against it, which ends a day after the start. */
void sample_certify(struct snapshot_backend *backend);

/* Everything is up, and all three services are enabled. */
void sample_fill_good(struct sample *sample);

#endif
