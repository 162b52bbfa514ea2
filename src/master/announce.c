#include "master/announce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/daemonize.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mono.h"
#include "board/board_master.h"
#include "master/master_state.h"

/* Beyond the slowest probe; and what a busy machine may need without any. */
#define MARGIN_MS 1000
#define LEAST_MS  5000

/* ---- the pid file ---- */

const char *announce_pid_file(const struct conf_global *global, bool is_daemon)
{
    return is_daemon || global->has_pid_file ? global->pid_file : "";
}

int announce_open(struct master *master, const struct conf_global *global)
{
    const char *path = announce_pid_file(global, master->is_daemon);

    if (*path == '\0' || pidfile_open(&master->announce.pidfile, path, getpid()) == 0)
        return 0;
    log_error("cannot write the pid file %s: %s%s", path, strerror(errno),
              global->has_pid_file ? "" : " ([k0slb] pid_file names another one)");
    return -1;
}

/* ---- waiting ---- */

static uint64_t longest_probe_ms(const struct epoch *epoch)
{
    uint64_t longest_ms = 0;

    for (unsigned i = 0; i < epoch->service_count; i++) {
        const struct conf_service *service = epoch_service(epoch, i);
        uint64_t probe_ms = service->check_connect_timeout + service->check_timeout;

        if (service->enabled && service->check != CHECK_NONE && probe_ms > longest_ms)
            longest_ms = probe_ms;
    }
    return longest_ms;
}

static void report(struct announce *announce, int status)
{
    daemonize_report(&announce->report, status);
    fd_close(&announce->terminal);
}

static void succeed(struct master *master)
{
    struct announce *announce = &master->announce;

    announce->is_done = true;
    loop_timer_stop(master->loop, &announce->deadline);
    /* Also when a child that is not needed to serve cannot be born. */
    takeover_release(&master->takeover);
    if (pidfile_publish(&announce->pidfile) == -1)
        log_error("cannot write the pid file %s: %s", announce->pidfile.path, strerror(errno));
    master->logger.echo = -1;
    report(announce, EXIT_SUCCESS);
}

/* It serves as soon as one worker does; and a daemon that does not is of no use to its caller. */
static void on_deadline(struct loop_timer *timer)
{
    struct announce *announce = CONTAINER_OF(timer, struct announce, deadline);
    struct master *master = CONTAINER_OF(announce, struct master, announce);
    unsigned born = children_born(master, BOARD_ROLE_WORKER);

    if (born > 0) {
        if (born < master->epoch->global.workers)
            log_warning("only %u of %u workers are at work", born,
                        (unsigned)master->epoch->global.workers);
        succeed(master);
    } else if (master->is_daemon) {
        log_error("no worker could be started: giving up");
        master_give_up(master);
    }
}

void announce_begin(struct master *master)
{
    struct announce *announce = &master->announce;
    uint64_t wait_ms = longest_probe_ms(master->epoch) + MARGIN_MS;

    if (master->is_daemon) {
        announce->terminal = daemonize_detach();
        master->logger.echo = announce->terminal;
    }
    announce->deadline.fn = on_deadline;
    loop_timer_set(master->loop, &announce->deadline,
                   mono_ms() + (wait_ms > LEAST_MS ? wait_ms : LEAST_MS));
}

void announce_look(struct master *master)
{
    if (!master->announce.is_done && master->state == MASTER_RUNNING &&
        atomic_load(&board_my_master(master->board)->checks_done) != 0 &&
        children_born(master, BOARD_ROLE_WORKER) >= master->epoch->global.workers)
        succeed(master);
}

void announce_close(struct master *master)
{
    static const char text[] = "it has ended before it served";
    struct announce *announce = &master->announce;

    if (announce->terminal != -1)
        sink_say(announce->terminal, LOG_LEVEL_ERROR, text, strlen(text));
    report(announce, EXIT_FAILURE);
}
