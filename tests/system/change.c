#include "system/change.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mono.h"
#include "unit/unit.h"

/* A reload is decided within 2 s, and over within 2 more. */
#define RESULT_MS 10000

static const struct addr *address_of(const struct scene *scene, char mark)
{
    switch (mark) {
    case 'L':
        return &scene->listen;
    case 'S':
        return &scene->stats;
    case 'A':
    case 'B':
    case 'C':
        return &scene->spare[mark - 'A'];
    default:
        return mark >= '1' && mark <= '0' + SCENE_BACKENDS ? &scene->peers[mark - '1'].address
                                                           : NULL;
    }
}

static void put_mark(const struct scene *scene, char mark, struct textbuf *out)
{
    const struct addr *address = address_of(scene, mark);
    char text[ADDR_TEXT_SIZE];

    if (address != NULL)
        textbuf_puts(out, addr_format(address, text));
    else if (mark == 'N')
        textbuf_puts(out, scene->instance.name);
    else if (mark == 'R')
        textbuf_puts(out, scene_mode()->relay);
    else if (mark == 'W')
        textbuf_printf(out, "%u", scene_mode()->workers);
    else
        CU_FAIL("no such mark");
}

void change_expand(const struct scene *scene, const char *template, struct textbuf *out)
{
    for (const char *at = template; *at != '\0';) {
        size_t plain = strcspn(at, "@");

        textbuf_append(out, at, plain);
        at += plain;
        if (at[0] == '\0' || at[1] == '\0')
            break;
        put_mark(scene, at[1], out);
        at += 2;
    }
}

int change_write(const struct scene *scene, const char *template)
{
    struct instance next = scene->instance;
    struct textbuf text;
    int result;

    snprintf(next.config, sizeof(next.config), "%s/next", scene->instance.dir);
    textbuf_init(&text, 64 * 1024);
    change_expand(scene, template, &text);
    result = instance_configure(&next, text.data != NULL ? text.data : "");
    textbuf_fini(&text);
    return result == 0 ? rename(next.config, scene->instance.config) : -1;
}

int change_open(struct scene *scene, unsigned backends, const char *template)
{
    if (scene_init(scene) == -1 || scene_open_peers(scene, backends, NULL) == -1)
        return -1;
    if (change_write(scene, template) == 0 && instance_start(&scene->instance) == 0)
        return 0;
    printf("k0slbd does not serve: %s\n", strerror(errno));
    CU_FAIL("k0slbd does not serve");
    return -1;
}

enum change_result change_wait(const struct instance *instance, uint64_t begun)
{
    const struct board_master *master = board_master(instance->board);
    uint64_t deadline_ms = mono_ms() + RESULT_MS;

    while (atomic_load(&master->reloads_finished) <= begun) {
        if (mono_ms() > deadline_ms)
            return CHANGE_NONE;
        wait_a_moment();
    }
    return atomic_load(&master->reload_ok) != 0 ? CHANGE_OK : CHANGE_REFUSED;
}

uint64_t change_begun(const struct instance *instance)
{
    return atomic_load(&board_master(instance->board)->reloads_started);
}

enum change_result change_hup(const struct instance *instance)
{
    uint64_t begun = change_begun(instance);

    instance_signal(instance, SIGHUP);
    return change_wait(instance, begun);
}

enum change_result change_to(const struct scene *scene, const char *template)
{
    return change_write(scene, template) == 0 ? change_hup(&scene->instance) : CHANGE_NONE;
}

const char *change_errors(const struct instance *instance)
{
    return board_master(instance->board)->reload_errors;
}

void change_assert_said(const struct instance *instance, const char *text)
{
    bool said = strstr(change_errors(instance), text) != NULL;

    if (!said)
        printf("not said: \"%s\"; but:\n%s\n", text, change_errors(instance));
    CU_ASSERT_TRUE(said);
}
