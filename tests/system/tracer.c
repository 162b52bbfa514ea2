#include "system/tracer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"

#include "system/wait.h"

#define ATTACH_MS 5000

const char *tracer_program(void)
{
    static const char *const places[] = {"/usr/bin/strace", "/bin/strace", "/usr/local/bin/strace"};

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (access(places[i], X_OK) == 0)
            return places[i];
    }
    return NULL;
}

/* In the child, system calls alone: the program has threads. */
static void become_tracer(const struct tracer *tracer, char **argv)
{
    int null = open("/dev/null", O_RDWR);
    int log = open(tracer->log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (dup2(null, 0) == -1 || dup2(null, 1) == -1 || dup2(log, 2) == -1)
        _exit(126);
    execv(argv[0], argv);
    _exit(127);
}

static bool has_said(const struct tracer *tracer, const char *text)
{
    struct instance log = {.running = false};

    snprintf(log.log, sizeof(log.log), "%s", tracer->log);
    return instance_log_has(&log, text);
}

static int wait_attached(struct tracer *tracer)
{
    uint64_t deadline_ms = mono_ms() + ATTACH_MS;

    while (!has_said(tracer, "attached")) {
        if (waitpid(tracer->pid, NULL, WNOHANG) == tracer->pid)
            tracer->pid = 0;
        if (tracer->pid == 0 || mono_ms() > deadline_ms) {
            tracer_detach(tracer);
            return -1;
        }
        wait_a_moment();
    }
    return 0;
}

int tracer_attach(struct tracer *tracer, const struct instance *instance, pid_t pid,
                  const char *options)
{
    char text[512];
    char *rest = text;
    char *argv[24];
    size_t count = 0;

    memset(tracer, 0, sizeof(*tracer));
    if (tracer_program() == NULL)
        return -1;
    snprintf(tracer->log, sizeof(tracer->log), "%s.trace", instance->dir);
    snprintf(text, sizeof(text), "%s -p %d %s", tracer_program(), (int)pid, options);
    while (count + 1 < ARRAY_LEN(argv) && (argv[count] = strtok_r(rest, " ", &rest)) != NULL)
        count++;
    argv[count] = NULL;
    tracer->pid = fork();
    if (tracer->pid == 0)
        become_tracer(tracer, argv);
    return tracer->pid == -1 ? -1 : wait_attached(tracer);
}

void tracer_detach(struct tracer *tracer)
{
    if (tracer->pid > 0) {
        kill(tracer->pid, SIGTERM);
        waitpid(tracer->pid, NULL, 0);
    }
    tracer->pid = 0;
    unlink(tracer->log);
}
