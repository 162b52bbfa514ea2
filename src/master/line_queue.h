/* Lines that wait for their sink: first in, first out, within a bound. Pure. */
#ifndef K0SLB_MASTER_LINE_QUEUE_H
#define K0SLB_MASTER_LINE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_QUEUE_SIZE 32768

/* Each line stands behind its length. Zero-initialised is empty. */
struct line_queue {
    size_t first; /* where the first one begins */
    size_t end;   /* behind the last one */
    char data[LINE_QUEUE_SIZE];
};

/* Puts a line at the end; false when there is no room for it. */
bool line_queue_add(struct line_queue *queue, const char *line, size_t size);

/* The first line and its length, until the next change; NULL when there is none. */
const char *line_queue_first(const struct line_queue *queue, size_t *size);

/* Takes the first one away; there must be one. */
void line_queue_drop_first(struct line_queue *queue);

bool line_queue_is_empty(const struct line_queue *queue);

/* Takes all away; returns how many there were. */
unsigned line_queue_clear(struct line_queue *queue);

#endif
