/* A daemon: when its start returns and with what, its pid file, and that there is only one. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"
#include "base/textbuf.h"
#include "board/board_master.h"
#include "unit/unit.h"

#include "system/scene.h"

/* Fails the test unless the log has the text. */
static void assert_said(const struct scene *scene, const char *text)
{
    bool said = instance_log_has(&scene->instance, text);

    if (!said)
        printf("not said: \"%s\"\n", text);
    CU_ASSERT_TRUE(said);
}

static const char *pid_line(pid_t pid, char text[32])
{
    snprintf(text, 32, "%d\n", (int)pid);
    return text;
}

static void assert_pid_file(const struct scene *scene, const char *wanted)
{
    char text[32];

    ASSERT_TEXT(instance_pid_text(&scene->instance, text), wanted);
}

/* Every process that a start has left becomes this program's child: there is none any more. */
static void assert_no_process(void)
{
    uint64_t deadline_ms = mono_ms() + SOON_MS;
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG)) != -1 && mono_ms() < deadline_ms)
        wait_a_moment();
    ASSERT_NUMBER(pid, -1);
    ASSERT_NUMBER(errno, ECHILD);
}

/* A start that failed: nothing serves, nothing is there. */
static void close_failed(struct scene *scene)
{
    assert_no_process();
    scene_close_ended(scene);
}

/* Starts the daemon of a prepared scene; fails the test unless it serves. */
static bool start_daemon(struct scene *scene, const char *arguments)
{
    int status = instance_daemonize(&scene->instance, arguments);

    ASSERT_NUMBER(status, 0);
    return status == 0;
}

/* ---- the start ---- */

static void note_log(void *context, int fd, const char *target)
{
    const struct scene *scene = context;

    (void)fd;
    CU_ASSERT(strcmp(target, scene->instance.log) != 0);
}

static void assert_let_go(struct scene *scene, pid_t pid)
{
    CU_ASSERT(procfs_each_fd(pid, note_log, scene) > 3);
}

/* When -d returns, connections succeed, the pid file is right, and the caller's stderr is free. */
static void test_serves_when_it_returns(void)
{
    static const struct scene_plan plan = {.backends = 2, .stats = true, .pid_file = true};
    char text[32];
    struct scene scene;
    struct stat status;

    if (scene_prepare(&scene, &plan) == 0 && start_daemon(&scene, NULL)) {
        struct instance *instance = &scene.instance;

        ASSERT_NUMBER(atomic_load(&board_master(instance->board)->checks_done), 1);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
        ASSERT_NUMBER(look_backend(instance, "b1").status, STATUS_UP);
        assert_pid_file(&scene, pid_line(instance->pid, text));
        ASSERT_NUMBER(stat(instance->pid_file, &status), 0);
        ASSERT_NUMBER(status.st_mode, S_IFREG | 0644);
        ASSERT_NUMBER(getpgid(instance->pid), instance->pid);
        CU_ASSERT(getsid(instance->pid) != getsid(0));
        CU_ASSERT(getsid(instance->pid) != instance->pid);
        assert_said(&scene, "log = stderr: a daemon has none");
        assert_let_go(&scene, instance->pid);
        assert_let_go(&scene, instance_child(instance, BOARD_ROLE_WORKER, 0));
        assert_let_go(&scene, instance_child(instance, BOARD_ROLE_CHECKER, 0));
        assert_let_go(&scene, instance_child(instance, BOARD_ROLE_STATS, 0));
    }
    scene_close(&scene);
    CU_ASSERT(access(scene.instance.pid_file, F_OK) == -1);
}

static bool has_epoch(const struct snapshot *snapshot, const void *context)
{
    const uint64_t *epoch = context;

    return snapshot->epoch == *epoch;
}

/* The file is found again, although the daemon has left the caller's directory. */
static void test_relative_path(void)
{
    static const struct scene_plan plan = {.backends = 1, .pid_file = true};
    const uint64_t two = 2;
    struct scene scene;
    int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (scene_prepare(&scene, &plan) == 0 && chdir(scene.instance.dir) == 0 &&
        start_daemon(&scene, "-c k0slb.ini")) {
        instance_signal(&scene.instance, SIGHUP);
        CU_ASSERT_TRUE(wait_board(&scene.instance, has_epoch, &two, SOON_MS));
        ASSERT_NUMBER(atomic_load(&board_master(scene.instance.board)->reload_ok), 1);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 3), 0);
    }
    ASSERT_NUMBER(fchdir(here), 0);
    fd_close(&here);
    scene_close(&scene);
}

static void test_bad_file(void)
{
    static const struct scene_plan plan = {
        .backends = 1, .pid_file = true, .keys = "blance = leastconn\n"};
    struct scene scene;

    if (scene_prepare(&scene, &plan) == 0) {
        ASSERT_NUMBER(instance_daemonize(&scene.instance, NULL), 1);
        assert_said(&scene, "[service test] blance: unknown key");
        assert_pid_file(&scene, "");
    }
    close_failed(&scene);
}

static void test_missing_file(void)
{
    struct scene scene;

    if (scene_init(&scene) == 0) {
        ASSERT_NUMBER(instance_daemonize(&scene.instance, "-c /nonexistent/k0slb.ini"), 1);
        assert_said(&scene, "/nonexistent/k0slb.ini: No such file");
    }
    close_failed(&scene);
}

/* -t only checks, whatever else is asked for. */
static void test_check_wins(void)
{
    static const struct scene_plan plan = {.backends = 1, .pid_file = true};
    struct scene scene;
    char arguments[128];

    if (scene_prepare(&scene, &plan) == 0) {
        snprintf(arguments, sizeof(arguments), "-d -t -c %s", scene.instance.config);
        ASSERT_NUMBER(instance_spawn(&scene.instance, arguments), 0);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 0);
        assert_pid_file(&scene, "");
    }
    close_failed(&scene);
}

static void test_port_in_use(void)
{
    static const struct scene_plan plan = {.backends = 1, .pid_file = true};
    char address[ADDR_TEXT_SIZE];
    struct scene scene;
    int fd = -1;

    if (scene_prepare(&scene, &plan) == 0) {
        fd = listen_at(&scene.listen, 1);
        CU_ASSERT(fd != -1);
        ASSERT_NUMBER(instance_daemonize(&scene.instance, NULL), 1);
        assert_said(&scene, addr_format(&scene.listen, address));
        assert_pid_file(&scene, "");
        fd_close(&fd);
    }
    close_failed(&scene);
}

/* A backend that never answers a handshake keeps the first round, and the caller, waiting. */
static const struct scene_plan slow_plan = {
    .backends = 1, .pid_file = true, .keys = "check = tls\ncheck_connect_timeout = 30s\n"};

/* Starts a daemon that cannot be ready for a while, and waits until its board is there. */
static pid_t start_slow(struct scene *scene)
{
    uint64_t deadline_ms = mono_ms() + SOON_MS;
    char arguments[128];
    struct board *board;
    pid_t pid = -1;

    if (scene_prepare(scene, &slow_plan) == -1)
        return -1;
    snprintf(arguments, sizeof(arguments), "-d -c %s", scene->instance.config);
    ASSERT_NUMBER(instance_spawn(&scene->instance, arguments), 0);
    while ((board = board_open(scene->instance.name)) == NULL && mono_ms() < deadline_ms)
        wait_a_moment();
    if (board != NULL)
        pid = atomic_load(&board_master(board)->prefix.master_pid);
    board_close(board);
    CU_ASSERT(pid > 1);
    /* It serves, which is not said before the backends are known. */
    ASSERT_NUMBER(client_visit_many(&scene->listen, 3), 0);
    ASSERT_NUMBER(instance_wait_exit(&scene->instance, 0), -1);
    assert_pid_file(scene, "");
    return pid;
}

static void test_stopped_while_starting(void)
{
    struct scene scene;
    pid_t pid = start_slow(&scene);

    ASSERT_NUMBER(instance_kill(pid, SIGTERM), 0);
    ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 1);
    assert_said(&scene, "it has ended before it served");
    assert_pid_file(&scene, "");
    close_failed(&scene);
}

static void test_killed_while_starting(void)
{
    struct scene scene;
    pid_t pid = start_slow(&scene);

    ASSERT_NUMBER(instance_kill(pid, SIGKILL), 0);
    ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 1);
    assert_said(&scene, "the daemon has died before it served");
    /* What it leaves, the next start takes over; here it is ended. */
    if (pid > 1)
        kill(-pid, SIGKILL);
    assert_no_process();
    unlink(scene.instance.pid_file);
    instance_fini(&scene.instance);
    scene_close_ended(&scene);
}

/* ---- the pid file ---- */

/* Whatever is in it: the start works, nobody is signalled, and the file is ours in the end. */
static void start_over(const char *content)
{
    static const struct scene_plan plan = {.backends = 1, .pid_file = true};
    struct scene scene;
    char text[32];

    if (scene_prepare(&scene, &plan) == 0) {
        int fd = open(scene.instance.pid_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        CU_ASSERT(fd != -1 && fd_write_all(fd, content, strlen(content)) == 0);
        fd_close(&fd);
        if (start_daemon(&scene, NULL))
            assert_pid_file(&scene, pid_line(scene.instance.pid, text));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 2), 0);
    }
    scene_close(&scene);
    CU_ASSERT(access(scene.instance.pid_file, F_OK) == -1);
}

/* PF-14 (a), (c) to (f). */
static void test_what_was_in_the_pid_file(void)
{
    static const char *const contents[] = {"999999\n", "", "garbage\n", "-1\n",
                                           "99999999999999999999\n"};

    for (size_t i = 0; i < ARRAY_LEN(contents); i++)
        start_over(contents[i]);
}

/* PF-14 (b): this program's own pid, and it lives. */
static void test_foreign_pid(void)
{
    char text[32];

    start_over(pid_line(getpid(), text));
}

/* PF-14 (g): said before anything serves, in the foreground as well. */
static void test_no_place_for_the_pid_file(void)
{
    static const char *const modes[] = {"-d -c", "-c"};
    char arguments[128];
    char address[ADDR_TEXT_SIZE];
    char config[512];
    struct scene scene;

    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        if (scene_init(&scene) == -1)
            return;
        snprintf(config, sizeof(config),
                 "[k0slb]\nname = %s\nworkers = 1\npid_file = %s/none/pid\n[stats]\nlisten =\n"
                 "[service test]\nlisten = %s\nserver b1 = 127.0.0.1:1\n",
                 scene.instance.name, scene.instance.dir, addr_format(&scene.listen, address));
        ASSERT_NUMBER(instance_configure(&scene.instance, config), 0);
        snprintf(arguments, sizeof(arguments), "%s %s", modes[i], scene.instance.config);
        ASSERT_NUMBER(instance_spawn(&scene.instance, arguments), 0);
        ASSERT_NUMBER(instance_wait_exit(&scene.instance, SOON_MS), 1);
        assert_said(&scene, "cannot write the pid file");
        assert_said(&scene, "none/pid: No such file or directory");
        close_failed(&scene);
    }
}

static bool has_pid_file(const struct scene *scene)
{
    return access(scene->instance.pid_file, F_OK) == 0;
}

/* In the foreground too, when the file names one; and a reload cannot move it. */
static void test_foreground(void)
{
    static const struct scene_plan plan = {.backends = 1, .pid_file = true};
    uint64_t deadline_ms = mono_ms() + SOON_MS;
    struct scene scene;
    char text[32];

    if (scene_open(&scene, &plan) == 0) {
        char *config;

        while (!has_pid_file(&scene) && mono_ms() < deadline_ms)
            wait_a_moment();
        assert_pid_file(&scene, pid_line(scene.instance.pid, text));
        ASSERT_NUMBER(asprintf(&config,
                               "[k0slb]\nname = %s\nworkers = 1\nlog = stderr\n[stats]\nlisten =\n"
                               "[service test]\nlisten = 127.0.0.1:1\nserver b1 = 127.0.0.1:1\n",
                               scene.instance.name) == -1,
                      0);
        ASSERT_NUMBER(instance_configure(&scene.instance, config), 0);
        free(config);
        instance_signal(&scene.instance, SIGHUP);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "[k0slb] pid_file: needs a restart", SOON_MS));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 2), 0);
        assert_pid_file(&scene, pid_line(scene.instance.pid, text));
    }
    scene_close(&scene);
    CU_ASSERT(!has_pid_file(&scene));
}

/* What somebody else has put there meanwhile stays. */
static void test_not_ours_any_more(void)
{
    static const struct scene_plan plan = {.backends = 1, .pid_file = true};
    struct scene scene;

    if (scene_prepare(&scene, &plan) == 0 && start_daemon(&scene, NULL)) {
        int fd = open(scene.instance.pid_file, O_WRONLY | O_TRUNC | O_CLOEXEC);

        CU_ASSERT(fd != -1 && fd_write_all(fd, "1\n", 2) == 0);
        fd_close(&fd);
        ASSERT_NUMBER(instance_stop(&scene.instance), 0);
        assert_pid_file(&scene, "1\n");
    }
    scene_close_ended(&scene);
}

/* Where nothing is said, every daemon has one by its name. */
static void test_default_pid_file(void)
{
    static const struct scene_plan plan = {.backends = 1};
    struct scene scene;
    char text[32];

    if (access(K0SLB_RUNSTATEDIR, W_OK) == -1) {
        unit_skip(K0SLB_RUNSTATEDIR " is not writable");
        return;
    }
    if (scene_prepare(&scene, &plan) == 0) {
        struct instance *instance = &scene.instance;

        snprintf(instance->pid_file, sizeof(instance->pid_file), K0SLB_RUNSTATEDIR "/%s.pid",
                 instance->name);
        if (start_daemon(&scene, NULL))
            assert_pid_file(&scene, pid_line(instance->pid, text));
    }
    scene_close(&scene);
    CU_ASSERT(!has_pid_file(&scene));
}

/* ---- one instance ---- */

#define STARTS 20

/* Starts `count` daemons at once, each with an own log. Returns how many said that they serve. */
static unsigned start_many(const struct scene *scene, unsigned count)
{
    struct instance starts[STARTS];
    unsigned serving = 0;

    for (unsigned i = 0; i < count; i++) {
        char arguments[128];

        starts[i] = scene->instance;
        starts[i].board = NULL;
        snprintf(starts[i].log, sizeof(starts[i].log), "%s/log%u", scene->instance.dir, i);
        snprintf(arguments, sizeof(arguments), "-d -c %s", scene->instance.config);
        ASSERT_NUMBER(instance_spawn(&starts[i], arguments), 0);
    }
    for (unsigned i = 0; i < count; i++) {
        int status = instance_wait_exit(&starts[i], 15000);

        CU_ASSERT_TRUE(status == 0 || status == 1);
        serving += status == 0;
        if (status == 1 && !instance_log_has(&starts[i], "is running already")) {
            instance_print(&starts[i]);
            CU_FAIL("a start failed for another reason");
        }
        unlink(starts[i].log);
    }
    return serving;
}

/* PF-15: of twenty starts at once one wins, and the pid file is its. */
static void test_parallel_starts(void)
{
    static const struct scene_plan plan = {.backends = 1, .pid_file = true};
    unsigned rounds = getenv("K0SLB_LONG") != NULL ? 50 : 5;
    char text[32];

    for (unsigned i = 0; i < rounds; i++) {
        struct scene scene;

        if (scene_prepare(&scene, &plan) == 0) {
            ASSERT_NUMBER(start_many(&scene, STARTS), 1);
            scene.instance.board = board_open(scene.instance.name);
            CU_ASSERT_PTR_NOT_NULL_FATAL(scene.instance.board);
            scene.instance.pid =
                atomic_load(&board_master(scene.instance.board)->prefix.master_pid);
            scene.instance.running = true;
            assert_pid_file(&scene, pid_line(scene.instance.pid, text));
            ASSERT_NUMBER(client_visit_many(&scene.listen, 3), 0);
        }
        scene_close(&scene);
        assert_no_process();
    }
}

/* Those who come too late touch nothing of a running one: no connection is lost meanwhile. */
static void test_late_starts(void)
{
    static const struct scene_plan plan = {.backends = 1, .pid_file = true};
    struct client staying;
    struct scene scene;
    char text[32];

    if (scene_prepare(&scene, &plan) == 0 && start_daemon(&scene, NULL)) {
        char wanted[128];
        struct instance second;

        ASSERT_NUMBER(client_open(&staying, &scene.listen), 0);
        ASSERT_NUMBER(client_echo(&staying, 1000), 0);
        ASSERT_NUMBER(start_many(&scene, STARTS / 2), 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        ASSERT_NUMBER(client_echo(&staying, 1000), 0);
        client_close(&staying);
        assert_pid_file(&scene, pid_line(scene.instance.pid, text));
        ASSERT_NUMBER(look_counts(&scene.instance).total, 21);

        second = scene.instance;
        second.board = NULL;
        ASSERT_NUMBER(instance_daemonize(&second, NULL), 1);
        snprintf(wanted, sizeof(wanted), "%s is running already (pid %d)", scene.instance.name,
                 (int)scene.instance.pid);
        assert_said(&scene, wanted);
    }
    scene_close(&scene);
}

/* Another instance that wants the same port and the same pid file gets neither. */
static void test_shared_port(void)
{
    static const struct scene_plan plan = {.backends = 1, .pid_file = true};
    struct scene scene;
    struct scene other;
    char text[32];

    if (scene_prepare(&scene, &plan) == 0 && start_daemon(&scene, NULL) &&
        scene_init(&other) == 0) {
        char address[ADDR_TEXT_SIZE];
        char config[512];

        snprintf(config, sizeof(config),
                 "[k0slb]\nname = %s\nworkers = 1\npid_file = %s\n[stats]\nlisten =\n"
                 "[service test]\nlisten = %s\nserver b1 = 127.0.0.1:1\n",
                 other.instance.name, scene.instance.pid_file, addr_format(&scene.listen, address));
        ASSERT_NUMBER(instance_configure(&other.instance, config), 0);
        ASSERT_NUMBER(instance_daemonize(&other.instance, NULL), 1);
        assert_said(&other, address);
        scene_close_ended(&other);
        assert_pid_file(&scene, pid_line(scene.instance.pid, text));
        ASSERT_NUMBER(client_visit_many(&scene.listen, 10), 0);
    }
    scene_close(&scene);
}

/* ---- a log that nobody reads ---- */

/* RS-15: standard error is a full pipe whose reader has stopped. */
static int open_full_pipe(const char *path)
{
    char nothing[4096] = {0};
    int end;
    int fd;

    if (mkfifo(path, 0600) == -1)
        return -1;
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    end = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    while (write(end, nothing, sizeof(nothing)) > 0)
        continue;
    while (write(end, nothing, 1) > 0)
        continue;
    fd_close(&end);
    return fd;
}

/* Takes everything out of the pipe until the text comes. */
static bool wait_pipe(int fd, const char *text)
{
    uint64_t deadline_ms = mono_ms() + SOON_MS;
    char buffer[8192];

    while (mono_ms() < deadline_ms) {
        ssize_t got = read(fd, buffer, sizeof(buffer));

        if (got > 0 && memmem(buffer, (size_t)got, text, strlen(text)) != NULL)
            return true;
        if (got <= 0)
            wait_a_moment();
    }
    return false;
}

static bool has_lost_lines(const struct snapshot *snapshot, const void *context)
{
    (void)context;
    return snapshot->log_dropped > 0;
}

/* Reloads of a file with many mistakes: a line for each, until there is no room for more. */
static void log_much(struct scene *scene)
{
    struct textbuf text;

    textbuf_init(&text, 64 * 1024);
    textbuf_printf(&text, "[k0slb]\n");
    for (int i = 0; i < 150; i++)
        textbuf_printf(&text, "this_is_a_key_that_nobody_knows_%d = 1\n", i);
    ASSERT_NUMBER(instance_configure(&scene->instance, text.data), 0);
    textbuf_fini(&text);
    for (int i = 0; i < 20 && !wait_board(&scene->instance, has_lost_lines, NULL, 0); i++) {
        uint64_t before = atomic_load(&board_master(scene->instance.board)->reloads_finished);
        uint64_t deadline_ms = mono_ms() + SOON_MS;

        instance_signal(&scene->instance, SIGHUP);
        while (atomic_load(&board_master(scene->instance.board)->reloads_finished) == before &&
               mono_ms() < deadline_ms)
            wait_a_moment();
    }
}

static void test_blocked_stderr(void)
{
    static const struct scene_plan plan = {.backends = 1};
    struct scene scene;
    struct client client;

    if (scene_prepare(&scene, &plan) == 0) {
        int fd = open_full_pipe(scene.instance.log);

        CU_ASSERT(fd != -1);
        ASSERT_NUMBER(instance_start(&scene.instance), 0);
        ASSERT_NUMBER(client_open(&client, &scene.listen), 0);
        ASSERT_NUMBER(client_echo(&client, 1000), 0);
        log_much(&scene);
        CU_ASSERT_TRUE(wait_board(&scene.instance, has_lost_lines, NULL, SOON_MS));
        ASSERT_NUMBER(client_echo(&client, 100000), 0);
        ASSERT_NUMBER(client_visit_many(&scene.listen, 20), 0);
        client_close(&client);
        CU_ASSERT_TRUE(wait_pipe(fd, "serves test with"));
        /* "… log lines were lost here", "… were left out here" */
        CU_ASSERT_TRUE(wait_pipe(fd, " here\"\n"));
        ASSERT_NUMBER(instance_stop(&scene.instance), 0);
        fd_close(&fd);
    }
    unlink(scene.instance.log);
    scene_close_ended(&scene);
}

static void log_to(struct scene *scene, const char *where)
{
    char address[ADDR_TEXT_SIZE];
    char config[512];

    snprintf(config, sizeof(config),
             "[k0slb]\nname = %s\nworkers = 1\nlog = %s\n[stats]\nlisten =\n"
             "[service test]\nlisten = %s\nserver b1 = 127.0.0.1:1\n",
             scene->instance.name, where, addr_format(&scene->listen, address));
    ASSERT_NUMBER(instance_configure(&scene->instance, config), 0);
}

static void reload(struct scene *scene, uint64_t epoch)
{
    instance_signal(&scene->instance, SIGHUP);
    CU_ASSERT_TRUE(wait_board(&scene->instance, has_epoch, &epoch, SOON_MS));
}

/* A reload takes the log elsewhere and back. */
static void test_log_moves(void)
{
    struct scene scene;

    if (scene_init(&scene) == 0) {
        log_to(&scene, "stderr");
        ASSERT_NUMBER(instance_start(&scene.instance), 0);
        log_to(&scene, "syslog");
        reload(&scene, 2);
        log_to(&scene, "stderr");
        reload(&scene, 3);
        CU_ASSERT_TRUE(wait_log(&scene.instance, "reloaded: epoch 3", SOON_MS));
        CU_ASSERT_FALSE(instance_log_has(&scene.instance, "reloaded: epoch 2"));
    }
    scene_close(&scene);
}

static const struct unit_test tests[] = {
    {"serves_when_it_returns", test_serves_when_it_returns},
    {"relative_path", test_relative_path},
    {"bad_file", test_bad_file},
    {"missing_file", test_missing_file},
    {"check_wins", test_check_wins},
    {"port_in_use", test_port_in_use},
    {"stopped_while_starting", test_stopped_while_starting},
    {"killed_while_starting", test_killed_while_starting},
    {"what_was_in_the_pid_file", test_what_was_in_the_pid_file},
    {"foreign_pid", test_foreign_pid},
    {"no_place_for_the_pid_file", test_no_place_for_the_pid_file},
    {"foreground", test_foreground},
    {"not_ours_any_more", test_not_ours_any_more},
    {"default_pid_file", test_default_pid_file},
    {"parallel_starts", test_parallel_starts},
    {"late_starts", test_late_starts},
    {"shared_port", test_shared_port},
    {"blocked_stderr", test_blocked_stderr},
    {"log_moves", test_log_moves},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"copy/1", tests}, {NULL, NULL}};
    char *here = getcwd(NULL, 0);

    /* One test goes elsewhere. */
    if (here == NULL || setenv("K0SLB_BUILDDIR", here, 0) == -1)
        return 1;
    free(here);
    return unit_main("test_daemon", suites, argc, argv);
}
