#include "master/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which names ---- */

static bool has_host(const struct epoch *epoch, const char *host)
{
    for (unsigned i = 0; i < epoch->backend_count; i++) {
        if (strcmp(epoch_backend(epoch, i)->host, host) == 0)
            return true;
    }
    return false;
}

int names_reserve(struct names *names, const struct epoch *epoch)
{
    size_t wanted = names->count;
    struct name *list;

    for (unsigned i = 0; i < epoch->backend_count; i++)
        wanted += epoch_backend(epoch, i)->host[0] != '\0';
    if (wanted <= names->room)
        return 0;
    list = realloc(names->list, wanted * sizeof(*list));
    if (list == NULL)
        return -1;
    names->list = list;
    names->room = wanted;
    return 0;
}

static void drop_unwanted(struct names *names, const struct epoch *epoch)
{
    size_t kept = 0;

    for (size_t i = 0; i < names->count; i++) {
        if (has_host(epoch, names->list[i].host))
            names->list[kept++] = names->list[i];
    }
    names->count = kept;
}

bool names_update(struct names *names, const struct epoch *epoch, uint64_t now_ms)
{
    size_t kept;

    drop_unwanted(names, epoch);
    kept = names->count;
    for (size_t i = 0; i < kept; i++)
        names->list[i].due_ms = now_ms;
    for (unsigned i = 0; i < epoch->backend_count; i++) {
        const char *host = epoch_backend(epoch, i)->host;
        struct name *name;

        if (*host == '\0' || names_find(names, host) != NULL)
            continue;
        name = &names->list[names->count++];
        *name = (struct name){.id = ++names->last_id, .due_ms = now_ms};
        strcpy(name->host, host);
    }
    return names->count > kept;
}

void names_free(struct names *names)
{
    free(names->list);
    *names = (struct names){0};
}

struct name *names_find(const struct names *names, const char *host)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->list[i].host, host) == 0)
            return &names->list[i];
    }
    return NULL;
}

struct name *names_find_asked(const struct names *names, uint32_t id)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->list[i].id == id && names->list[i].is_asked)
            return &names->list[i];
    }
    return NULL;
}

struct addr names_address(const struct names *names, const struct conf_backend *backend)
{
    const struct name *name = names_find(names, backend->host);
    struct addr address = name != NULL ? name->address : backend->address;

    address.port = backend->address.port;
    return address;
}

/* ---- when ---- */

uint64_t names_next_due(const struct names *names)
{
    uint64_t next_ms = UINT64_MAX;

    for (size_t i = 0; i < names->count; i++) {
        if (names->list[i].due_ms < next_ms)
            next_ms = names->list[i].due_ms;
    }
    return next_ms;
}

size_t names_take_due(struct names *names, uint64_t now_ms)
{
    size_t count = 0;

    for (size_t i = 0; i < names->count; i++) {
        struct name *name = &names->list[i];

        name->is_asked = name->due_ms <= now_ms + NAMES_ALONG_MS;
        if (!name->is_asked)
            continue;
        name->due_ms = UINT64_MAX;
        count++;
    }
    return count;
}

void names_give_up(struct names *names, uint64_t now_ms)
{
    for (size_t i = 0; i < names->count; i++) {
        struct name *name = &names->list[i];

        if (name->is_asked)
            name->due_ms = now_ms;
        name->is_asked = false;
    }
}

/* Unless somebody has asked for it once more meanwhile. */
static void put_off(struct name *name, uint64_t until_ms)
{
    name->is_asked = false;
    if (name->due_ms == UINT64_MAX)
        name->due_ms = until_ms;
}

static uint64_t retry_delay(unsigned failures)
{
    uint64_t delay_ms = NAMES_RETRY_MS;

    while (--failures > 0 && delay_ms < NAMES_INTERVAL_MS)
        delay_ms *= 2;
    return delay_ms < NAMES_INTERVAL_MS ? delay_ms : NAMES_INTERVAL_MS;
}

/* ---- answers ---- */

static bool is_usable(const struct addr *address)
{
    return (address->family == ADDR_IPV4 || address->family == ADDR_IPV6) && !addr_is_any(address);
}

struct addr names_prefer(const struct addr *in_use, const struct addr *best,
                         const struct addr *next)
{
    if (!is_usable(next))
        return *best;
    if (best->family == ADDR_NONE || addr_same_ip(next, in_use))
        return *next;
    return *best;
}

void names_learn(struct name *name, const struct addr *address)
{
    if (!is_usable(address))
        return;
    name->address = *address;
    name->address.port = 0;
}

enum names_news names_resolved(struct name *name, const struct addr *address, uint64_t now_ms)
{
    enum names_news news = name->failures > 0 ? NAMES_BETTER : NAMES_NOTHING;

    if (!is_usable(address))
        return names_failed(name, "the answer is no machine's address", now_ms);
    if (!addr_same_ip(&name->address, address)) {
        names_learn(name, address);
        news = NAMES_MOVED;
    }
    name->failures = 0;
    name->trouble[0] = '\0';
    put_off(name, now_ms + NAMES_INTERVAL_MS);
    return news;
}

enum names_news names_failed(struct name *name, const char *why, uint64_t now_ms)
{
    char before[NAMES_TROUBLE_SIZE];

    memcpy(before, name->trouble, sizeof(before));
    snprintf(name->trouble, sizeof(name->trouble), "%s", why);
    name->failures++;
    put_off(name, now_ms + retry_delay(name->failures));
    return strcmp(before, name->trouble) == 0 ? NAMES_NOTHING : NAMES_TROUBLE;
}
