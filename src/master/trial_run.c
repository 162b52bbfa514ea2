#include "master/trial_run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mono.h"
#include "master/child.h"
#include "role/helper.h"

/* The process itself gives up a little later, in case that nobody is left to end it. */
#define OWN_SECONDS (TRIAL_RUN_MS / 1000 + 1)

/* One trial, as the master sees it. */
struct run {
    const struct conf_global *global;
    struct trial trial;
    int log;
    int answers; /* the pipe's end to read */
    pid_t pid;
    trial_fn *fn;
    void *context;
    unsigned count; /* of faults */
};

/* ---- in the other process ---- */

static void read_files(void *context)
{
    struct run *run = context;

    trial_read(&run->trial);
}

/* A fault is less than PIPE_BUF, and there is room in a pipe for one of each file. */
static void send_fault(void *context, const struct trial_fault *fault)
{
    const int *answers = context;

    if (write(*answers, fault, sizeof(*fault)) == -1)
        _exit(EXIT_FAILURE);
}

/* A fault without a reason says that there are no more. */
static void judge_files(void *context, int answers)
{
    static const struct trial_fault end = {0};
    struct run *run = context;

    (void)trial_judge(&run->trial, send_fault, &answers);
    send_fault(&answers, &end);
}

/* ---- in the master ---- */

static void tell(struct run *run, const struct trial_fault *fault)
{
    run->count++;
    run->fn(run->context, fault);
}

static void tell_failure(struct run *run, const char *what, const char *why)
{
    struct trial_fault fault = {.service = CONF_NO_INDEX, .file = CONF_FILE_CA};

    snprintf(fault.reason, sizeof(fault.reason), "%s: %s", what, why);
    tell(run, &fault);
}

static int start(struct run *run)
{
    struct helper_birth birth = {
        .name = "trial",
        .global = run->global,
        .log = run->log,
        .seconds = OWN_SECONDS,
        .prepare = read_files,
        .run = judge_files,
        .context = run,
    };
    int ends[2];

    if (fd_pipe(ends) == -1)
        return -1;
    birth.answers = ends[1];
    run->answers = ends[0];
    run->pid = children_fork_helper(&birth);
    fd_close(&ends[1]);
    if (run->pid != -1)
        return 0;
    fd_close(&run->answers);
    return -1;
}

/* Whoever writes them may be anybody's by now: they are a process that reads what others wrote. */
static bool is_sound(struct trial_fault *fault, ssize_t got)
{
    fault->reason[sizeof(fault->reason) - 1] = '\0';
    return got == (ssize_t)sizeof(*fault) && fault->file <= CONF_FILE_KEY;
}

/* Takes the faults until the last one, or says why that has not come. */
static void take_faults(struct run *run)
{
    uint64_t until_ms = mono_ms() + TRIAL_RUN_MS;
    struct pollfd answer = {.fd = run->answers, .events = POLLIN};

    while (run->count < 2 * CONF_MAX_SERVICES + 1) {
        struct trial_fault fault;
        uint64_t now_ms = mono_ms();
        int left_ms = now_ms < until_ms ? (int)(until_ms - now_ms) : 0;
        int ready = poll(&answer, 1, left_ms);

        if (ready == -1 && errno == EINTR)
            continue;
        if (ready == 0) {
            tell_failure(run, "certificates and keys", "cannot be read within 2 s");
            return;
        }
        if (!is_sound(&fault, read(run->answers, &fault, sizeof(fault)))) {
            tell_failure(run, "certificates and keys", "the process that tried them has failed");
            return;
        }
        if (fault.reason[0] == '\0')
            return;
        tell(run, &fault);
    }
}

/* One that does not end now, on a disk that hangs, is reaped with the children some time later. */
static void end_process(const struct run *run)
{
    static const struct timespec pause = {.tv_nsec = 1000000};

    if (kill(run->pid, SIGKILL) == -1)
        log_error("cannot end the trial of files: %s", strerror(errno));
    for (int i = 0; i < 50 && waitpid(run->pid, NULL, WNOHANG) == 0; i++)
        nanosleep(&pause, NULL);
}

static int try_files(struct run *run)
{
    if (!keyring_wants_any(&run->trial.wants))
        return 0;
    if (start(run) == -1) {
        tell_failure(run, "certificates and keys cannot be tried", strerror(errno));
        return -1;
    }
    take_faults(run);
    end_process(run);
    fd_close(&run->answers);
    return run->count == 0 ? 0 : -1;
}

/* ---- from outside ---- */

struct reporting {
    const struct conf *conf;
    struct conf_report *report;
};

static void add(void *context, const struct trial_fault *fault)
{
    const struct reporting *reporting = context;

    trial_report(reporting->conf, fault, reporting->report);
}

int trial_run_conf(const struct conf *conf, int log, struct conf_report *report)
{
    struct reporting reporting = {conf, report};
    struct run run = {
        .global = &conf->global,
        .trial = {.wants = keyring_wants_of_conf(conf), .minds_dates = true},
        .log = log,
        .fn = add,
        .context = &reporting,
    };
    int result = try_files(&run);

    conf_report_sort(report);
    return result;
}

static void keep_first(void *context, const struct trial_fault *fault)
{
    struct trial_fault *first = context;

    if (first->reason[0] == '\0')
        *first = *fault;
}

int trial_run_epoch(const struct epoch *epoch, int log, bool minds_dates, struct trial_fault *fault)
{
    struct run run = {
        .global = &epoch->global,
        .trial = {.wants = keyring_wants_of_epoch(epoch), .minds_dates = minds_dates},
        .log = log,
        .fn = keep_first,
        .context = fault,
    };

    fault->reason[0] = '\0';
    return try_files(&run);
}
