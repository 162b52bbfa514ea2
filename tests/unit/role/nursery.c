#include "unit/role/nursery.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"
#include "channel/channel.h"

#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/unit.h"

#define AWAIT_MS 20000

/* ---- the role ---- */

static void note_descriptors(struct diary *diary)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL && diary->fd_count < NURSERY_MOST_FDS) {
        int fd = atoi(entry->d_name);

        if (entry->d_name[0] == '.' || fd == dirfd(dir))
            continue;
        if (readlinkat(dirfd(dir), entry->d_name, diary->links[diary->fd_count], 63) > 0)
            diary->fds[diary->fd_count++] = fd;
    }
    if (dir != NULL)
        closedir(dir);
}

static void *toy_prepare(const struct role_birth *birth)
{
    uintptr_t place = (uintptr_t)birth - offsetof(struct nursery, birth);
    struct nursery *nursery = (struct nursery *)place;

    nursery->diary->prepared_uid = geteuid();
    atomic_store(&nursery->diary->prepared, 1);
    return nursery->plan.fail_prepare ? NULL : nursery;
}

static int toy_start(void *state, struct role_life *life)
{
    struct nursery *nursery = state;

    nursery->life = life;
    note_descriptors(nursery->diary);
    if (nursery->plan.look != NULL)
        nursery->plan.look(nursery);
    atomic_store(&nursery->diary->started, 1);
    return nursery->plan.fail_start ? -1 : 0;
}

static void toy_turn(void *state)
{
    struct nursery *nursery = state;
    int wanted = atomic_load(&nursery->diary->wants_more_turns);

    if (atomic_fetch_add(&nursery->diary->turns, 1) + 1 < wanted)
        role_hurry(nursery->life);
}

static void toy_heartbeat(void *state)
{
    atomic_fetch_add(&((struct nursery *)state)->diary->heartbeats, 1);
}

static void toy_drain(void *state)
{
    atomic_fetch_add(&((struct nursery *)state)->diary->drained, 1);
}

static void toy_stop(void *state)
{
    atomic_fetch_add(&((struct nursery *)state)->diary->stopped, 1);
}

static const struct role_ops toy_ops = {
    .prepare = toy_prepare,
    .start = toy_start,
    .turn = toy_turn,
    .heartbeat = toy_heartbeat,
    .drain = toy_drain,
    .stop = toy_stop,
};

/* ---- the inheritance ---- */

static int listen_somewhere(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    CU_ASSERT_FATAL(fd != -1 && listen(fd, 5) == 0);
    return fd;
}

static void make_epoch(struct nursery *nursery)
{
    struct conf_service service = {.name = "kubeAPI", .listener_count = 2, .enabled = 1};
    struct conf_listener listeners[4] = {
        {.owner = 0}, {.owner = 0}, {.owner = CONF_STATS_OWNER}, {.owner = CONF_STATS_OWNER}};
    struct conf conf = {
        .services = &service, .listeners = listeners, .service_count = 1, .listener_count = 4};
    int fd;

    strcpy(conf.global.name, "k0slb-unit");
    conf.global.change_user = nursery->plan.change_user;
    conf.global.uid = nursery->plan.uid;
    conf.global.gid = nursery->plan.gid;
    fd = epoch_seal(&conf, 1);
    CU_ASSERT_FATAL(fd != -1);
    nursery->epoch = epoch_map(fd);
    fd_close(&fd);
    CU_ASSERT_FATAL(nursery->epoch != NULL);
}

static void make_birth(struct nursery *nursery)
{
    struct role_birth *birth = &nursery->birth;
    int channel[2];
    int log[2];

    CU_ASSERT_FATAL(channel_open(channel) == 0 && fd_pipe(log) == 0);
    for (int i = 0; i < 3; i++)
        nursery->listeners[i] = listen_somewhere();
    nursery->listeners[3] = -1;
    nursery->channel = channel[0];
    nursery->log = log[0];
    *birth = (struct role_birth){
        .role = nursery->plan.role,
        .slot = nursery->plan.slot,
        .epoch = nursery->epoch,
        .board = nursery->board,
        .listeners = nursery->listeners,
        .channel = channel[1],
        .log = log[1],
        .look_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
        .health_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
    };
    snprintf(birth->name, sizeof(birth->name), "%s", board_role_name(nursery->plan.role));
    CU_ASSERT_FATAL(birth->look_event != -1 && birth->health_event != -1);
}

static int live(void *context)
{
    struct nursery *nursery = context;
    uint32_t uid = nursery->plan.born_uid;

    if (uid != 0 && !child_become(uid, uid))
        return 1;
    return role_live(&nursery->birth, &toy_ops);
}

void nursery_open(struct nursery *nursery, const struct nursery_plan *plan)
{
    *nursery = (struct nursery){.plan = *plan};
    nursery->diary = child_share(sizeof(*nursery->diary));
    nursery->board = scratch_board(1, 3, 2);
    make_epoch(nursery);
    make_birth(nursery);
    nursery->pid = child_start(live, nursery);
    if (!plan->is_unnoted)
        board_add_child(nursery->board, nursery->pid, 1, plan->role, plan->slot);
    fd_close(&nursery->birth.channel);
    fd_close(&nursery->birth.log);
}

bool nursery_await(const struct nursery *nursery, const _Atomic int *number, int least)
{
    uint64_t deadline_ms = mono_ms() + AWAIT_MS;

    while (atomic_load(number) < least) {
        if (!child_is_running(nursery->pid) || mono_ms() > deadline_ms)
            return atomic_load(number) >= least;
        poll(NULL, 0, 1);
    }
    return true;
}

int nursery_close(struct nursery *nursery)
{
    int status = child_wait(nursery->pid);

    fd_close(&nursery->channel);
    fd_close(&nursery->log);
    fd_close(&nursery->birth.look_event);
    fd_close(&nursery->birth.health_event);
    for (int i = 0; i < 3; i++)
        fd_close(&nursery->listeners[i]);
    epoch_unmap(nursery->epoch);
    scratch_drop(nursery->board);
    child_unshare(nursery->diary, sizeof(*nursery->diary));
    return status;
}

/* The child may still be on its way out: its last line, or the end of the pipe, is waited for. */
bool nursery_logged(struct nursery *nursery, const char *text)
{
    struct pollfd ready = {.fd = nursery->log, .events = POLLIN};
    char lines[4096] = "";
    size_t held = 0;
    ssize_t got;

    while (strstr(lines, text) == NULL && poll(&ready, 1, 20000) == 1) {
        got = read(nursery->log, lines + held, sizeof(lines) - 1 - held);
        if (got <= 0)
            break;
        held += (size_t)got;
        lines[held] = '\0';
    }
    return strstr(lines, text) != NULL;
}
