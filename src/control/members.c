#include "control/members.h"

#include <errno.h>
#include <time.h>

#include "base/mono.h"
#include "base/process.h"
#include "board/board.h"
#include "board/board_prefix.h"

#define LOOK_MS 20

int members_read(struct members *members, const char *name)
{
    struct board_prefix prefix;

    if (board_prefix_read(name, &prefix, &members->owner) == -1)
        return -1;
    members->count = 0;
    members->list[members->count++] = (struct member){.pid = atomic_load(&prefix.master_pid),
                                                      .start_time = prefix.master_start_time};
    for (size_t i = 0; i < BOARD_MAX_CHILDREN; i++) {
        const struct board_child *child = &prefix.children[i];
        struct member member = {
            .pid = atomic_load(&child->pid), .start_time = child->start_time, .role = child->role};

        if (member.pid > 0)
            members->list[members->count++] = member;
    }
    return 0;
}

bool member_is_alive(const struct member *member)
{
    return process_is_alive(member->pid, member->start_time);
}

int member_signal(const struct members *members, const struct member *member, int signal)
{
    uid_t user;

    if (members->owner != 0) {
        if (process_owner(member->pid, &user) == -1)
            return -1;
        if (user != members->owner) {
            errno = EPERM;
            return -1;
        }
    }
    return process_signal(member->pid, member->start_time, signal);
}

size_t members_alive(const struct members *members)
{
    size_t alive = 0;

    for (size_t i = 0; i < members->count; i++)
        alive += member_is_alive(&members->list[i]);
    return alive;
}

void members_name_alive(const struct members *members, struct textbuf *out)
{
    const char *separator = "";

    for (size_t i = 0; i < members->count; i++) {
        const struct member *member = &members->list[i];

        if (!member_is_alive(member))
            continue;
        textbuf_printf(out, "%s%s (pid %d)", separator,
                       member->role == BOARD_ROLE_NONE ? "master" : board_role_name(member->role),
                       (int)member->pid);
        separator = ", ";
    }
}

int members_signal_children(const struct members *members, int signal)
{
    int error = 0;

    for (size_t i = 1; i < members->count; i++) {
        const struct member *member = &members->list[i];

        if (member_is_alive(member) && member_signal(members, member, signal) == -1 &&
            errno != ESRCH)
            error = errno;
    }
    errno = error;
    return error == 0 ? 0 : -1;
}

bool members_wait_until_gone(const struct members *members, unsigned within_ms)
{
    struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    uint64_t deadline_ms = mono_ms() + within_ms;

    while (members_alive(members) > 0) {
        if (mono_ms() >= deadline_ms)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}
