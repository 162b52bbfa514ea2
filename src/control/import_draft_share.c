#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_keys.h"
#include "conf/conf_services.h"
#include "control/import_draft.h"

#define SERVICE "[service "

static bool is_service(const struct import_draft_line *line)
{
    return line->kind == DRAFT_SECTION && strncmp(line->text, SERVICE, strlen(SERVICE)) == 0;
}

/* What is before " = ". */
static void copy_key(const char *text, char key[CONF_NAME_SIZE])
{
    snprintf(key, CONF_NAME_SIZE, "%.*s", (int)strcspn(text, " "), text);
}

/* Whether [defaults] may have it, and the service of that heading would take it from there. */
static bool is_inherited(const char *heading, const char *text)
{
    char name[CONF_NAME_SIZE];
    char key[CONF_NAME_SIZE];

    copy_key(text, key);
    heading += strlen(SERVICE);
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(heading, "]"), heading);
    return conf_key_find(CONF_IN_DEFAULTS, key) != NULL &&
           conf_services_built_in_value(name, key) == NULL;
}

/* How many services have that line and could take it from [defaults]. */
static size_t count_heirs(const struct import_draft *draft, const char *text)
{
    const char *heading = NULL;
    size_t count = 0;

    for (size_t i = 0; i < draft->count; i++) {
        const struct import_draft_line *line = &draft->lines[i];

        if (line->kind == DRAFT_SECTION)
            heading = is_service(line) ? line->text : NULL;
        if (line->kind == DRAFT_KEY && heading != NULL && strcmp(line->text, text) == 0)
            count += is_inherited(heading, text);
    }
    return count;
}

static bool has_line(const struct import_draft *draft, const char *text)
{
    for (size_t i = 0; i < draft->count; i++) {
        if (strcmp(draft->lines[i].text, text) == 0)
            return true;
    }
    return false;
}

static void find_shared(const struct import_draft *draft, size_t services,
                        struct import_draft *shared)
{
    for (size_t i = 0; i < draft->count; i++) {
        const struct import_draft_line *line = &draft->lines[i];

        if (line->kind == DRAFT_KEY && !has_line(shared, line->text) &&
            count_heirs(draft, line->text) >= services)
            import_draft_add(shared, line);
    }
}

/* Whether the section that begins there has a line that will not be in [defaults]. */
static bool has_own(const struct import_draft *draft, size_t at, const struct import_draft *shared)
{
    for (size_t i = at + 1; i < draft->count && draft->lines[i].kind != DRAFT_SECTION; i++) {
        if (draft->lines[i].text[0] != '\0' && !has_line(shared, draft->lines[i].text))
            return true;
    }
    return false;
}

static void add_defaults(struct import_draft *to, const struct import_draft *shared)
{
    while (to->count > 0 && to->lines[to->count - 1].text[0] == '\0')
        import_draft_cut(to, to->count - 1);
    import_draft_section(to, "defaults");
    for (size_t i = 0; i < shared->count; i++)
        import_draft_add(to, &shared->lines[i]);
    import_draft_blank(to);
}

/* The draft without what is shared, which stands before the first service. */
static void rebuild(const struct import_draft *draft, const struct import_draft *shared,
                    struct import_draft *to)
{
    bool is_done = false;
    bool in_service = false;
    bool skips = false;

    for (size_t i = 0; i < draft->count; i++) {
        const struct import_draft_line *line = &draft->lines[i];

        if (line->kind == DRAFT_SECTION) {
            in_service = is_service(line);
            skips = in_service && !has_own(draft, i, shared);
        }
        if (in_service && !is_done)
            add_defaults(to, shared);
        is_done |= in_service;
        if (!skips && !(in_service && line->kind == DRAFT_KEY && has_line(shared, line->text)))
            import_draft_add(to, line);
    }
    while (to->count > 0 && to->lines[to->count - 1].text[0] == '\0')
        import_draft_cut(to, to->count - 1);
}

void import_draft_share(struct import_draft *draft, size_t services)
{
    struct import_draft shared = {.name = draft->name};
    struct import_draft rebuilt = {.name = draft->name};

    if (services > 1)
        find_shared(draft, services, &shared);
    if (shared.count > 0) {
        rebuild(draft, &shared, &rebuilt);
        rebuilt.out_of_memory |= draft->out_of_memory || shared.out_of_memory;
        import_draft_free(draft);
        *draft = rebuilt;
    }
    import_draft_free(&shared);
}
