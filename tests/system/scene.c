#include "system/scene.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/TestRun.h>

#include "base/mono.h"
#include "base/textbuf.h"
#include "unit/unit.h"

static const struct scene_mode modes[] = {
    {"copy/1", "copy", 1},     {"copy/4", "copy", 4}, {"splice/1", "splice", 1},
    {"splice/4", "splice", 4}, {"auto/1", "auto", 1}, {"auto/4", "auto", 4},
};

const struct scene_mode *scene_mode(void)
{
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        if (strcmp(modes[i].suite, CU_get_current_suite()->pName) == 0)
            return &modes[i];
    }
    return &modes[0];
}

static void write_config(const struct scene *scene, const struct scene_plan *plan,
                         struct textbuf *text)
{
    const struct scene_mode *mode = scene_mode();
    char address[ADDR_TEXT_SIZE];

    textbuf_printf(text, "[k0slb]\nname = %s\nworkers = %u\nrelay = %s\nlog = stderr\n",
                   scene->instance.name, plan->workers > 0 ? plan->workers : mode->workers,
                   mode->relay);
    if (plan->pid_file)
        textbuf_printf(text, "pid_file = %s\n", scene->instance.pid_file);
    textbuf_printf(text, "[stats]\nlisten = %s\n",
                   plan->stats ? addr_format(&scene->stats, address) : "");
    textbuf_puts(text, "[defaults]\ncheck = tcp\ncheck_interval = 100ms\n"
                       "check_fast_interval = 50ms\ncheck_down_interval = 100ms\n"
                       "check_connect_timeout = 500ms\nconnect_timeout = 300ms\n");
    textbuf_printf(text, "[service test]\nlisten = %s\n%s", addr_format(&scene->listen, address),
                   plan->keys != NULL ? plan->keys : "");
    for (unsigned i = 0; i < scene->peer_count; i++)
        textbuf_printf(text, "server b%u = %s %s\n", i + 1,
                       addr_format(&scene->peers[i].address, address),
                       plan->options[i] != NULL ? plan->options[i] : "");
}

static int open_peers(struct scene *scene, const struct scene_plan *plan)
{
    peer_script *script = plan->script != NULL ? plan->script : script_echo;

    for (unsigned i = 0; i < plan->backends; i++) {
        if (peer_open(&scene->peers[i], script, plan->amount) == -1) {
            CU_FAIL("no backends");
            return -1;
        }
        scene->peer_count++;
    }
    /* When all have their ports, so that none gets that of a closed one. */
    for (unsigned i = 0; i < plan->backends; i++) {
        if ((plan->closed >> i & 1) != 0)
            peer_close(&scene->peers[i]);
    }
    return 0;
}

int scene_open_peers(struct scene *scene, unsigned backends, peer_script *script)
{
    const struct scene_plan plan = {.backends = backends, .script = script};

    return open_peers(scene, &plan);
}

int scene_init(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    scene->failures = CU_get_number_of_failures();
    if (instance_init(&scene->instance) == -1) {
        CU_FAIL("no directory for the instance");
        return -1;
    }
    scene->listen = instance_free_address(&scene->instance);
    scene->stats = instance_free_address(&scene->instance);
    for (size_t i = 0; i < SCENE_SPARE; i++)
        scene->spare[i] = instance_free_address(&scene->instance);
    return 0;
}

static int start(struct scene *scene)
{
    if (instance_start(&scene->instance) == 0)
        return 0;
    printf("k0slbd does not serve: %s\n", strerror(errno));
    CU_FAIL("k0slbd does not serve");
    return -1;
}

static int configure(struct scene *scene, const char *text)
{
    if (instance_configure(&scene->instance, text) == 0)
        return 0;
    CU_FAIL("no configuration file");
    return -1;
}

int scene_open_text(struct scene *scene, const char *text)
{
    return configure(scene, text) == -1 ? -1 : start(scene);
}

int scene_open(struct scene *scene, const struct scene_plan *plan)
{
    return scene_prepare(scene, plan) == -1 ? -1 : start(scene);
}

int scene_prepare(struct scene *scene, const struct scene_plan *plan)
{
    struct textbuf text;
    int result;

    if (scene_init(scene) == -1)
        return -1;
    if (open_peers(scene, plan) == -1)
        return -1;
    scene->instance.descriptors = plan->descriptors;
    textbuf_init(&text, 64 * 1024);
    write_config(scene, plan, &text);
    result = configure(scene, text.data);
    textbuf_fini(&text);
    return result;
}

static uint64_t count_whole(const struct scene *scene)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < scene->peer_count; i++)
        sum += atomic_load(&scene->peers[i].whole);
    return sum;
}

bool scene_wait_whole(const struct scene *scene, uint64_t sessions)
{
    uint64_t deadline_ms = mono_ms() + SOON_MS;

    while (count_whole(scene) < sessions) {
        if (mono_ms() > deadline_ms)
            return false;
        wait_a_moment();
    }
    return count_whole(scene) == sessions;
}

bool scene_is_refused(const struct addr *address)
{
    struct client client;

    if (client_open(&client, address) == -1)
        return errno == ECONNREFUSED;
    client_close(&client);
    return false;
}

void scene_close_ended(struct scene *scene)
{
    const char *left = instance_fini(&scene->instance);

    if (left != NULL)
        printf("%s: %s\n", scene->instance.name, left);
    CU_ASSERT_PTR_NULL(left);
    CU_ASSERT_TRUE(scene_is_refused(&scene->listen));
    CU_ASSERT_TRUE(scene_is_refused(&scene->stats));
    for (size_t i = 0; i < SCENE_SPARE; i++)
        CU_ASSERT_TRUE(scene_is_refused(&scene->spare[i]));
    for (unsigned i = 0; i < scene->peer_count; i++)
        peer_close(&scene->peers[i]);
    if (CU_get_number_of_failures() > scene->failures)
        instance_print(&scene->instance);
    instance_remove(&scene->instance);
}

void scene_close(struct scene *scene)
{
    ASSERT_NUMBER(instance_stop(&scene->instance), 0);
    scene_close_ended(scene);
}
