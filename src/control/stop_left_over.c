#include "control/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "board/board_lock.h"
#include "board/board_prefix.h"

/* What TERM has not ended by then is killed; a stopped process obeys nothing else. */
#define KILL_AFTER_MS 1000
#define DEADLINE_MS   5000

/* Whether the file says that pid, and nothing else. A link is not followed. */
static bool has_pid(const char *path, pid_t pid)
{
    char text[32] = "";
    char wanted[32];
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t got = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);

    fd_close(&fd);
    snprintf(wanted, sizeof(wanted), "%d\n", (int)pid);
    return got > 0 && strcmp(text, wanted) == 0;
}

/* Another one's is left alone. */
static void remove_pid_file(const char *name, pid_t pid)
{
    char path[sizeof(K0SLB_RUNSTATEDIR) + CONF_NAME_SIZE + 8];

    snprintf(path, sizeof(path), K0SLB_RUNSTATEDIR "/%s.pid", name);
    if (has_pid(path, pid) && unlink(path) == -1)
        control_complain("cannot remove %s: %s", path, strerror(errno));
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
static int end_locked(const char *name)
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
    remove_pid_file(name, members.list[0].pid);
    board_prefix_unlink(name);
    return say_ended(name, &members, alive);
}

int stop_left_over(const char *name)
{
    int lock = board_lock(name);
    int status;

    if (lock == -1 && errno == EWOULDBLOCK) {
        control_complain("%s is just being started again; try again", name);
        return CONTROL_REFUSED;
    }
    if (lock == -1)
        return stop_refuse(name, "cannot be stopped", errno);
    status = end_locked(name);
    /* Where something is left, the next start needs no more than the lock's being free. */
    board_unlock(name, &lock);
    return status;
}
