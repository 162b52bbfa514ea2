/*
 * What a configuration file is told about itself: every mistake of one run, each as
 * "FILE:LINE: [section] key: what is wrong", and warnings, which stop nothing.
 */
#ifndef K0SLB_CONF_CONF_REPORT_H
#define K0SLB_CONF_CONF_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/defs.h"

/* Beyond so many messages one more says that there are others. */
#define CONF_REPORT_MOST 1000

enum conf_severity { CONF_ERROR, CONF_WARNING, CONF_NOTICE };

struct conf_message {
    enum conf_severity severity;
    uint32_t line; /* 0 = about the file as a whole */
    char *text;    /* the whole message, without newline */
};

/* Owned by its holder; zero-initialised is empty. */
struct conf_report {
    const char *path;  /* as the user wrote it; by reference */
    bool spares_files; /* set by who looks at certificates and keys itself: what they are, and
                          whether this user can read them, is nothing to report */
    struct conf_message *messages;
    size_t count;
    size_t errors;
};

/*
 * Adds one message. `section` and `key` may be NULL: "FILE:LINE: [section] key: text",
 * "FILE:LINE: [section]: text", "FILE:LINE: text", and with line 0 "FILE: ...". Control bytes
 * become '?'. A message equal to one already there is not added again. An error is counted even
 * when there is no memory for its text.
 */
void conf_report_add(struct conf_report *report, enum conf_severity severity, uint32_t line,
                     const char *section, const char *key, const char *format, ...)
    PRINTF_LIKE(6, 7);

/* Orders the messages by line; those of one line keep their order. */
void conf_report_sort(struct conf_report *report);

void conf_report_free(struct conf_report *report);

/*
 * Prints every message, one a line, as it stands; a warning's or notice's text says so itself:
 * "warning: FILE:LINE: …".
 */
void conf_report_print(const struct conf_report *report, FILE *out);

#endif
