#include "report/metric.h"

#include <stdio.h>
#include <string.h>

/* Room for `state="…"`. */
#define STATE_SIZE 40

static uint64_t field_of(const struct metric *metric, const void *record)
{
    const char *at = (const char *)record + metric->offset;
    uint32_t half;
    uint64_t whole;

    switch (metric->size) {
    case sizeof(uint8_t):
        return *(const unsigned char *)at;
    case sizeof(half):
        memcpy(&half, at, sizeof(half));
        return half;
    default:
        memcpy(&whole, at, sizeof(whole));
        return whole;
    }
}

void metric_put_more(const struct metric_subject *subject, struct promtext *prom, const char *more,
                     uint64_t value)
{
    struct promtext_key key = {.suffix = "", .labels = subject->labels, .more = more};

    promtext_sample(prom, &key, value);
}

void metric_put(const struct metric_subject *subject, struct promtext *prom, uint64_t value)
{
    metric_put_more(subject, prom, "", value);
}

void metric_put_state(const struct metric_subject *subject, struct promtext *prom,
                      const char *state, uint64_t value)
{
    char more[STATE_SIZE];

    snprintf(more, sizeof(more), "state=\"%s\"", state);
    metric_put_more(subject, prom, more, value);
}

void metric_write(const struct metric *table, size_t metrics, const struct metric_subject *subjects,
                  size_t count, struct textbuf *out)
{
    struct promtext prom = {.out = out};

    for (const struct metric *metric = table; metric < table + metrics; metric++) {
        promtext_begin(&prom, metric->name, metric->type, metric->help);
        for (size_t i = 0; i < count; i++) {
            const struct metric_subject *subject = &subjects[i];

            if (metric->size == 0)
                metric->write(subject, &prom);
            else
                metric_put(subject, &prom, field_of(metric, subject->record));
        }
    }
}

void metric_set_labels(struct metric_subject *subject, const char *proxy, const char *server)
{
    struct textbuf labels;

    textbuf_init(&labels, sizeof(subject->labels) - 1);
    promtext_label(&labels, "proxy", proxy);
    if (server[0] != '\0')
        promtext_label(&labels, "server", server);
    snprintf(subject->labels, sizeof(subject->labels), "%s",
             labels.data != NULL ? labels.data : "");
    textbuf_fini(&labels);
}
