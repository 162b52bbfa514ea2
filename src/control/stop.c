#include "control/verb.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/mono.h"
#include "base/process.h"

/* How long the master and its children are waited for. */
#define STOP_DEADLINE_MS 10000
#define STOP_LOOK_MS     20

struct member {
    pid_t pid;
    uint64_t start_time;
    enum board_role role; /* BOARD_ROLE_NONE = the master */
};

/* The processes of an instance, the master first. */
struct members {
    size_t count;
    struct member list[1 + BOARD_MAX_CHILDREN];
};

static void gather(const struct board *board, struct members *members)
{
    const struct board_prefix *prefix = &board_master(board)->prefix;

    members->count = 0;
    members->list[members->count++] = (struct member){.pid = atomic_load(&prefix->master_pid),
                                                      .start_time = prefix->master_start_time};
    for (size_t i = 0; i < BOARD_MAX_CHILDREN; i++) {
        const struct board_child *child = &prefix->children[i];
        struct member member = {
            .pid = atomic_load(&child->pid), .start_time = child->start_time, .role = child->role};

        if (member.pid > 0)
            members->list[members->count++] = member;
    }
}

static bool is_alive(const struct member *member)
{
    return process_is_alive(member->pid, member->start_time);
}

static size_t count_alive(const struct members *members)
{
    size_t alive = 0;

    for (size_t i = 0; i < members->count; i++)
        alive += is_alive(&members->list[i]);
    return alive;
}

static void name_alive(const struct members *members, struct textbuf *out)
{
    for (size_t i = 0; i < members->count; i++) {
        const struct member *member = &members->list[i];

        if (!is_alive(member))
            continue;
        textbuf_printf(out, "%s%s (pid %d)", out->length > 0 ? ", " : "",
                       member->role == BOARD_ROLE_NONE ? "master" : board_role_name(member->role),
                       (int)member->pid);
    }
}

static void complain_about_alive(const char *what, const struct members *members)
{
    struct textbuf names;

    textbuf_init(&names, 8192);
    name_alive(members, &names);
    control_complain("%s: %s", what, names.length > 0 ? names.data : "none");
    textbuf_fini(&names);
}

static void wait_until_gone(const struct members *members)
{
    struct timespec pause = {.tv_nsec = STOP_LOOK_MS * 1000000L};
    uint64_t deadline_ms = mono_ms() + STOP_DEADLINE_MS;

    while (count_alive(members) > 0 && mono_ms() < deadline_ms)
        nanosleep(&pause, NULL);
}

static int say_stopped(const char *name, const struct members *members)
{
    struct textbuf text;
    int status;

    if (count_alive(members) > 0) {
        complain_about_alive("told to stop, but still there after 10 s", members);
        return CONTROL_REFUSED;
    }
    textbuf_init(&text, 256);
    textbuf_printf(&text, "%s stopped (pid %d)\n", name, (int)members->list[0].pid);
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

static int stop(const char *name, const struct members *members)
{
    const struct member *master = &members->list[0];

    if (!is_alive(master)) {
        control_complain("%s is not running: its master (pid %d) is dead", name, (int)master->pid);
        complain_about_alive("living children of it", members);
        return CONTROL_NOT_RUNNING;
    }
    /* One that has gone by itself meanwhile is what was wanted. */
    if (process_signal(master->pid, master->start_time, SIGTERM) == -1 && errno != ESRCH) {
        control_complain("%s (pid %d) cannot be stopped: %s%s", name, (int)master->pid,
                         strerror(errno),
                         errno == EPERM ? "; run this as root, or as the user who started it" : "");
        return CONTROL_REFUSED;
    }
    wait_until_gone(members);
    return say_stopped(name, members);
}

int verb_stop(const struct control *control)
{
    struct board *board = control_open_board(control);
    char name[CONF_NAME_SIZE];
    struct members members;

    if (board == NULL)
        return CONTROL_NOT_RUNNING;
    gather(board, &members);
    board_close(board);
    return stop(control_name(control, name), &members);
}
