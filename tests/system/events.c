#include "system/events.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/mono.h"
#include "unit/unit.h"

#include "system/wait.h"

#define PAIRS_MOST 24

/* The pairs of one line, each as it is written. */
struct event {
    unsigned count;
    struct {
        const char *at;
        size_t size;
        size_t key; /* bytes of it, before the '=' */
    } pairs[PAIRS_MOST];
};

/* ---- one line ---- */

static bool is_bare(char byte)
{
    return (unsigned char)byte > ' ' && byte != 0x7f && strchr("\"\\=", byte) == NULL;
}

/* The end of a value between quotation marks, NULL when it has none or holds what it must not. */
static const char *quoted_end(const char *at)
{
    for (at++; *at != '"'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return NULL;
        if (*at != '\\')
            continue;
        at++;
        if (*at == 'u' && strspn(at + 1, "0123456789abcdef") >= 4)
            at += 4;
        else if (*at == '\0' || strchr("\"\\nrt", *at) == NULL)
            return NULL;
    }
    return at + 1;
}

static const char *value_end(const char *at)
{
    const char *end = at;

    if (*at == '"')
        return quoted_end(at);
    while (is_bare(*end))
        end++;
    return end > at ? end : NULL;
}

/* Takes a line apart: pairs with one blank in between, and nothing else. */
static bool parse(const char *at, struct event *event)
{
    event->count = 0;
    while (event->count < PAIRS_MOST) {
        size_t key = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
        const char *end = key > 0 && at[key] == '=' ? value_end(at + key + 1) : NULL;

        if (end == NULL)
            return false;
        event->pairs[event->count].at = at;
        event->pairs[event->count].key = key;
        event->pairs[event->count++].size = (size_t)(end - at);
        if (*end == '\0')
            return true;
        if (*end != ' ')
            return false;
        at = end + 1;
    }
    return false;
}

/* Behind "TIME LEVEL NAME: ", or NULL. */
static const char *behind_prefix(const char *line)
{
    static const char *const levels[] = {"error ", "warning ", "notice ", "info ", "debug "};
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ ";
    static const char *const names[] = {"master: ", "checker: ", "stats: "};
    int length = 0;

    for (size_t i = 0; form[i] != '\0'; i++, line++) {
        if (form[i] == 'd' ? !isdigit((unsigned char)*line) : *line != form[i])
            return NULL;
    }
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        if (strncmp(line, levels[i], strlen(levels[i])) != 0)
            continue;
        line += strlen(levels[i]);
        break;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strncmp(line, names[i], strlen(names[i])) == 0)
            return line + strlen(names[i]);
    }
    (void)sscanf(line, "worker %*u:%n", &length);
    return length > 0 && line[length] == ' ' ? line + length + 1 : NULL;
}

/* ---- what the manual promises ---- */

static void read_manual(char **text)
{
    const char *directory = getenv("K0SLB_SRCDIR");
    char path[512];
    size_t room = 0;
    FILE *file;

    snprintf(path, sizeof(path), "%s/man/k0slbd.8", directory != NULL ? directory : ".");
    file = fopen(path, "re");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_TRUE(getdelim(text, &room, '\0', file) > 0);
    fclose(file);
}

/* "key key key " of an event, or false: it is none. */
static bool find_promise(const char *manual, const char *event, size_t size, char keys[512])
{
    char heading[80];
    const char *at;

    snprintf(heading, sizeof(heading), "\n.It Sy %.*s", (int)size, event);
    at = strstr(manual, "\n.Sh LOG\n");
    for (at = strstr(at, heading); at != NULL; at = strstr(at, heading)) {
        at += strlen(heading);
        if (*at == '\n' || strncmp(at, " Ar ", 4) == 0)
            break;
    }
    if (at == NULL)
        return false;
    at += *at == ' ' ? 4 : 0;
    snprintf(keys, 512, "%.*s%s", (int)strcspn(at, "\n"), at, *at == '\n' ? "" : " ");
    if (strncmp(event, "connection", size) != 0)
        strcat(keys, "text ");
    return true;
}

static bool keeps_promise(const char *manual, const struct event *event)
{
    char promised[512];
    char got[512] = "";

    if (!find_promise(manual, event->pairs[0].at + 6, event->pairs[0].size - 6, promised))
        return false;
    for (unsigned i = 1; i < event->count; i++) {
        strncat(got, event->pairs[i].at, event->pairs[i].key);
        strcat(got, " ");
    }
    return strcmp(promised, got) == 0;
}

/* ---- all lines ---- */

/* What is for people alone: the configuration file, and what else is no event. */
static bool is_for_people(const struct instance *instance, const char *line)
{
    static const char *const beginnings[] = {"k0slbd: ", "cannot ", "told to finish", "no IPv6 "};
    const char *after = strstr(line, instance->config);

    if (after == line || (after == line + 9 && strncmp(line, "warning: ", 9) == 0))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(beginnings); i++) {
        if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    }
    return false;
}

/* The next line of a log, which it ends; NULL behind the last one. */
static char *next_line(char **log)
{
    char *line = *log;
    size_t length = strcspn(line, "\n");

    if (line[length] == '\0')
        return NULL;
    line[length] = '\0';
    *log = line + length + 1;
    return line;
}

static bool is_event(const char *line, struct event *event)
{
    return line != NULL && strncmp(line, "event=", 6) == 0 && parse(line, event);
}

unsigned events_check(const struct instance *instance)
{
    char *manual = NULL;
    char *log = instance_log(instance);
    char *rest = log;
    char *line;
    unsigned count = 0;

    read_manual(&manual);
    while ((line = next_line(&rest)) != NULL) {
        const char *behind = behind_prefix(line);
        struct event event;

        if (is_event(behind, &event) && keeps_promise(manual, &event)) {
            count++;
        } else if ((behind != NULL && strncmp(behind, "event=", 6) == 0) ||
                   !is_for_people(instance, behind != NULL ? behind : line)) {
            CU_FAIL("a line of the log is not as k0slbd(8) has it");
            printf("%s\n", line);
        }
    }
    free(log);
    free(manual);
    return count;
}

static bool has_pair(const struct event *event, const char *pair, size_t size)
{
    for (unsigned i = 0; i < event->count; i++) {
        if (event->pairs[i].size == size && memcmp(event->pairs[i].at, pair, size) == 0)
            return true;
    }
    return false;
}

static bool has_all(const struct event *event, const char *pairs)
{
    while (*pairs != '\0') {
        size_t size = strcspn(pairs, " ");

        if (!has_pair(event, pairs, size))
            return false;
        pairs += size + (pairs[size] == ' ');
    }
    return true;
}

static void copy_value(const struct event *event, const char *key, char value[256])
{
    size_t size = strlen(key);

    value[0] = '\0';
    for (unsigned i = 0; i < event->count; i++) {
        if (event->pairs[i].key == size && memcmp(event->pairs[i].at, key, size) == 0)
            snprintf(value, 256, "%.*s", (int)(event->pairs[i].size - size - 1),
                     event->pairs[i].at + size + 1);
    }
}

/* Whether there is one more; of it, the value of a key. */
static bool next_event(char **log, const char *pairs, const char *key, char value[256])
{
    struct event event;
    char *line;

    while ((line = next_line(log)) != NULL) {
        if (!is_event(behind_prefix(line), &event) || !has_all(&event, pairs))
            continue;
        if (key != NULL)
            copy_value(&event, key, value);
        return true;
    }
    return false;
}

unsigned events_count(const struct instance *instance, const char *pairs, const char *key,
                      char value[256])
{
    char *log = instance_log(instance);
    char *rest = log;
    unsigned count = 0;

    if (key != NULL)
        value[0] = '\0';
    while (next_event(&rest, pairs, key, value))
        count++;
    free(log);
    return count;
}

unsigned long events_sum(const struct instance *instance, const char *pairs, const char *key)
{
    char *log = instance_log(instance);
    char *rest = log;
    unsigned long sum = 0;
    char value[256];

    while (next_event(&rest, pairs, key, value))
        sum += strtoul(value, NULL, 10);
    free(log);
    return sum;
}

bool events_wait(const struct instance *instance, const char *pairs, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;

    while (events_count(instance, pairs, NULL, NULL) == 0) {
        if (mono_ms() > deadline_ms) {
            printf("no %s\n", pairs);
            return false;
        }
        wait_a_moment();
    }
    return true;
}
