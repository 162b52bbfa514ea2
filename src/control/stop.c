#include "control/stop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "control/members.h"

/* How long the master and its children are waited for. */
#define STOP_DEADLINE_MS 10000

void stop_complain_about_alive(const char *what, const struct members *members)
{
    struct textbuf names;

    textbuf_init(&names, 8192);
    members_name_alive(members, &names);
    control_complain("%s: %s", what, names.length > 0 ? names.data : "none");
    textbuf_fini(&names);
}

int stop_refuse(const char *name, const char *what, int error)
{
    bool is_right = error == EPERM || error == EACCES;

    control_complain("%s: %s: %s%s", name, what, strerror(error),
                     is_right ? "; run this as root, or as the user who started it" : "");
    return CONTROL_REFUSED;
}

/* One that has gone by itself meanwhile is what was wanted. */
static int tell_master(const struct members *members, int signal)
{
    if (member_signal(members, &members->list[0], signal) == -1 && errno != ESRCH)
        return -1;
    return 0;
}

static int stop_now(const char *name, const struct members *members)
{
    struct textbuf text;
    int status;

    if (tell_master(members, SIGTERM) == -1)
        return stop_refuse(name, "cannot be stopped", errno);
    if (!members_wait_until_gone(members, STOP_DEADLINE_MS)) {
        stop_complain_about_alive("told to stop, but still there after 10 s", members);
        return CONTROL_REFUSED;
    }
    textbuf_init(&text, 256);
    textbuf_printf(&text, "%s stopped (pid %d)\n", name, (int)members->list[0].pid);
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

/* The master alone: the others go on. */
static int step_down(const char *name, const struct members *members)
{
    struct members master = {.owner = members->owner, .count = 1, .list = {members->list[0]}};
    struct textbuf text;
    int status;

    if (tell_master(members, SIGUSR2) == -1)
        return stop_refuse(name, "cannot be told to step down", errno);
    if (!members_wait_until_gone(&master, STOP_DEADLINE_MS)) {
        stop_complain_about_alive("told to step down, but still there after 10 s", &master);
        return CONTROL_REFUSED;
    }
    textbuf_init(&text, 256);
    textbuf_printf(&text, "%s stepped down (pid %d); %u processes go on serving\n", name,
                   (int)master.list[0].pid, (unsigned)members_alive(members));
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

static int complain_about_master(const char *name, const struct members *members)
{
    control_complain("%s is not running: its master (pid %d) is dead", name,
                     (int)members->list[0].pid);
    return CONTROL_NOT_RUNNING;
}

int verb_stop(const struct control *control)
{
    char name[CONF_NAME_SIZE];
    const bool is_step_down = control->options[OPTION_STEP_DOWN] != NULL;
    struct members members;

    if (members_read(&members, control_name(control, name)) == -1) {
        if (errno == EACCES)
            return control_refuse_stranger(name, "cannot be stopped");
        control_explain(name, errno);
        return CONTROL_NOT_RUNNING;
    }
    if (!member_is_alive(&members.list[0]))
        return is_step_down ? complain_about_master(name, &members) : stop_left_over(control, name);
    return is_step_down ? step_down(name, &members) : stop_now(name, &members);
}
