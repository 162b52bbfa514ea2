/*
 * Prometheus' text format 0.0.4 while it is written: families, one after the other, and their
 * samples. https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#ifndef K0SLB_REPORT_PROMTEXT_H
#define K0SLB_REPORT_PROMTEXT_H

#include <stdint.h>

#include "base/textbuf.h"

/* The family that samples belong to. */
struct promtext {
    struct textbuf *out;
    const char *family;
};

/* Begins a family of that type: "counter", "gauge" or "histogram". All are constant texts. */
void promtext_begin(struct promtext *prom, const char *family, const char *type, const char *help);

/*
 * One sample. `suffix` is appended to the family's name ("_bucket"), `labels` is a list without
 * braces, made by promtext_label(), and `more` one more label in constant text (`state="UP"`); any
 * may be "".
 */
struct promtext_key {
    const char *suffix;
    const char *labels;
    const char *more;
};
void promtext_sample(struct promtext *prom, const struct promtext_key *key, uint64_t value);

/* The same with a value of `decimals` digits behind the point: 12345 with 3 is 12.345. */
void promtext_sample_scaled(struct promtext *prom, const struct promtext_key *key, uint64_t value,
                            unsigned decimals);

/*
 * Appends a label to a list: the only place where names of the configuration, and whatever else is
 * not the project's own text, come in.
 */
void promtext_label(struct textbuf *labels, const char *name, const char *value);

#endif
