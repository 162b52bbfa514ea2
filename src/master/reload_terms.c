#include "master/reload_terms.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "board/board_master.h"
#include "conf/conf_load.h"

#include "master/children.h"
#include "master/master_state.h"
#include "master/slots.h"
#include "master/trial_run.h"
#include "probe/keyring.h"

/* Puts the report's lines where this reload's errors are; warnings go to the log alone. */
static void take_report(struct reload *reload, const struct conf_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct conf_message *message = &report->messages[i];

        if (message->severity == CONF_ERROR)
            textbuf_printf(&reload->errors, "%s\n", message->text);
        else if (reload->log.is_told)
            log_warning("%s", message->text);
    }
}

/* What children were born with cannot change under them. */
static void refuse_change(struct master *master, const char *key, const char *before,
                          const char *after)
{
    if (strcmp(before, after) != 0)
        textbuf_printf(&master->reload.errors, "%s: [k0slb] %s: needs a restart (%s%s%s runs)\n",
                       master->path, key, *before != '\0' ? "\"" : "none", before,
                       *before != '\0' ? "\"" : "");
}

static int check_restart_keys(struct master *master, const struct conf *conf)
{
    const struct conf_global *before = &master->epoch->global;
    const struct conf_global *after = &conf->global;
    const struct textbuf *errors = &master->reload.errors;
    unsigned slots = board_master(master->board)->layout.workers;

    refuse_change(master, "name", before->name, after->name);
    refuse_change(master, "user", before->user, after->user);
    refuse_change(master, "group", before->group, after->group);
    /* By default it follows the name, about which enough has been said. */
    if (strcmp(before->name, after->name) == 0)
        refuse_change(master, "pid_file", announce_pid_file(before, master->is_daemon),
                      announce_pid_file(after, master->is_daemon));
    if (before->max_sources != after->max_sources)
        textbuf_printf(&master->reload.errors,
                       "%s: [k0slb] max_sources: needs a restart (%u runs)\n", master->path,
                       (unsigned)before->max_sources);
    if (after->workers > slots)
        textbuf_printf(&master->reload.errors,
                       "%s: [k0slb] workers: needs a restart (this board has room for %u)\n",
                       master->path, slots);
    return errors->length == 0 ? 0 : -1;
}

/* A file that changes after the look at its mark is looked at again. */
static int try_files(struct master *master, const struct conf *conf, struct conf_report *report)
{
    struct keyring_wants wants = keyring_wants_of_conf(conf);

    master->reload.mark = keyring_mark(&wants);
    return trial_run_conf(conf, master->logger.pipe_write, report);
}

static int load(struct master *master, struct conf *conf)
{
    struct conf_report report = {.path = master->path};
    int result = conf_load(conf, master->path, &report);

    if (result == 0 && try_files(master, conf, &report) == -1) {
        conf_free(conf);
        result = -1;
    }
    take_report(&master->reload, &report);
    conf_report_free(&report);
    if (result == -1)
        return -1;
    result = check_restart_keys(master, conf);
    if (result == -1)
        conf_free(conf);
    return result;
}

static int failed(struct reload *reload, const char *what)
{
    textbuf_printf(&reload->errors, "%s: %s\n", what, strerror(errno));
    return -1;
}

static int make_epoch(struct master *master)
{
    struct reload *reload = &master->reload;
    struct conf conf;
    int result = -1;

    if (load(master, &conf) == -1)
        return -1;
    if (slots_reserve(master->board, &conf, &reload->errors) == 0) {
        reload->epoch_fd = epoch_seal(&conf, master->epoch->number + 1);
        if (reload->epoch_fd != -1)
            reload->epoch = epoch_map(reload->epoch_fd);
        result = reload->epoch == NULL ? failed(reload, "cannot seal the configuration") : 0;
        if (result == 0 && resolver_prepare(master, reload->epoch) == -1)
            result = failed(reload, "cannot keep the names of the configuration");
    }
    conf_free(&conf);
    return result;
}

static int open_listeners(struct master *master)
{
    struct reload *reload = &master->reload;
    struct listeners_before before;

    listeners_in_force(&before, &master->listeners, master->epoch);
    if (listeners_open(&reload->listeners, reload->epoch, &before, &reload->errors) == -1)
        return -1;
    listeners_note_new(&reload->listeners, reload->epoch, master->board);
    return 0;
}

static int no_room(struct master *master, const char *what)
{
    textbuf_printf(&master->reload.errors, "no room for %s on the board /dev/shm/%s: %s\n", what,
                   master->name, strerror(errno));
    return -1;
}

static int make_room(struct master *master)
{
    const struct epoch *epoch = master->reload.epoch;

    if (children_make_room(master, epoch->global.workers) == -1)
        return no_room(master, "more workers");
    if (slots_need_sources(epoch) && board_want_sources(master->board) == -1)
        return no_room(master, "tables of client addresses");
    return 0;
}

int reload_make_terms(struct master *master)
{
    if (make_epoch(master) == -1 || make_room(master) == -1)
        return -1;
    return open_listeners(master);
}
