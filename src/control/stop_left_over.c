#include "control/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/pidfile.h"
#include "board/board_lock.h"
#include "board/board_prefix.h"
#include "conf/conf_load.h"

/* What TERM has not ended by then is killed; a stopped process obeys nothing else. */
#define KILL_AFTER_MS 1000
#define DEADLINE_MS   5000

/* Only what holds that pid is removed: wherever one may be, another one's stays. */
static void remove_pid_file(const struct control *control, const char *name, pid_t pid)
{
    struct conf_report report = {.path = control->config};
    char path[CONF_PATH_SIZE];
    struct conf conf;

    snprintf(path, sizeof(path), K0SLB_RUNSTATEDIR "/%s.pid", name);
    pidfile_remove(path, pid);
    if (conf_load(&conf, control->config, &report) == 0) {
        if (strcmp(conf.global.name, name) == 0)
            pidfile_remove(conf.global.pid_file, pid);
        conf_free(&conf);
    }
    conf_report_free(&report);
}

static bool end_children(const struct members *members)
{
    if (members_signal_children(members, SIGTERM) == -1)
        return false;
    if (members_wait_until_gone(members, KILL_AFTER_MS))
        return true;
    if (members_signal_children(members, SIGKILL) == -1)
        return false;
    if (members_wait_until_gone(members, DEADLINE_MS))
        return true;
    errno = EBUSY;
    return false;
}

static int say_ended(const char *name, const struct members *members, size_t alive)
{
    struct textbuf text;
    int status;

    textbuf_init(&text, 256);
    textbuf_printf(&text, "%s: its master (pid %d) was dead; ended what was left: %u process%s\n",
                   name, (int)members->list[0].pid, (unsigned)alive, alive == 1 ? "" : "es");
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

/* With the lock there is no master, and none can begin. */
static int end_locked(const struct control *control, const char *name)
{
    struct members members;
    size_t alive;

    if (members_read(&members, name) == -1)
        return stop_refuse(name, "its segment cannot be read", errno);
    if (member_is_alive(&members.list[0])) {
        control_complain("%s: its master (pid %d) lives, but without its lock", name,
                         (int)members.list[0].pid);
        return CONTROL_REFUSED;
    }
    alive = members_alive(&members);
    if (!end_children(&members)) {
        int error = errno;

        stop_complain_about_alive("not everything could be ended", &members);
        return stop_refuse(name, "cannot be stopped", error);
    }
    remove_pid_file(control, name, members.list[0].pid);
    board_prefix_unlink(name);
    return say_ended(name, &members, alive);
}

int stop_left_over(const struct control *control, const char *name)
{
    int lock = board_lock(name);
    int status;

    if (lock == -1 && errno == EWOULDBLOCK) {
        control_complain("%s is just being started again; try again", name);
        return CONTROL_REFUSED;
    }
    if (lock == -1)
        return stop_refuse(name, "cannot be stopped", errno);
    status = end_locked(control, name);
    /* Where something is left, the next start needs no more than the lock's being free. */
    board_unlock(name, &lock);
    return status;
}
