/*
 * Hands a file to inih line by line, and only such lines as inih cannot misread. inih takes many
 * things silently for something else (a NUL ends the line, an indented line is a second value of
 * the key before, long names are cut, ...), so each of them is refused here with its line number.
 * inih gets an empty line instead of a refused one and never sees a comment.
 */
#ifndef K0SLB_CONF_CONF_READER_H
#define K0SLB_CONF_CONF_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "conf/conf_report.h"
#include "conf/conf_statement.h"

/* The longest line, without its end, that inih's buffer of 200 bytes takes in one piece. */
#define CONF_LINE_MOST 198

struct conf_reader {
    const char *text;
    size_t size;
    size_t at;                    /* the next byte */
    uint32_t line;                /* the one handed out last, from 1 */
    bool has_section;             /* false: keys belong nowhere and are left out */
    bool has_header;              /* a section header was there, good or bad */
    char section[CONF_NAME_SIZE]; /* the present one */
    struct conf_statements *statements;
    struct conf_report *report;
};

/* Begins at the start of a text, skipping a byte order mark. Everything is kept by reference. */
void conf_reader_init(struct conf_reader *reader, const char *text, size_t size,
                      struct conf_statements *statements, struct conf_report *report);

/*
 * The next line in `buffer` of `size` bytes, "\n" and NUL included; NULL at the end. Its type is
 * inih's ini_reader, `reader` a struct conf_reader. Adds section headers and refused lines to the
 * statements, and what is wrong to the report.
 */
char *conf_reader_line(char *buffer, int size, void *reader);

#endif
