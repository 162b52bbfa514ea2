#include "master/takeover.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mono.h"
#include "base/process.h"
#include "board/board_carry.h"
#include "board/board_master.h"
#include "board/board_prefix.h"
#include "master/process_log.h"

/* How long orphans may take to close their listeners, and how often that is looked at. */
#define MAKE_ROOM_MS 2000
#define LOOK_MS      5

/* ---- finding ---- */

static void find_orphans(struct takeover *takeover, const struct board_prefix *prefix)
{
    for (size_t i = 0; i < BOARD_MAX_CHILDREN; i++) {
        const struct board_child *child = &prefix->children[i];
        pid_t pid = atomic_load(&child->pid);

        if (!process_is_alive(pid, child->start_time))
            continue;
        takeover->orphans[takeover->count++] = (struct orphan){
            .pid = pid, .start_time = child->start_time, .role = (enum board_role)child->role};
    }
}

/* Any orphan that has the socket will do: it is the same one in all of them. */
static int take_socket(const struct takeover *takeover, uint64_t inode)
{
    int error = ENOENT;

    for (unsigned i = 0; i < takeover->count; i++) {
        const struct orphan *orphan = &takeover->orphans[i];
        int fd = process_take_socket(orphan->pid, orphan->start_time, inode);

        if (fd != -1)
            return fd;
        if (errno != ENOENT && errno != ESRCH)
            error = errno;
    }
    errno = error;
    return -1;
}

static void take_sockets(struct takeover *takeover, const struct board_prefix *prefix)
{
    struct listeners_before *before = &takeover->before;

    for (size_t i = 0; i < BOARD_MAX_SOCKETS && before->count < CONF_MAX_LISTENERS; i++) {
        const struct board_socket *socket = &prefix->sockets[i];
        uint64_t inode = atomic_load(&socket->inode);
        char text[ADDR_TEXT_SIZE];

        if (inode == 0)
            continue;
        before->addresses[before->count] = socket->address;
        before->fds[before->count] = take_socket(takeover, inode);
        /* It was new in a reload that its master did not live to decide: nobody has kept it. */
        if (before->fds[before->count] == -1 && errno == ENOENT)
            continue;
        if (before->fds[before->count] == -1)
            log_notice("cannot take over %s: %s", addr_format(&socket->address, text),
                       strerror(errno));
        before->count++;
    }
}

/*
 * Only a segment of our own user: another one's could name processes and sockets that are none of
 * ours.
 */
static int read_prefix(struct takeover *takeover, const char *name)
{
    uid_t owner;

    if (board_prefix_read(name, &takeover->prefix, &owner) == 0)
        return owner == geteuid() ? 0 : -1;
    if (errno == EPROTO)
        log_warning("/dev/shm/%s is no board of this program: it will be replaced", name);
    return -1;
}

void takeover_find(struct takeover *takeover, const char *name)
{
    *takeover = (struct takeover){0};
    if (read_prefix(takeover, name) == -1)
        return;
    if (takeover->prefix.version != BOARD_VERSION)
        log_warning("/dev/shm/%s has layout version %u: its numbers are not carried over", name,
                    (unsigned)takeover->prefix.version);
    find_orphans(takeover, &takeover->prefix);
    if (takeover->count > 0) {
        log_notice("taking over from a master that is gone: %u of its children serve",
                   takeover->count);
        take_sockets(takeover, &takeover->prefix);
    }
    takeover->board = board_open(name);
}

/* ---- sockets that cannot be taken ---- */

enum relation { UNRELATED, OVERLAPPING, WANTED };

/* What an address at which the orphans listen is to the listeners of the epoch. */
static enum relation relation_to(const struct epoch *epoch, const struct addr *address)
{
    enum relation relation = UNRELATED;

    for (unsigned i = 0; i < epoch->listener_count; i++) {
        const struct addr *wanted = &epoch_listener(epoch, i)->address;

        if (addr_equal(address, wanted))
            return WANTED;
        if (listeners_overlap(address, wanted))
            relation = OVERLAPPING;
    }
    return relation;
}

bool takeover_lacks_sockets(const struct takeover *takeover, const struct epoch *epoch)
{
    const struct listeners_before *before = &takeover->before;

    for (unsigned i = 0; i < before->count; i++) {
        if (before->fds[i] == -1 && relation_to(epoch, &before->addresses[i]) != UNRELATED)
            return true;
    }
    return false;
}

void takeover_vacate(struct takeover *takeover, const struct epoch *epoch)
{
    struct listeners_before *before = &takeover->before;
    char text[ADDR_TEXT_SIZE];

    for (unsigned i = 0; i < before->count; i++) {
        if (before->fds[i] == -1 || relation_to(epoch, &before->addresses[i]) != OVERLAPPING)
            continue;
        log_notice("%s gives way to a listener that overlaps it",
                   addr_format(&before->addresses[i], text));
        /* It listens no more, in the hands of orphans either. */
        shutdown(before->fds[i], SHUT_RD);
        fd_close(&before->fds[i]);
    }
}

/* Whether any orphan still listens: its board's sockets are looked for in its hands. */
static bool anyone_listens(const struct takeover *takeover)
{
    for (size_t i = 0; i < BOARD_MAX_SOCKETS; i++) {
        uint64_t inode = atomic_load(&takeover->prefix.sockets[i].inode);

        for (unsigned k = 0; inode != 0 && k < takeover->count; k++) {
            const struct orphan *orphan = &takeover->orphans[k];

            if (process_is_alive(orphan->pid, orphan->start_time) &&
                process_find_socket(orphan->pid, inode) != -1)
                return true;
        }
    }
    return false;
}

void takeover_make_room(struct takeover *takeover)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000};
    uint64_t until_ms = mono_ms() + MAKE_ROOM_MS;

    log_warning("the kernel does not let listening sockets be taken over: connections that come "
                "before they are bound again are refused");
    takeover_release(takeover);
    while (anyone_listens(takeover) && mono_ms() < until_ms)
        nanosleep(&pause, NULL);
}

/* ---- the rest of their lives ---- */

void takeover_carry(struct takeover *takeover, struct board *board)
{
    if (takeover->board != NULL)
        board_carry(board, takeover->board);
    for (unsigned i = 0; i < takeover->count; i++) {
        const struct orphan *orphan = &takeover->orphans[i];

        board_add_orphan(board, orphan->pid, orphan->start_time, orphan->role);
    }
}

void takeover_carry_words(const struct takeover *takeover, struct board *board)
{
    if (takeover->board != NULL)
        board_carry_words(board, takeover->board);
}

void takeover_signal(const struct takeover *takeover, int signal)
{
    for (unsigned i = 0; i < takeover->count; i++) {
        const struct orphan *orphan = &takeover->orphans[i];

        if (orphan->pid != 0 && process_signal(orphan->pid, orphan->start_time, signal) == -1 &&
            errno != ESRCH)
            log_error("cannot signal orphan %d: %s", (int)orphan->pid, strerror(errno));
    }
}

void takeover_release(struct takeover *takeover)
{
    if (takeover->is_released)
        return;
    takeover->is_released = true;
    takeover_signal(takeover, SIGUSR1);
}

static void say_finished(const struct orphan *orphan)
{
    const struct process_log what = {
        .state = "finished",
        .role = orphan->role,
        .slot = PROCESS_LOG_NO_SLOT,
        .pid = orphan->pid,
        .signal = PROCESS_LOG_NONE,
        .exit = PROCESS_LOG_NONE,
        .lived_ms = PROCESS_LOG_NONE,
        .restart_ms = PROCESS_LOG_NONE,
    };

    process_log_say(LOG_LEVEL_INFO, &what, "orphaned %s %d has finished",
                    board_role_name(orphan->role), (int)orphan->pid);
}

unsigned takeover_look(struct takeover *takeover, struct board *board)
{
    unsigned left = 0;

    for (unsigned i = 0; i < takeover->count; i++) {
        struct orphan *orphan = &takeover->orphans[i];

        if (orphan->pid == 0)
            continue;
        if (process_is_alive(orphan->pid, orphan->start_time)) {
            left++;
            continue;
        }
        board_remove_orphan(board, orphan->pid);
        say_finished(orphan);
        orphan->pid = 0;
    }
    return left;
}

void takeover_close(struct takeover *takeover)
{
    for (unsigned i = 0; i < takeover->before.count; i++) {
        if (!takeover->before.is_kept[i])
            fd_close(&takeover->before.fds[i]);
    }
    takeover->before.count = 0;
    board_close(takeover->board);
    takeover->board = NULL;
}
