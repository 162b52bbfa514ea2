/* Metrics as rows of a table, and the things that each of them is told of. */
#ifndef K0SLB_REPORT_METRIC_H
#define K0SLB_REPORT_METRIC_H

#include <stddef.h>

#include "board/snapshot.h"
#include "conf/epoch.h"

#include "report/promtext.h"

/* Room for a proxy and a server as labels, every character of their names escaped. */
#define METRIC_LABELS_SIZE 256

/* What the samples of a table are about: the balancer, a proxy or a server. */
struct metric_subject {
    const struct snapshot *snapshot;
    const struct snapshot_service *service; /* NULL for the balancer */
    const struct snapshot_backend *backend; /* NULL for all but servers */
    const struct conf_service *conf;        /* NULL = not known */
    const void *record;                     /* what the offsets of the table are counted from */
    char labels[METRIC_LABELS_SIZE];
};

/* Writes all samples of a family for one subject. */
typedef void metric_fn(const struct metric_subject *subject, struct promtext *prom);

/* A family: a field of the record (its size says how it is read), or what a function knows. */
struct metric {
    const char *name;
    const char *type;
    const char *help;
    size_t offset;
    size_t size; /* 1, 4 or 8 bytes, unsigned; 0 = `write` knows */
    metric_fn *write;
};

#define METRIC_FIELD(structure, member)                                                            \
    .offset = offsetof(struct structure, member), .size = sizeof(((struct structure *)0)->member)

/* A sample without a label of its own. */
void metric_put(const struct metric_subject *subject, struct promtext *prom, uint64_t value);

/* One with a label more, in constant text. */
void metric_put_more(const struct metric_subject *subject, struct promtext *prom, const char *more,
                     uint64_t value);

/* One of a family that has a sample for each state; the state is constant text. */
void metric_put_state(const struct metric_subject *subject, struct promtext *prom,
                      const char *state, uint64_t value);

/* Writes the families of a table, each with the samples of all subjects. */
void metric_write(const struct metric *table, size_t metrics, const struct metric_subject *subjects,
                  size_t count, struct textbuf *out);

/* Sets the subject's labels to these two; an empty server is none. */
void metric_set_labels(struct metric_subject *subject, const char *proxy, const char *server);

/* The tables of frontends and backends, and that of their servers, which they are followed by. */
void metric_write_proxies(const struct snapshot *snapshot, const struct epoch *epoch,
                          struct textbuf *out);
void metric_write_servers(const struct metric_subject *servers, size_t count, struct textbuf *out);

#endif
