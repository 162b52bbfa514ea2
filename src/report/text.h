/* The parts of the text report, each a few whole lines. */
#ifndef K0SLB_REPORT_TEXT_H
#define K0SLB_REPORT_TEXT_H

#include <stdbool.h>

#include "base/textbuf.h"
#include "board/snapshot.h"

/* What is being written, and how it looks. */
struct text {
    const struct snapshot *snapshot;
    struct textbuf *out;
    unsigned width; /* of a line, in places */
    bool color;
};

/*
 * The controllers (backends that more than one service has) by the services, with the state of each
 * and for how long it has been so, in as many blocks as the width needs. Nothing where no backend
 * stands in two services.
 */
void text_matrix(struct text *text);

/* A service: its heading, its backends, and what is to be said of them. */
void text_service(struct text *text, const struct snapshot_service *service);

/* How many clients of a service have sessions at all of its backends, and who lacks which. */
void text_tunnels(struct text *text, const struct snapshot_service *service);

#endif
