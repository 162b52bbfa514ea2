/* What is wrong, or worth knowing, and what to do about it. */
#ifndef K0SLB_CONTROL_DOCTOR_FINDINGS_H
#define K0SLB_CONTROL_DOCTOR_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

#define DOCTOR_CODE_SIZE 32

/* Room for a message about a line of the configuration, with its path. */
#define DOCTOR_TEXT_SIZE 1024

#define DOCTOR_REMEDY_SIZE 256

/* How bad something is, from the best. */
enum doctor_mark { DOCTOR_SKIPPED, DOCTOR_OK, DOCTOR_NOTE, DOCTOR_WARNING, DOCTOR_ERROR };

struct doctor_finding {
    enum doctor_mark mark;
    uint16_t service; /* the epoch's index that it is about, or CONF_NO_INDEX */
    uint16_t backend;
    bool names_place; /* the text says itself what it is about */
    char code[DOCTOR_CODE_SIZE];
    char text[DOCTOR_TEXT_SIZE];
    char remedy[DOCTOR_REMEDY_SIZE];  /* one line, or "" */
    char command[DOCTOR_REMEDY_SIZE]; /* for a shell, or "" */
};

/* Owned by its holder; zero-initialised is empty. */
struct doctor_findings {
    struct doctor_finding *list;
    size_t count;
    size_t room;
    bool out_of_memory; /* something could not be added */
};

/*
 * Adds one about the whole, or NULL when there is no memory. The result stays valid until the next
 * one is added.
 */
struct doctor_finding *doctor_findings_add(struct doctor_findings *findings, enum doctor_mark mark,
                                           const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* How many of that mark there are. */
size_t doctor_findings_count(const struct doctor_findings *findings, enum doctor_mark mark);

/* "error"; constant text. */
const char *doctor_mark_name(enum doctor_mark mark);

void doctor_findings_free(struct doctor_findings *findings);

#endif
