#include "report/select.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_keys.h"
#include "report/words.h"

/* ---- names ---- */

const char *select_suggest(const struct snapshot *snapshot, const char *typed)
{
    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        if (conf_is_typo(typed, service->name))
            return service->name;
    }
    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        for (size_t k = 0; k < service->backend_count; k++) {
            if (conf_is_typo(typed, service->backends[k].name))
                return service->backends[k].name;
        }
    }
    return NULL;
}

static bool is_named_before(const struct snapshot *snapshot, size_t service, const char *name)
{
    for (size_t i = 0; i < service; i++) {
        if (snapshot_backend_named(&snapshot->services[i], name) != NULL)
            return true;
    }
    return false;
}

static void put_name(struct textbuf *out, const char *word, const char *name, const char *end)
{
    textbuf_puts(out, word);
    words_safe(out, name);
    textbuf_puts(out, end);
}

void select_names(const struct snapshot *snapshot, const char *service, const char *controller,
                  const char *end, struct textbuf *out)
{
    for (size_t i = 0; i < snapshot->service_count; i++)
        put_name(out, service, snapshot->services[i].name, end);
    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *of = &snapshot->services[i];

        for (size_t k = 0; k < of->backend_count; k++) {
            if (!is_named_before(snapshot, i, of->backends[k].name))
                put_name(out, controller, of->backends[k].name, end);
        }
    }
}

/* ---- what stays ---- */

static bool is_of_name(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Whether a text has the name as a word: "cp1" is not in "cp11". A dot may be a sentence's. */
static bool mentions(const char *text, const char *name)
{
    size_t size = strlen(name);

    for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
        if ((at == text || !is_of_name(at[-1])) && !is_of_name(at[size]))
            return true;
    }
    return false;
}

static void take_services(struct snapshot *part, const struct snapshot *whole, const char *name,
                          enum report_part kind)
{
    part->service_count = 0;
    for (size_t i = 0; i < whole->service_count; i++) {
        struct snapshot_service service = whole->services[i];
        bool is_meant = kind == REPORT_SERVICE && strcmp(service.name, name) == 0;

        if (kind == REPORT_CONTROLLER && service.enabled) {
            struct snapshot_backend *backend = snapshot_backend_named(&service, name);

            is_meant = backend != NULL;
            service.backends = backend;
            service.backend_count = 1;
        }
        if (is_meant)
            part->services[part->service_count++] = service;
    }
}

static void take_news(struct snapshot *part, const struct snapshot *whole, const char *name)
{
    part->event_count = 0;
    for (size_t i = 0; i < whole->event_count; i++) {
        if (mentions(whole->events[i].text, name))
            part->events[part->event_count++] = whole->events[i];
    }
    part->warning_count = 0;
    for (size_t i = 0; i < whole->warning_count; i++) {
        if (mentions(whole->warnings[i].text, name) || mentions(whole->warnings[i].remedy, name))
            part->warnings[part->warning_count++] = whole->warnings[i];
    }
}

static bool has_backend(const struct snapshot *snapshot, const char *name)
{
    for (size_t i = 0; i < snapshot->service_count; i++) {
        if (snapshot->services[i].enabled &&
            snapshot_backend_named(&snapshot->services[i], name) != NULL)
            return true;
    }
    return false;
}

struct snapshot *select_part(const struct snapshot *snapshot, const char *name,
                             enum report_part *part)
{
    struct snapshot *out;

    *part = snapshot_service_named(snapshot, name) != NULL ? REPORT_SERVICE : REPORT_CONTROLLER;
    if (*part == REPORT_CONTROLLER && !has_backend(snapshot, name)) {
        errno = ENOENT;
        return NULL;
    }
    out = malloc(sizeof(*out));
    if (out == NULL)
        return NULL;
    *out = *snapshot;
    out->services = calloc(snapshot->service_count, sizeof(*out->services));
    out->events = calloc(snapshot->event_count + 1, sizeof(*out->events));
    if (out->services == NULL || out->events == NULL) {
        select_free(out);
        errno = ENOMEM;
        return NULL;
    }
    take_services(out, snapshot, name, *part);
    take_news(out, snapshot, name);
    return out;
}

void select_free(struct snapshot *part)
{
    if (part == NULL)
        return;
    free(part->services);
    free(part->events);
    free(part);
}
