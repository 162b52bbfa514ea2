/* Reloads that are refused: every mistake is said, nothing has changed, and the next one works. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "unit/unit.h"

#include "system/change.h"
#include "system/load.h"
#include "system/tracer.h"

#define GOOD  CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1\n"
#define OTHER CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = @1 weight=7\n"

/* The next line after GOOD. */
#define LINE "k0slb.ini:18: "

/* A session and a flow of short connections see nothing of what is refused. */
struct witness {
    struct client client;
    uint64_t epoch;
    pid_t worker;
};

static void begin_witness(struct witness *witness, struct scene *scene)
{
    ASSERT_NUMBER(client_open(&witness->client, &scene->listen), 0);
    ASSERT_NUMBER(client_echo(&witness->client, 64), 0);
    witness->epoch = atomic_load(&board_master(scene->instance.board)->epoch);
    witness->worker = instance_child(&scene->instance, BOARD_ROLE_WORKER, 0);
}

static void end_witness(struct witness *witness)
{
    client_close(&witness->client);
}

/* Refused, with that text, and all is as it was; then a good file is taken, and the first again. */
static void assert_refused(struct scene *scene, struct witness *witness, const char *said)
{
    const struct board_master *master = board_master(scene->instance.board);

    ASSERT_NUMBER(change_hup(&scene->instance), CHANGE_REFUSED);
    change_assert_said(&scene->instance, said);
    CU_ASSERT_TRUE(wait_log(&scene->instance, said, SOON_MS));
    ASSERT_NUMBER(atomic_load(&master->epoch), witness->epoch);
    ASSERT_NUMBER(look_backend(&scene->instance, "b1").weight, 1);
    ASSERT_NUMBER(client_echo(&witness->client, 64), 0);
    ASSERT_NUMBER(client_visit_many(&scene->listen, 3), 0);
    /* What stands at the name now may be of another kind. */
    if (rmdir(scene->instance.config) == -1 && errno == ENOTDIR)
        unlink(scene->instance.config);
    ASSERT_CHANGE(scene, OTHER);
    ASSERT_TEXT(change_errors(&scene->instance), "");
    ASSERT_NUMBER(atomic_load(&master->epoch), witness->epoch + 1);
    ASSERT_NUMBER(look_backend(&scene->instance, "b1").weight, 7);
    ASSERT_CHANGE(scene, GOOD);
    ASSERT_NUMBER(client_echo(&witness->client, 64), 0);
    ASSERT_NUMBER(instance_child(&scene->instance, BOARD_ROLE_WORKER, 0), witness->worker);
    witness->epoch += 2;
}

static const char sixty[] = "123456789012345678901234567890123456789012345678901234567890";

static const struct {
    const char *text;
    const char *said;
} broken[] = {
    {GOOD "blance = leastconn\n", LINE "[service test] blance"},
    {GOOD "balance = best\n", LINE "[service test] balance"},
    {GOOD "[servce more]\n", LINE},
    {GOOD "connect_timeout = 2 parsecs\n", LINE},
    {GOOD "connect_timeout =\n", LINE},
    {GOOD "retries = 99999999999999999999\n", LINE},
    {GOOD "retries = -1\n", LINE},
    {GOOD "retries = 2\nretries = 2\n", "k0slb.ini:19: "},
    {GOOD "server b1 = @1\n", LINE},
    {GOOD "server b2 = 127.0.0.512:80\n", LINE},
    {GOOD "server b2 = 127.0.0.1\n", LINE},
    {GOOD "server b2 = 127.0.0.1:0\n", LINE},
    {GOOD "server b2 = 127.0.0.1:80 weight=257\n", LINE},
    {GOOD "server b2 = 127.0.0.1:80 light\n", LINE},
    {GOOD "[service two]\nlisten = @L\nserver b1 = @1\n", "k0slb.ini:19: "},
    {GOOD "listen = 127.0.0.1:70000\n", LINE},
    {GOOD "enabled = perhaps\n", LINE},
    {GOOD "check = telepathy\n", LINE},
    {GOOD " retries = 2\n", LINE},
    {GOOD "no separator\n", LINE},
    {GOOD "[service two\n", LINE},
    {GOOD "= 2\n", LINE},
    {GOOD "\xef\xbb\xbf[defaults]\n", LINE},
    {CHANGE_RELAY "workers = 0\n" CHANGE_SILENT "[service test]\nlisten = @L\nserver b1 = @1\n",
     "k0slb.ini:5: "},
    {CHANGE_BEGIN, "nothing to serve"},
    /* Cut off in the middle. */
    {CHANGE_BEGIN "[service test]\nlisten = @L\nserver b1 = 127.0.0", "k0slb.ini:17: "},
    {"", "empty"},
};

/* RL-03. */
static void test_broken_files(void)
{
    static struct load load;
    struct witness witness;
    struct scene scene;

    if (change_open(&scene, 1, GOOD) == 0) {
        struct load_plan plan = {.visitors = 1, .pause_us = 2000, .address = scene.listen};

        begin_witness(&witness, &scene);
        ASSERT_NUMBER(load_start(&load, &plan), 0);
        for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
            ASSERT_NUMBER(change_write(&scene, broken[i].text), 0);
            assert_refused(&scene, &witness, broken[i].said);
        }
        load_stop(&load);
        ASSERT_NUMBER(load_failures(&load), 0);
        end_witness(&witness);
    }
    scene_close(&scene);
}

static void write_bytes(const struct scene *scene, const char *data, size_t size)
{
    int fd = open(scene->instance.config, O_WRONLY | O_TRUNC | O_CLOEXEC);

    CU_ASSERT_TRUE(fd != -1);
    ASSERT_NUMBER(fd_write_all(fd, data, size), 0);
    fd_close(&fd);
}

/* What stands where the file should be is none, or no text. */
static void test_no_files(void)
{
    struct witness witness;
    struct scene scene;

    if (change_open(&scene, 1, GOOD) == 0) {
        const char *path = scene.instance.config;
        char line[300];

        begin_witness(&witness, &scene);
        write_bytes(&scene, "[k0slb]\nname = a\0b\n", 19);
        assert_refused(&scene, &witness, "k0slb.ini:2: ");
        snprintf(line, sizeof(line), "[k0slb]\nname = %s%s%s%s\n", sixty, sixty, sixty, sixty);
        write_bytes(&scene, line, strlen(line));
        assert_refused(&scene, &witness, "k0slb.ini:2: ");
        ASSERT_NUMBER(unlink(path), 0);
        assert_refused(&scene, &witness, "No such file");
        ASSERT_NUMBER(unlink(path) == 0 && mkdir(path, 0700) == 0, true);
        assert_refused(&scene, &witness, "directory");
        ASSERT_NUMBER(unlink(path) == 0 && mkfifo(path, 0600) == 0, true);
        assert_refused(&scene, &witness, path);
        ASSERT_NUMBER(unlink(path) == 0 && symlink(path, path) == 0, true);
        assert_refused(&scene, &witness, path);
        end_witness(&witness);
    }
    scene_close(&scene);
}

/* The disk fails in the middle of the file: half a file is none. */
static void test_read_error(void)
{
    struct witness witness;
    struct tracer tracer;
    struct scene scene;
    char options[256];

    if (tracer_program() == NULL) {
        unit_skip("there is no strace");
        return;
    }
    if (change_open(&scene, 1, GOOD) == 0) {
        begin_witness(&witness, &scene);
        snprintf(options, sizeof(options), "-e trace=read -P %s -e inject=read:error=EIO",
                 scene.instance.config);
        if (tracer_attach(&tracer, &scene.instance, scene.instance.pid, options) == 0) {
            ASSERT_NUMBER(change_hup(&scene.instance), CHANGE_REFUSED);
            tracer_detach(&tracer);
            change_assert_said(&scene.instance, "Input/output error");
            ASSERT_CHANGE(&scene, OTHER);
            ASSERT_NUMBER(client_echo(&witness.client, 64), 0);
        } else {
            unit_skip("strace may not trace here");
        }
        end_witness(&witness);
    }
    scene_close(&scene);
}

/* Started by somebody who may read the file, until its mode forbids that. */
static void test_unreadable_file(void)
{
    const char *build = getenv("K0SLB_BUILDDIR");
    struct witness witness;
    struct scene scene;
    char wrapper[4096];

    if (geteuid() != 0) {
        unit_skip("only root becomes somebody who may not read a file");
        return;
    }
    snprintf(wrapper, sizeof(wrapper), "%s/tests/system/wrap nobody", build != NULL ? build : ".");
    if (scene_init(&scene) == 0 && scene_open_peers(&scene, 1, NULL) == 0 &&
        change_write(&scene, GOOD) == 0 && chmod(scene.instance.dir, 0777) == 0) {
        scene.instance.wrapper = wrapper;
        if (instance_start(&scene.instance) == 0) {
            begin_witness(&witness, &scene);
            ASSERT_NUMBER(chmod(scene.instance.config, 0), 0);
            assert_refused(&scene, &witness, "Permission denied");
            end_witness(&witness);
        } else {
            unit_skip("nobody else may run this build");
        }
    }
    if (scene.instance.running)
        scene_close(&scene);
    else
        scene_close_ended(&scene);
}

/* What the running processes were born with. */
static void test_keys_that_need_a_restart(void)
{
    static const char *const lines[] = {
        "[k0slb]\nname = another-name\nlog = stderr\nrelay = @R\nworkers = @W\n",
        CHANGE_HEAD "user = daemon\n",
        CHANGE_HEAD "user = nobody\ngroup = daemon\n",
        CHANGE_HEAD "pid_file = /nonexistent/pid\n",
        CHANGE_RELAY "workers = 16\n",
    };
    static const char *const keys[] = {"name", "user", "group", "pid_file", "workers"};
    struct scene scene;

    if (change_open(&scene, 1,
                    CHANGE_HEAD "user = nobody\n" CHANGE_SILENT CHANGE_CHECKS
                                "[service test]\nlisten = @L\nserver b1 = @1\n") == 0) {
        for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
            char text[1024];

            snprintf(text, sizeof(text),
                     "%s" CHANGE_SILENT "[service test]\nlisten = @L\nserver b1 = @1\n", lines[i]);
            if (geteuid() != 0 && (i == 1 || i == 2))
                continue;
            ASSERT_NO_CHANGE(&scene, text);
            change_assert_said(&scene.instance, keys[i]);
            change_assert_said(&scene.instance, "needs a restart");
            ASSERT_NUMBER(client_visit_many(&scene.listen, 3), 0);
        }
    }
    scene_close(&scene);
}

/* Both cannot be bound at once, so one has to go before the other one comes. */
static void test_overlap(void)
{
    struct scene scene;

    if (change_open(&scene, 1, CHANGE_BEGIN "[service test]\nlisten = @L, @A\nserver b1 = @1\n") ==
        0) {
        char any[512];

        snprintf(any, sizeof(any),
                 CHANGE_BEGIN "[service test]\nlisten = @L, 0.0.0.0:%u\nserver b1 = @1\n",
                 (unsigned)scene.spare[0].port);
        ASSERT_NO_CHANGE(&scene, any);
        change_assert_said(&scene.instance, "0.0.0.0:");
        change_assert_said(&scene.instance, "needs two reloads");
        ASSERT_NUMBER(client_visit_many(&scene.spare[0], 3), 0);
        ASSERT_CHANGE(&scene, GOOD);
        ASSERT_CHANGE(&scene, any);
        ASSERT_NUMBER(client_visit_many(&scene.spare[0], 3), 0);
    }
    scene_close(&scene);
}

/* The board has room for sixty-four backends; one line says so. */
static void test_outgrown_board(void)
{
    struct scene scene;
    struct textbuf text;

    textbuf_init(&text, 64 * 1024);
    textbuf_puts(&text, GOOD);
    for (unsigned i = 0; i < 64; i++)
        textbuf_printf(&text, "server s%u = @1\n", i);
    if (change_open(&scene, 1, GOOD) == 0) {
        const char *end;

        ASSERT_NO_CHANGE(&scene, text.data);
        change_assert_said(&scene.instance, "65 backends do not fit");
        end = strchr(change_errors(&scene.instance), '\n');
        CU_ASSERT_TRUE(end != NULL && end[1] == '\0');
        ASSERT_NUMBER(client_visit_many(&scene.listen, 3), 0);
        ASSERT_NUMBER(look_backend(&scene.instance, "s1").name[0], '\0');
        ASSERT_CHANGE(&scene, OTHER);
    }
    textbuf_fini(&text);
    scene_close(&scene);
}

/* The line names who has the port, and nothing else of that file is bound either. */
static void test_port_in_use(void)
{
    static const char both[] = CHANGE_BEGIN "[service test]\nlisten = @L, @A, @B\nserver b1 = @1\n";
    struct scene scene;
    char pid[32];
    int fd;

    if (change_open(&scene, 1, GOOD) == 0) {
        fd = listen_at(&scene.spare[1], 1);
        snprintf(pid, sizeof(pid), "(pid %d) has it", (int)getpid());
        ASSERT_NO_CHANGE(&scene, both);
        change_assert_said(&scene.instance, pid);
        change_assert_said(&scene.instance, "service test");
        CU_ASSERT_TRUE(scene_is_refused(&scene.spare[0]));
        fd_close(&fd);
        ASSERT_CHANGE(&scene, both);
        ASSERT_NUMBER(client_visit_many(&scene.spare[0], 3), 0);
        ASSERT_NUMBER(client_visit_many(&scene.spare[1], 3), 0);
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"RL-03_broken_files", test_broken_files},
    {"RL-03_no_files", test_no_files},
    {"RL-03_read_error", test_read_error},
    {"RL-03_unreadable_file", test_unreadable_file},
    {"keys_that_need_a_restart", test_keys_that_need_a_restart},
    {"overlap", test_overlap},
    {"outgrown_board", test_outgrown_board},
    {"port_in_use", test_port_in_use},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"copy/1", tests}, {NULL, NULL}};

    return unit_main("test_refusals", suites, argc, argv);
}
