#include "system/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"
#include "base/textbuf.h"

#include "system/peer.h"
#include "system/wait.h"

#define START_MS 15000
#define STOP_MS  5000

int instance_init(struct instance *instance)
{
    static atomic_uint last;
    unsigned number = atomic_fetch_add(&last, 1);
    unsigned pid = (unsigned)getpid();

    memset(instance, 0, sizeof(*instance));
    instance->wrapper = getenv("K0SLB_WRAPPER");
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
        return -1;
    snprintf(instance->name, sizeof(instance->name), "k0slb-test-%u-%u", pid, number);
    snprintf(instance->dir, sizeof(instance->dir), "/tmp/k0slb-test-XXXXXX");
    if (mkdtemp(instance->dir) == NULL)
        return -1;
    snprintf(instance->config, sizeof(instance->config), "%s/k0slb.ini", instance->dir);
    snprintf(instance->log, sizeof(instance->log), "%s/log", instance->dir);
    snprintf(instance->pid_file, sizeof(instance->pid_file), "%s/pid", instance->dir);
    instance->address = (struct addr){
        .family = ADDR_IPV4,
        .ip = {127, (uint8_t)(64 + (pid >> 16) % 64), (uint8_t)(pid >> 8), (uint8_t)pid},
    };
    return 0;
}

int instance_configure(struct instance *instance, const char *text)
{
    int fd = open(instance->config, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int result;

    if (fd == -1)
        return -1;
    result = fd_write_all(fd, text, strlen(text));
    fd_close(&fd);
    return result;
}

/*
 * The address belongs to this program alone, so a port that is free stays free: other programs'
 * connections take theirs from 127.0.0.1.
 */
struct addr instance_free_address(const struct instance *instance)
{
    struct addr address = instance->address;
    int fd = listen_at(&address, 1);

    fd_close(&fd);
    return address;
}

/* Splits at blanks; the text is cut up. */
static void split_arguments(char *text, char **argv, size_t size)
{
    char *rest = text;
    size_t count = 0;

    while (count + 1 < size && (argv[count] = strtok_r(rest, " ", &rest)) != NULL)
        count++;
    argv[count] = NULL;
}

/*
 * In the child, system calls alone: the program has threads. k0slbd gets TERM when this program
 * dies in any way, so that nothing outlives an interrupted run.
 */
static void become_program(const struct instance *instance, char **argv)
{
    struct rlimit limit = {.rlim_cur = instance->descriptors, .rlim_max = instance->descriptors};
    int null = open("/dev/null", O_RDWR);
    int log = open(instance->log, O_WRONLY | O_CREAT | O_APPEND, 0644);

    if (setpgid(0, 0) == -1 || prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 ||
        (instance->descriptors > 0 && setrlimit(RLIMIT_NOFILE, &limit) == -1) ||
        dup2(null, 0) == -1 || dup2(null, 1) == -1 || dup2(log, 2) == -1)
        _exit(126);
    close(null);
    close(log);
    execv(argv[0], argv);
    _exit(127);
}

/* Whether a process group has members; those that are ours and have ended are reaped. */
static bool has_members(pid_t group)
{
    while (waitpid(-group, NULL, WNOHANG) > 0)
        ;
    return kill(-group, 0) == 0 || errno != ESRCH;
}

/* What the master that is gone may have left is still looked after. */
static void remember_earlier(struct instance *instance)
{
    if (instance->pid == 0 || instance->running)
        return;
    for (size_t i = 0; i < INSTANCE_EARLIER; i++) {
        if (instance->earlier[i] != 0 && has_members(instance->earlier[i]))
            continue;
        instance->earlier[i] = instance->pid;
        return;
    }
}

int instance_spawn(struct instance *instance, const char *arguments)
{
    const char *dir = getenv("K0SLB_BUILDDIR");
    struct textbuf text;
    char *argv[24];

    remember_earlier(instance);
    textbuf_init(&text, 2 * PATH_MAX);
    textbuf_printf(&text, "%s %s/k0slbd ", instance->wrapper != NULL ? instance->wrapper : "",
                   dir != NULL ? dir : ".");
    if (arguments != NULL)
        textbuf_puts(&text, arguments);
    else
        textbuf_printf(&text, "-c %s", instance->config);
    if (text.truncated)
        abort();
    split_arguments(text.data, argv, ARRAY_LEN(argv));
    instance->pid = fork();
    if (instance->pid == 0)
        become_program(instance, argv);
    textbuf_fini(&text);
    instance->running = instance->pid != -1;
    if (instance->running)
        (void)setpgid(instance->pid, instance->pid);
    else
        instance->pid = 0;
    return instance->running ? 0 : -1;
}

static char *read_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status = {.st_size = 0};
    char *text;
    ssize_t got = 0;

    if (fd != -1 && fstat(fd, &status) == -1)
        status.st_size = 0;
    text = malloc((size_t)status.st_size + 1);
    if (text == NULL)
        abort();
    if (fd != -1)
        got = fd_read_all(fd, text, (size_t)status.st_size);
    text[got > 0 ? got : 0] = '\0';
    fd_close(&fd);
    return text;
}

/* The daemon's master leads a process group, and this program inherits it. */
static int adopt(struct instance *instance)
{
    board_close(instance->board);
    instance->board = board_open(instance->name);
    if (instance->board == NULL)
        return -1;
    instance->pid = atomic_load(&board_master(instance->board)->prefix.master_pid);
    instance->running = true;
    return 0;
}

int instance_daemonize(struct instance *instance, const char *arguments)
{
    char text[256];
    int status;

    snprintf(text, sizeof(text), "-d -c %s", instance->config);
    if (arguments != NULL)
        snprintf(text, sizeof(text), "-d %s", arguments);
    if (instance_spawn(instance, text) == -1)
        return -1;
    status = instance_wait_exit(instance, START_MS);
    if (status == 0 && adopt(instance) == -1)
        return -1;
    return status;
}

const char *instance_pid_text(const struct instance *instance, char text[32])
{
    char *whole = read_file(instance->pid_file);

    snprintf(text, 32, "%s", whole);
    free(whole);
    return text;
}

int instance_start(struct instance *instance)
{
    if (instance_spawn(instance, NULL) == -1)
        return -1;
    if (wait_serving(instance, START_MS))
        return 0;
    errno = ETIMEDOUT;
    return -1;
}

static bool has_exited(struct instance *instance)
{
    if (instance->running && waitpid(instance->pid, &instance->status, WNOHANG) == instance->pid)
        instance->running = false;
    return !instance->running;
}

int instance_wait_exit(struct instance *instance, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;

    if (instance->pid == 0)
        return -1;
    while (!has_exited(instance)) {
        if (mono_ms() > deadline_ms)
            return -1;
        wait_a_moment();
    }
    return WIFSIGNALED(instance->status) ? 128 + WTERMSIG(instance->status)
                                         : WEXITSTATUS(instance->status);
}

void instance_signal(const struct instance *instance, int number)
{
    if (instance->running)
        kill(instance->pid, number);
}

int instance_stop(struct instance *instance)
{
    instance_signal(instance, SIGTERM);
    return instance_wait_exit(instance, STOP_MS);
}

static bool has_earlier(struct instance *instance)
{
    bool has = false;

    for (size_t i = 0; i < INSTANCE_EARLIER; i++) {
        if (instance->earlier[i] != 0 && has_members(instance->earlier[i]))
            has = true;
        else
            instance->earlier[i] = 0;
    }
    return has;
}

/* Children whose master is gone are ours; those of a living one are not, and kill(2) sees them. */
static bool has_processes(struct instance *instance)
{
    bool has = !has_exited(instance) || has_members(instance->pid);

    return has_earlier(instance) || has;
}

bool instance_has_no_earlier(struct instance *instance, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;

    while (has_earlier(instance)) {
        if (mono_ms() > deadline_ms)
            return false;
        wait_a_moment();
    }
    return true;
}

bool instance_is_empty(struct instance *instance, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;

    if (instance->pid == 0)
        return true;
    while (has_processes(instance)) {
        if (mono_ms() > deadline_ms)
            return false;
        wait_a_moment();
    }
    return true;
}

pid_t instance_child(const struct instance *instance, enum board_role role, unsigned slot)
{
    const struct board_prefix *prefix;

    if (instance->board == NULL)
        return -1;
    prefix = &board_master(instance->board)->prefix;
    for (unsigned i = 0; i < BOARD_MAX_CHILDREN; i++) {
        const struct board_child *child = &prefix->children[i];
        pid_t pid = atomic_load(&child->pid);

        if (pid > 0 && child->role == role && (role != BOARD_ROLE_WORKER || child->slot == slot))
            return pid;
    }
    return -1;
}

int instance_kill(pid_t pid, int number)
{
    if (pid > 1)
        return kill(pid, number);
    errno = ESRCH;
    return -1;
}

char *instance_log(const struct instance *instance)
{
    return read_file(instance->log);
}

unsigned instance_log_count(const struct instance *instance, const char *text)
{
    char *log = instance_log(instance);
    unsigned count = 0;

    for (const char *at = log; (at = strstr(at, text)) != NULL; at += strlen(text))
        count++;
    free(log);
    return count;
}

bool instance_log_has(const struct instance *instance, const char *text)
{
    return instance_log_count(instance, text) > 0;
}

void instance_print(const struct instance *instance)
{
    char *config = read_file(instance->config);
    char *log = instance_log(instance);

    printf("---- %s: configuration\n%s---- %s: log\n%s----\n", instance->name, config,
           instance->name, log);
    fflush(stdout);
    free(log);
    free(config);
}

/* Whether /dev/shm has a file of the instance; removes it. */
static bool had_shared_file(const struct instance *instance, const char *suffix)
{
    char path[128];

    snprintf(path, sizeof(path), "/dev/shm/%s%s", instance->name, suffix);
    return unlink(path) == 0;
}

const char *instance_fini(struct instance *instance)
{
    const char *left = NULL;

    board_close(instance->board);
    instance->board = NULL;
    if (!instance_is_empty(instance, STOP_MS)) {
        left = "a process is left";
        kill(-instance->pid, SIGKILL);
        for (size_t i = 0; i < INSTANCE_EARLIER; i++) {
            if (instance->earlier[i] != 0)
                kill(-instance->earlier[i], SIGKILL);
        }
        (void)instance_is_empty(instance, STOP_MS);
    }
    if (had_shared_file(instance, "") || had_shared_file(instance, ".new"))
        left = "the segment is left";
    if (had_shared_file(instance, ".lock"))
        left = "the lock is left";
    if (instance_log_has(instance, "Sanitizer") || instance_log_has(instance, "runtime error:"))
        left = "a sanitizer has spoken";
    return left;
}

void instance_remove(struct instance *instance)
{
    unlink(instance->config);
    unlink(instance->log);
    unlink(instance->pid_file);
    rmdir(instance->dir);
}
