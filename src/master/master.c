#include "master/master.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "config.h"

#include "base/daemonize.h"
#include "base/log.h"
#include "base/mono.h"
#include "base/process.h"
#include "base/textbuf.h"
#include "board/board_master.h"
#include "master/children.h"
#include "master/master_state.h"
#include "master/start.h"
#include "worker/worker.h"

/* After TERM, who has not ended by then is killed: a stopped process obeys nothing else. */
#define KILL_AFTER_MS 1000

/* ---- stopping ---- */

/* How far it is, and how many children there still are. */
static void say_stop(const struct master *master, enum log_level level, const char *state,
                     const char *words)
{
    struct keyvalue line;

    keyvalue_begin(&line, "stop");
    keyvalue_word(&line, "state", state);
    keyvalue_number(&line, "children", children_living(master, BOARD_ROLE_NONE));
    log_event(level, &line, "%s", words);
}

static void on_kill(struct loop_timer *timer)
{
    struct master *master = CONTAINER_OF(timer, struct master, kill);

    say_stop(master, LOG_LEVEL_WARNING, "killing", "children did not end in time: killed");
    children_signal(master, BOARD_ROLE_NONE, SIGKILL);
    if (!master->gives_up)
        takeover_signal(&master->takeover, SIGKILL);
}

static void stop(struct master *master)
{
    if (master->state == MASTER_STOPPING)
        return;
    master->state = MASTER_STOPPING;
    say_stop(master, LOG_LEVEL_NOTICE, "stopping", "stopping");
    resolver_stop(master);
    children_signal(master, BOARD_ROLE_NONE, SIGTERM);
    if (!master->gives_up)
        takeover_signal(&master->takeover, SIGTERM);
    loop_timer_set(master->loop, &master->kill, mono_ms() + KILL_AFTER_MS);
}

void master_give_up(struct master *master)
{
    master->gives_up = true;
    stop(master);
}

/* The sessions that orphans still have are waited for like those of the workers. */
static void stop_when_drained(struct master *master)
{
    if (master->state == MASTER_DRAINING && children_living(master, BOARD_ROLE_WORKER) == 0 &&
        takeover_look(&master->takeover, master->board) == 0)
        stop(master);
}

static void drain(struct master *master)
{
    if (master->state != MASTER_RUNNING)
        return;
    master->state = MASTER_DRAINING;
    say_stop(master, LOG_LEVEL_NOTICE, "draining",
             "draining: no new connections, stopping when the last one has ended");
    listeners_close(&master->listeners);
    children_signal(master, BOARD_ROLE_WORKER, SIGUSR1);
    takeover_release(&master->takeover);
    stop_when_drained(master);
}

/* The children go on serving; the next start takes over from them. */
static void step_down(struct master *master)
{
    if (master->state == MASTER_RUNNING)
        master->wants_to_leave = true;
    else
        log_warning("not stepping down: this balancer is stopping");
}

/* ---- signals ---- */

static void on_child(struct master *master)
{
    children_reap(master);
    stop_when_drained(master);
}

static void take_signal(struct master *master, unsigned number)
{
    switch (number) {
    case SIGCHLD:
        on_child(master);
        break;
    case SIGTERM:
    case SIGINT:
        stop(master);
        break;
    case SIGQUIT:
        drain(master);
        break;
    case SIGHUP:
        reload_request(master);
        break;
    case SIGUSR2:
        step_down(master);
        break;
    case SIGUSR1:
        log_warning("USR1 has no meaning for the master");
        break;
    default:
        break;
    }
}

static void on_signals(struct loop_watch *watch, unsigned events)
{
    struct master *master = CONTAINER_OF(watch, struct master, signals);
    struct signalfd_siginfo info;

    (void)events;
    while (read(watch->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        take_signal(master, info.ssi_signo);
}

/* ---- the loop ---- */

static void on_second(struct loop_timer *timer)
{
    struct master *master = CONTAINER_OF(timer, struct master, second);

    loop_timer_set(master->loop, timer, loop_now_ms(master->loop) + 1000);
    monitor_look(&master->monitor, master->board);
    watchdog_look(master);
    takeover_look(&master->takeover, master->board);
    stop_when_drained(master);
    reload_log_owed(master);
    atomic_store_explicit(&board_my_master(master->board)->log_dropped, master->logger.dropped,
                          memory_order_relaxed);
}

/* Orphans are nobody's children: their end is looked for. */
#define ORPHAN_LOOK_MS 10

static bool is_over(struct master *master)
{
    if (master->state != MASTER_STOPPING || children_living(master, BOARD_ROLE_NONE) > 0 ||
        !resolver_is_gone(master))
        return false;
    if (takeover_look(&master->takeover, master->board) == 0)
        return true;
    /* Whoever served before this start still does, and another one may take over from them. */
    if (master->gives_up)
        master->state = MASTER_STEPPING_DOWN;
    return master->gives_up;
}

/* A reload is brought to its end first: its checker would otherwise be left half-way. */
static bool may_leave(struct master *master)
{
    if (!master->wants_to_leave || children_are_changing(master))
        return false;
    master->state = MASTER_STEPPING_DOWN;
    resolver_stop(master);
    say_stop(master, LOG_LEVEL_NOTICE, "stepping-down",
             "stepping down: the children go on serving, the next start takes over");
    return true;
}

static int serve(struct master *master)
{
    while (!is_over(master) && !may_leave(master)) {
        bool looks_for_orphans =
            master->state == MASTER_STOPPING && children_living(master, BOARD_ROLE_NONE) == 0;

        if (loop_turn(master->loop, looks_for_orphans ? ORPHAN_LOOK_MS : -1) == -1) {
            log_error("event loop: %s", strerror(errno));
            return 1;
        }
    }
    return 0;
}

/* Fewer sessions for each worker than this are worth a warning. */
#define FEW_SESSIONS 10000

static void say_limits(void)
{
    unsigned most = worker_sessions_most();

    struct keyvalue line;

    keyvalue_begin(&line, "room");
    keyvalue_number(&line, "sessions", most);
    if (most < FEW_SESSIONS)
        log_event(LOG_LEVEL_WARNING, &line,
                  "the limit of open files leaves each worker %u connections; raise it "
                  "(ulimit -n, or LimitNOFILE) for more",
                  most);
    else
        log_event(LOG_LEVEL_INFO, &line,
                  "the limit of open files allows each worker %u connections", most);
}

static void name_services(const struct epoch *epoch, struct textbuf *names)
{
    for (unsigned i = 0; i < epoch->service_count; i++) {
        const struct conf_service *service = epoch_service(epoch, i);

        if (service->enabled)
            textbuf_printf(names, "%s%s", names->length > 0 ? ", " : "", service->name);
    }
}

static void say_started(const struct master *master)
{
    const struct epoch *epoch = master->epoch;
    struct keyvalue line;
    struct textbuf names;

    textbuf_init(&names, LOG_RECORD_SIZE / 2);
    name_services(epoch, &names);
    keyvalue_begin(&line, "start");
    keyvalue_word(&line, "version", PACKAGE_VERSION);
    keyvalue_word(&line, "name", epoch->global.name);
    keyvalue_number(&line, "pid", (uint64_t)getpid());
    keyvalue_number(&line, "workers", epoch->global.workers);
    keyvalue_number(&line, "orphans", master->takeover.count);
    log_event(LOG_LEVEL_NOTICE, &line,
              "k0slb " PACKAGE_VERSION " (%s, pid %d) serves %s with %u worker%s",
              epoch->global.name, (int)getpid(), names.data != NULL ? names.data : "nothing",
              (unsigned)epoch->global.workers, epoch->global.workers == 1 ? "" : "s");
    textbuf_fini(&names);
    say_limits();
    board_event(master->board, "started, version " PACKAGE_VERSION);
}

/* "NAME: k0slbd", so that pgrep(1) finds it by the name of the program. */
static void set_title(const struct master *master)
{
    char title[2 * CONF_NAME_SIZE];

    snprintf(title, sizeof(title), "%s: k0slbd", master->name);
    process_set_title(title);
}

static int run(const struct master_options *options)
{
    struct master *master = calloc(1, sizeof(*master));
    int status = 1;

    if (master == NULL || start_open(master, options) == -1)
        goto out;
    log_set_name("master");
    set_title(master);
    reload_init(master);
    master->signals.fn = on_signals;
    master->second.fn = on_second;
    master->kill.fn = on_kill;
    if (loop_add(master->loop, &master->signals, LOOP_READ) == 0) {
        say_started(master);
        announce_begin(master);
        loop_timer_set(master->loop, &master->second, mono_ms());
        resolver_begin(master);
        renewal_begin(master);
        children_adjust(master);
        status = serve(master);
        if (master->state != MASTER_STEPPING_DOWN)
            say_stop(master, LOG_LEVEL_NOTICE, "stopped", "stopped");
    }
    reload_fini(master);
    start_close(master);

out:
    if (master != NULL)
        announce_close(master);
    free(master);
    return status;
}

/* Its paths are those of the caller's directory, which it leaves. */
static int run_daemon(const struct master_options *options)
{
    char *path = daemonize_path(options->path);
    struct master_options daemon = {.path = path, .is_daemon = true};
    int status = EXIT_FAILURE;

    if (path == NULL) {
        log_error("cannot tell the directory of %s: %s", options->path, strerror(errno));
        return status;
    }
    daemon.report = daemonize(&status);
    if (daemon.report != -1)
        status = run(&daemon);
    free(path);
    return status;
}

int master_run(const struct master_options *options)
{
    struct master_options foreground = {.path = options->path, .report = -1};

    start_log();
    return options->is_daemon ? run_daemon(options) : run(&foreground);
}
