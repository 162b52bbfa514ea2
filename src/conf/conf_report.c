#include "conf/conf_report.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a value of the file brings along must not steer the terminal that shows it. */
static void mask_controls(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
    }
}

/* "FILE:LINE: [section] key: reason"; NULL when memory ran out. The caller frees it. */
static char *compose(const char *path, uint32_t line, const char *section, const char *key,
                     const char *reason)
{
    const char *after_section = key != NULL ? "] " : "]: ";
    char place[16] = "";
    char *text;

    if (line != 0)
        snprintf(place, sizeof(place), ":%lu", (unsigned long)line);
    if (asprintf(&text, "%s%s: %s%s%s%s%s%s", path, place, section != NULL ? "[" : "",
                 section != NULL ? section : "", section != NULL ? after_section : "",
                 key != NULL ? key : "", key != NULL ? ": " : "", reason) == -1)
        return NULL;
    mask_controls(text);
    return text;
}

static bool is_known(const struct conf_report *report, uint32_t line, const char *text)
{
    for (size_t i = 0; i < report->count; i++) {
        if (report->messages[i].line == line && strcmp(report->messages[i].text, text) == 0)
            return true;
    }
    return false;
}

/* Takes `text` over; when memory runs out the message is lost. */
static void push(struct conf_report *report, enum conf_severity severity, uint32_t line, char *text)
{
    struct conf_message *grown =
        reallocarray(report->messages, report->count + 1, sizeof(*report->messages));

    if (grown == NULL) {
        free(text);
        return;
    }
    report->messages = grown;
    grown[report->count++] = (struct conf_message){severity, line, text};
}

void conf_report_add(struct conf_report *report, enum conf_severity severity, uint32_t line,
                     const char *section, const char *key, const char *format, ...)
{
    const char *path = report->path != NULL ? report->path : "-";
    char *reason = NULL;
    char *text;
    va_list args;

    va_start(args, format);
    if (vasprintf(&reason, format, args) == -1)
        reason = NULL;
    va_end(args);
    if (report->count >= CONF_REPORT_MOST) {
        line = 0;
        section = key = NULL;
        free(reason);
        reason = strdup("too many mistakes to show them all");
    }
    text = reason != NULL ? compose(path, line, section, key, reason) : NULL;
    free(reason);
    if (text != NULL && is_known(report, line, text)) {
        free(text);
        return;
    }
    /* An error whose text has no room is still an error. */
    report->errors += severity == CONF_ERROR;
    if (text != NULL)
        push(report, severity, line, text);
}

void conf_report_sort(struct conf_report *report)
{
    for (size_t i = 1; i < report->count; i++) {
        struct conf_message message = report->messages[i];
        size_t place = i;

        for (; place > 0 && report->messages[place - 1].line > message.line; place--)
            report->messages[place] = report->messages[place - 1];
        report->messages[place] = message;
    }
}

void conf_report_print(const struct conf_report *report, FILE *out)
{
    static const char *const kinds[] = {
        [CONF_ERROR] = "", [CONF_WARNING] = "warning: ", [CONF_NOTICE] = "notice: "};

    for (size_t i = 0; i < report->count; i++)
        fprintf(out, "%s%s\n", kinds[report->messages[i].severity], report->messages[i].text);
}

void conf_report_free(struct conf_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        free(report->messages[i].text);
    free(report->messages);
    report->messages = NULL;
    report->count = 0;
    report->errors = 0;
}
