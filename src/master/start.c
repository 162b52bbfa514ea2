#include "master/start.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mono.h"
#include "base/process.h"
#include "board/board_lock.h"
#include "board/board_master.h"
#include "board/board_prefix.h"
#include "conf/conf_load.h"
#include "master/slots.h"
#include "master/trial_run.h"

/* More descriptors than this are of no use, and cost the kernel memory. */
#define FDS_MOST 1048576

/* How long a dead master's lock may take to be free, and how often that is looked at. */
#define LOCK_WAIT_MS 1000
#define LOCK_LOOK_MS 5

/* ---- before there is a log: "k0slbd: text" on standard error ---- */

static void print_record(void *context, const char *record, size_t size)
{
    const char *text = memmem(record, size, ": ", 2);

    (void)context;
    text += 2;
    sink_say(STDERR_FILENO, (enum log_level)(record[1] - '0'), text,
             size - 1 - (size_t)(text - record));
}

void start_log(void)
{
    log_to_sink(print_record, NULL);
}

static int failed(const char *what)
{
    log_error("%s: %s", what, strerror(errno));
    return -1;
}

/* ---- the file ---- */

/* Whoever calls it may read its standard error through a pipe, and not now. */
static void print_report(const struct conf_report *report)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (out != NULL) {
        conf_report_print(report, out);
        if (fclose(out) == 0)
            sink_say_lines(STDERR_FILENO, text);
    }
    free(text);
}

static int load(struct conf *conf, const char *path)
{
    struct conf_report report = {.path = path};
    int result = conf_load(conf, path, &report);

    if (result == 0 && trial_run_conf(conf, -1, &report) == -1) {
        conf_free(conf);
        result = -1;
    }
    print_report(&report);
    conf_report_free(&report);
    return result;
}

/* ---- the instance ---- */

static int say_running(const char *name)
{
    struct board *board = board_open(name);
    pid_t pid = board == NULL ? 0 : atomic_load(&board_master(board)->prefix.master_pid);

    board_close(board);
    if (pid > 0)
        log_error("%s is running already (pid %d)", name, (int)pid);
    else
        log_error("%s is running already", name);
    return -1;
}

/* Whether the board is that of a master which has ended. */
static bool is_dead(const char *name)
{
    struct board_prefix prefix;
    uid_t owner;

    return board_prefix_read(name, &prefix, &owner) == 0 &&
           !process_is_alive(atomic_load(&prefix.master_pid), prefix.master_start_time);
}

/*
 * A master that is killed while it forks leaves the lock, for a moment, to a child that has not
 * closed its copy yet.
 */
static int lock_soon(const char *name)
{
    const struct timespec pause = {.tv_nsec = LOCK_LOOK_MS * 1000000};
    uint64_t until_ms = mono_ms() + LOCK_WAIT_MS;

    for (;;) {
        int lock = board_lock(name);
        int error = errno;

        if (lock != -1 || error != EWOULDBLOCK || mono_ms() >= until_ms || !is_dead(name)) {
            errno = error;
            return lock;
        }
        nanosleep(&pause, NULL);
    }
}

static int take_lock(struct master *master, const char *name)
{
    master->lock = lock_soon(name);
    if (master->lock != -1)
        return 0;
    if (errno == EWOULDBLOCK)
        return say_running(name);
    log_error("cannot lock /dev/shm/%s.lock: %s", name, strerror(errno));
    return -1;
}

static int say_lines(struct textbuf *lines)
{
    log_error_lines(lines->data);
    textbuf_fini(lines);
    return -1;
}

static int make_board(struct master *master, struct conf *conf)
{
    struct board_plan plan = {
        .name = conf->global.name,
        .services = conf->service_count,
        .backends = conf->backend_count,
        .workers = conf->global.workers,
        .sources = conf->global.max_sources,
        .group = conf->global.change_user ? conf->global.gid : (gid_t)-1,
    };
    struct textbuf errors;

    master->board = board_create(&plan);
    if (master->board == NULL) {
        log_error("cannot make the board /dev/shm/%s: %s", plan.name, strerror(errno));
        return -1;
    }
    textbuf_init(&errors, BOARD_ERRORS_SIZE);
    if (slots_reserve(master->board, conf, &errors) == -1)
        return say_lines(&errors);
    return 0;
}

static int seal_epoch(struct master *master, const struct conf *conf)
{
    int fd = epoch_seal(conf, 1);

    if (fd == -1)
        return failed("cannot seal the configuration");
    master->epoch = epoch_map(fd);
    fd_close(&fd);
    if (master->epoch == NULL)
        return failed("cannot map the configuration");
    if (resolver_open(master, master->takeover.board) == -1)
        return failed("cannot keep the names of the configuration");
    slots_publish(master->board, master->epoch, &master->resolver.names);
    return 0;
}

static int open_listeners(struct master *master)
{
    struct takeover *takeover = &master->takeover;
    struct textbuf errors;

    if (takeover_lacks_sockets(takeover, master->epoch))
        takeover_make_room(takeover);
    takeover_vacate(takeover, master->epoch);
    textbuf_init(&errors, BOARD_ERRORS_SIZE);
    if (listeners_open(&master->listeners, master->epoch, &takeover->before, &errors) == -1)
        return say_lines(&errors);
    listeners_set_backlogs(&master->listeners, master->epoch);
    listeners_publish(&master->listeners, master->epoch, master->board);
    return 0;
}

/* ---- this process ---- */

static uint64_t open_files_possible(void)
{
    FILE *file = fopen("/proc/sys/fs/nr_open", "re");
    unsigned long possible = 0;

    if (file != NULL) {
        if (fscanf(file, "%lu", &possible) != 1)
            possible = 0;
        fclose(file);
    }
    return possible == 0 || possible > FDS_MOST ? FDS_MOST : possible;
}

/* As many as the kernel gives root; else as many as the hard limit allows. */
static void raise_open_files(void)
{
    struct rlimit limit;
    struct rlimit wanted;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return;
    wanted.rlim_cur = wanted.rlim_max = open_files_possible();
    if (wanted.rlim_max > limit.rlim_max && setrlimit(RLIMIT_NOFILE, &wanted) == 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        log_warning("cannot raise the limit of open files: %s", strerror(errno));
}

/* Blocked before the first fork and read in the loop: nothing runs in signal context. */
static int open_signals(struct master *master)
{
    static const int taken[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCHLD, SIGUSR1, SIGUSR2};
    sigset_t mask;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&mask);
    for (size_t i = 0; i < ARRAY_LEN(taken); i++)
        sigaddset(&mask, taken[i]);
    if (sigprocmask(SIG_BLOCK, &mask, NULL) == -1)
        return failed("cannot block signals");
    master->signals.fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    return master->signals.fd == -1 ? failed("cannot take signals as events") : 0;
}

static int open_events(struct master *master)
{
    master->look_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    master->health_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (master->look_event == -1 || master->health_event == -1)
        return failed("cannot make an eventfd");
    master->loop = loop_new();
    return master->loop == NULL ? failed("cannot make an event loop") : 0;
}

/* ---- all of it ---- */

/* The last step that can fail: from here on readers, and another start, see this master's board. */
static int publish_board(struct master *master)
{
    if (board_allocate_worker(master->board, 0) == -1)
        return failed("cannot allocate a worker's part of the board");
    if (slots_need_sources(master->epoch) && board_want_sources(master->board) == -1)
        return failed("cannot allocate the table of client addresses ([k0slb] max_sources)");
    takeover_carry(&master->takeover, master->board);
    monitor_begin(&master->monitor, master->board);
    if (board_publish(master->board) == -1)
        return failed("cannot publish the board");
    master->is_published = true;
    takeover_carry_words(&master->takeover, master->board);
    return 0;
}

/*
 * Signals are blocked first: one that comes before the loop runs waits for it, and cannot end a
 * half-started master that would leave its board behind.
 */
static int open_all(struct master *master, struct conf *conf)
{
    raise_open_files();
    if (open_signals(master) == -1 || take_lock(master, conf->global.name) == -1)
        return -1;
    takeover_find(&master->takeover, conf->global.name);
    if (make_board(master, conf) == -1 || seal_epoch(master, conf) == -1 ||
        open_listeners(master) == -1 || open_events(master) == -1)
        return -1;
    if (announce_open(master, &conf->global) == -1)
        return -1;
    if (logger_open(&master->logger, sink_choose(&conf->global, master->is_daemon)) == -1 ||
        logger_watch(&master->logger, master->loop) == -1)
        return failed("cannot make the log pipe");
    if (master->is_daemon)
        master->logger.echo = STDERR_FILENO;
    if (publish_board(master) == -1)
        return -1;
    takeover_close(&master->takeover);
    return 0;
}

int start_open(struct master *master, const struct master_options *options)
{
    struct conf conf = {0};
    int result;

    *master = (struct master){.lock = -1,
                              .look_event = -1,
                              .health_event = -1,
                              .signals = {.fd = -1},
                              .is_daemon = options->is_daemon,
                              .announce = {.report = options->report, .terminal = -1},
                              .resolver = RESOLVER_CLOSED,
                              .logger = LOGGER_CLOSED};
    if (load(&conf, options->path) == -1)
        return -1;
    /* A copy: options may stand in argv, which the process's title is written over. */
    master->path = strdup(options->path);
    if (master->path == NULL) {
        conf_free(&conf);
        return failed("no memory");
    }
    memcpy(master->name, conf.global.name, sizeof(master->name));
    log_set_level((enum log_level)conf.global.log_level);
    result = open_all(master, &conf);
    conf_free(&conf);
    if (result == -1)
        start_close(master);
    return result;
}

/* A board or children that are left behind keep their lock file, for the next start to lock. */
static void leave_lock(struct master *master)
{
    bool something_is_left = master->state == MASTER_STEPPING_DOWN ||
                             (!master->is_published && master->takeover.count > 0);

    if (master->lock != -1 && !something_is_left)
        board_unlock(master->name, &master->lock);
    fd_close(&master->lock);
}

void start_close(struct master *master)
{
    if (master->board != NULL && !master->is_published)
        board_discard(master->board);
    else if (master->board != NULL && master->state != MASTER_STEPPING_DOWN)
        board_unlink(master->board);
    takeover_close(&master->takeover);
    listeners_close(&master->listeners);
    pidfile_close(&master->announce.pidfile);
    resolver_close(master);
    logger_close(&master->logger);
    fd_close(&master->look_event);
    fd_close(&master->health_event);
    fd_close(&master->signals.fd);
    loop_free(master->loop);
    epoch_unmap(master->epoch);
    board_close(master->board);
    free(master->path);
    leave_lock(master);
}
