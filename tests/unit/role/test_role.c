#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mono.h"
#include "channel/channel.h"

#include "unit/child.h"
#include "unit/descriptors.h"
#include "unit/role/nursery.h"
#include "unit/role/status.h"
#include "unit/unit.h"

extern const struct unit_test role_tests[];

static const struct nursery_plan plain = {.role = BOARD_ROLE_CHECKER};

static bool is_in(uint64_t set, int number)
{
    return (set >> (number - 1) & 1) != 0;
}

/* ---- signals ---- */

static void test_term(void)
{
    struct nursery nursery;

    nursery_open(&nursery, &plain);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->started, 1));
    ASSERT_NUMBER(nursery.diary->stopped, 0);
    kill(nursery.pid, SIGTERM);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->stopped, 1));
    ASSERT_NUMBER(nursery.diary->stopped, 1);
    ASSERT_NUMBER(nursery.diary->drained, 0);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

/* The terminal's signals and HUP are the master's: the USR1 that follows them is still obeyed. */
static void test_ignored(void)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE};
    struct nursery nursery;

    nursery_open(&nursery, &plain);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->started, 1));
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++) {
        CU_ASSERT(is_in(status_bits(nursery.pid, "SigIgn"), ignored[i]));
        kill(nursery.pid, ignored[i]);
    }
    CU_ASSERT(!is_in(status_bits(nursery.pid, "SigIgn"), SIGCHLD));
    kill(nursery.pid, SIGUSR1);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->drained, 1));
    ASSERT_NUMBER(nursery.diary->stopped, 0);
    kill(nursery.pid, SIGTERM);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

/* Nothing else is blocked: a debugger's and a resource limit's signals work as ever. */
static void test_blocked(void)
{
    const uint64_t wanted = UINT64_C(1) << (SIGTERM - 1) | UINT64_C(1) << (SIGUSR1 - 1);
    struct nursery nursery;
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before); /* as the master has it when it forks */
    nursery_open(&nursery, &plain);
    sigprocmask(SIG_SETMASK, &before, NULL);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->started, 1));
    ASSERT_NUMBER(status_bits(nursery.pid, "SigBlk"), wanted);
    ASSERT_NUMBER(status_bits(nursery.pid, "SigCgt") & wanted, 0);
    kill(nursery.pid, SIGTERM);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

/* A signal that came before the child could listen is not lost. */
static void test_early_term(void)
{
    struct nursery nursery;
    sigset_t term;
    sigset_t before;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before);
    nursery_open(&nursery, &plain);
    kill(nursery.pid, SIGTERM);
    sigprocmask(SIG_SETMASK, &before, NULL);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

/* ---- the channel ---- */

/* It goes on without one. */
static void test_master_is_gone(void)
{
    struct nursery nursery;
    int beats;

    nursery_open(&nursery, &plain);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->started, 1));
    fd_close(&nursery.channel);
    beats = atomic_load(&nursery.diary->heartbeats);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->heartbeats, beats + 2));
    ASSERT_NUMBER(nursery.diary->stopped, 0);
    kill(nursery.pid, SIGTERM);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

/* No other master could find it. */
static void test_unknown_to_all(void)
{
    struct nursery_plan unnoted = plain;
    struct nursery nursery;

    unnoted.is_unnoted = true;
    nursery_open(&nursery, &unnoted);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->started, 1));
    fd_close(&nursery.channel);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

static int next_message(const struct nursery *nursery, struct channel_message *message)
{
    struct pollfd ready = {.fd = nursery->channel, .events = POLLIN};
    int fds[CHANNEL_MAX_FDS];

    if (poll(&ready, 1, 20000) != 1)
        return -1;
    return channel_receive(nursery->channel, message, fds);
}

static void tell_done(struct nursery *nursery)
{
    role_tell(nursery->life, CHANNEL_CHECKS_DONE);
}

/* It says that it is at work once start() is through, and what it is told to say in between. */
static void test_tells(void)
{
    struct nursery_plan plan = {.role = BOARD_ROLE_CHECKER, .look = tell_done};
    struct channel_message message = {0};
    struct nursery nursery;

    nursery_open(&nursery, &plan);
    ASSERT_NUMBER(next_message(&nursery, &message), 1);
    ASSERT_NUMBER(message.type, CHANNEL_CHECKS_DONE);
    ASSERT_NUMBER(next_message(&nursery, &message), 1);
    ASSERT_NUMBER(message.type, CHANNEL_BORN);
    ASSERT_NUMBER(message.fd_count, 0);
    kill(nursery.pid, SIGTERM);
    ASSERT_NUMBER(next_message(&nursery, &message), 0);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

static unsigned descriptors_of(pid_t pid)
{
    char path[64];
    unsigned count = 0;

    for (int fd = 0; fd < 64; fd++) {
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
        count += access(path, F_OK) == 0;
    }
    return count;
}

/* A message that this version does not know is said, and what came with it is closed. */
static void test_unknown_message(void)
{
    struct channel_message message = {.type = 77, .fd_count = 3};
    int fds[3] = {STDOUT_FILENO, STDOUT_FILENO, STDOUT_FILENO};
    struct nursery nursery;
    unsigned before;

    nursery_open(&nursery, &plain);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->started, 1));
    before = descriptors_of(nursery.pid);
    CU_ASSERT(before > 3);
    CU_ASSERT(channel_send(nursery.channel, &message, fds) == 0);
    CU_ASSERT(channel_send(nursery.channel, &message, fds) == 0);
    kill(nursery.pid, SIGUSR1); /* answered after the messages, or between them */
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->drained, 1));
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->heartbeats, 2));
    ASSERT_NUMBER(descriptors_of(nursery.pid), before);
    kill(nursery.pid, SIGTERM);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->stopped, 1));
    CU_ASSERT(nursery_logged(&nursery, "<1>checker: unknown message 77 from the master\n"));
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

/* ---- turns ---- */

static void test_heartbeats(void)
{
    struct nursery nursery;
    uint64_t began_ms = mono_ms();

    nursery_open(&nursery, &plain);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->heartbeats, 3));
    CU_ASSERT(mono_ms() - began_ms >= 2 * ROLE_HEARTBEAT_MS);
    CU_ASSERT(nursery.diary->turns >= 3 && nursery.diary->turns < 30);
    kill(nursery.pid, SIGTERM);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

static void want_turns(struct nursery *nursery)
{
    atomic_store(&nursery->diary->wants_more_turns, 1000);
}

/* In a hurry, turns follow each other without waiting; afterwards they wait again. */
static void test_hurry(void)
{
    struct nursery_plan plan = {.role = BOARD_ROLE_CHECKER, .look = want_turns};
    struct nursery nursery;
    int beats;

    nursery_open(&nursery, &plan);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->turns, 1000));
    beats = atomic_load(&nursery.diary->heartbeats);
    CU_ASSERT(beats < 20);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->heartbeats, beats + 1));
    CU_ASSERT(nursery.diary->turns < 1030);
    kill(nursery.pid, SIGTERM);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

static void finish_at_once(struct nursery *nursery)
{
    role_finish(nursery->life);
}

static void test_finish(void)
{
    struct nursery_plan plan = {.role = BOARD_ROLE_CHECKER, .look = finish_at_once};
    struct nursery nursery;

    nursery_open(&nursery, &plan);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->stopped, 1));
    ASSERT_NUMBER(nursery.diary->turns, 0);
    ASSERT_NUMBER(nursery_close(&nursery), 0);
}

/* ---- births that fail ---- */

static void test_prepare_fails(void)
{
    struct nursery_plan plan = {.role = BOARD_ROLE_CHECKER, .fail_prepare = true};
    struct nursery nursery;
    struct channel_message message;

    nursery_open(&nursery, &plan);
    ASSERT_NUMBER(next_message(&nursery, &message), 0);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->prepared, 1));
    ASSERT_NUMBER(nursery.diary->started + nursery.diary->stopped, 0);
    ASSERT_NUMBER(nursery_close(&nursery), ROLE_EXIT_SETUP);
}

static void test_start_fails(void)
{
    struct nursery_plan plan = {.role = BOARD_ROLE_CHECKER, .fail_start = true};
    struct nursery nursery;
    struct channel_message message;

    nursery_open(&nursery, &plan);
    ASSERT_NUMBER(next_message(&nursery, &message), 0);
    CU_ASSERT(nursery_await(&nursery, &nursery.diary->stopped, 1));
    ASSERT_NUMBER(nursery.diary->heartbeats, 0);
    ASSERT_NUMBER(nursery_close(&nursery), ROLE_EXIT_SETUP);
}

const struct unit_test role_tests[] = {
    {"term", test_term},
    {"ignored", test_ignored},
    {"blocked", test_blocked},
    {"early_term", test_early_term},
    {"master_is_gone", test_master_is_gone},
    {"unknown_to_all", test_unknown_to_all},
    {"tells", test_tells},
    {"unknown_message", test_unknown_message},
    {"heartbeats", test_heartbeats},
    {"hurry", test_hurry},
    {"finish", test_finish},
    {"prepare_fails", test_prepare_fails},
    {"start_fails", test_start_fails},
    {NULL, NULL},
};
