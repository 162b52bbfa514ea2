#include "master/resolver.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mono.h"
#include "board/board_master.h"
#include "master/child.h"
#include "master/master_state.h"
#include "role/helper.h"

/* The process itself gives up a little later, in case that nobody is left to end it. */
#define OWN_SECONDS (RESOLVER_SECONDS + 2)

/* Room for a name, two addresses and a reason, in words. */
#define WORDS_SIZE 640

/* ---- when ---- */

/* Nobody is asked while answers are awaited, or before the last process has been reaped. */
static void plan(struct master *master)
{
    struct resolver *resolver = &master->resolver;
    uint64_t due_ms = names_next_due(&resolver->names);

    if (due_ms == UINT64_MAX || resolver->answers.fd != -1 || resolver->pid != 0)
        loop_timer_stop(master->loop, &resolver->due);
    else
        loop_timer_set(master->loop, &resolver->due, due_ms);
}

/* ---- what an answer changes ---- */

static void tell_checker(const struct master *master)
{
    static const uint64_t one = 1;

    if (write(master->look_event, &one, sizeof(one)) == -1 && errno != EAGAIN)
        log_warning("cannot wake the checker: %s", strerror(errno));
}

static void publish(struct master *master, const struct name *name)
{
    for (unsigned i = 0; i < master->epoch->backend_count; i++) {
        const struct conf_backend *backend = epoch_backend(master->epoch, i);
        struct addr address = name->address;

        if (strcmp(backend->host, name->host) != 0)
            continue;
        address.port = backend->address.port;
        board_set_address(master->board, backend->slot, &address);
    }
    tell_checker(master);
}

/* `was` has no family where the name has had no address. */
static void say_name(enum log_level level, const struct name *name, const struct addr *was,
                     const char *words)
{
    const char *trouble = name->trouble;
    bool has_failed = level == LOG_LEVEL_WARNING;
    char text[ADDR_TEXT_SIZE];
    struct keyvalue line;

    keyvalue_begin(&line, "name");
    keyvalue_word(&line, "host", name->host);
    keyvalue_word(&line, "result", has_failed ? "failed" : "ok");
    keyvalue_word(&line, "address",
                  name->address.family == ADDR_NONE ? NULL : addr_format_ip(&name->address, text));
    keyvalue_word(&line, "was", was->family == ADDR_NONE ? NULL : addr_format_ip(was, text));
    if (has_failed)
        keyvalue_quote(&line, "reason", "%s", trouble);
    else
        keyvalue_word(&line, "reason", NULL);
    log_event(level, &line, "%s", words);
}

static void say_moved(struct master *master, const struct name *name, const struct addr *before)
{
    char now_text[ADDR_TEXT_SIZE];
    char before_text[ADDR_TEXT_SIZE];
    char words[WORDS_SIZE];

    addr_format_ip(&name->address, now_text);
    if (before->family == ADDR_NONE) {
        snprintf(words, sizeof(words), "%s is %s", name->host, now_text);
        say_name(LOG_LEVEL_NOTICE, name, before, words);
        board_event(master->board, "%s is %s", name->host, now_text);
        return;
    }
    addr_format_ip(before, before_text);
    snprintf(words, sizeof(words), "%s is now %s (was %s): new connections go there", name->host,
             now_text, before_text);
    say_name(LOG_LEVEL_NOTICE, name, before, words);
    board_event(master->board, "%s is now %s (was %s)", name->host, now_text, before_text);
}

static void say_trouble(struct master *master, const struct name *name)
{
    char text[ADDR_TEXT_SIZE];
    char words[WORDS_SIZE];

    if (name->address.family == ADDR_NONE)
        snprintf(words, sizeof(words), "%s does not resolve: %s", name->host, name->trouble);
    else
        snprintf(words, sizeof(words), "%s does not resolve: %s; its last address, %s, stays",
                 name->host, name->trouble, addr_format_ip(&name->address, text));
    say_name(LOG_LEVEL_WARNING, name, &name->address, words);
    board_event(master->board, "%s does not resolve: %s", name->host, name->trouble);
}

static void say_better(const struct name *name)
{
    char text[ADDR_TEXT_SIZE];
    char words[WORDS_SIZE];

    snprintf(words, sizeof(words), "%s resolves again: %s", name->host,
             addr_format_ip(&name->address, text));
    say_name(LOG_LEVEL_NOTICE, name, &name->address, words);
}

static void take_news(struct master *master, const struct name *name, enum names_news news,
                      const struct addr *before)
{
    switch (news) {
    case NAMES_NOTHING:
        break;
    case NAMES_MOVED:
        publish(master, name);
        say_moved(master, name, before);
        break;
    case NAMES_TROUBLE:
        say_trouble(master, name);
        break;
    case NAMES_BETTER:
        say_better(name);
        break;
    }
}

static void fail(struct master *master, struct name *name, const char *why)
{
    take_news(master, name, names_failed(name, why, mono_ms()), &name->address);
}

/* ---- a round ---- */

/* Nothing more is heard from the process. */
static void end_process(struct master *master)
{
    struct resolver *resolver = &master->resolver;

    loop_timer_stop(master->loop, &resolver->deadline);
    if (resolver->answers.fd != -1) {
        loop_remove(master->loop, &resolver->answers);
        fd_close(&resolver->answers.fd);
    }
    /* Not reaped yet, so the pid is still its own. */
    if (resolver->pid != 0 && kill(resolver->pid, SIGKILL) == -1)
        log_error("cannot end the resolver: %s", strerror(errno));
}

/* A name that has no answer by now did not resolve. */
static void end_round(struct master *master, const char *why)
{
    struct names *names = &master->resolver.names;

    end_process(master);
    for (size_t i = 0; i < names->count; i++) {
        if (names->list[i].is_asked)
            fail(master, &names->list[i], why);
    }
    plan(master);
}

/* It came from a process which may be anybody's by now, and may be about a name that is gone. */
static void take_answer(struct master *master, const struct lookup_answer *answer)
{
    struct name *name = names_find_asked(&master->resolver.names, answer->name);
    struct addr before;

    if (name == NULL)
        return;
    before = name->address;
    if (answer->error != 0)
        fail(master, name, lookup_error(answer));
    else
        take_news(master, name, names_resolved(name, &answer->address, mono_ms()), &before);
}

/* Takes what is there. Returns false when no more is to come. */
static bool take_answers(struct master *master)
{
    struct resolver *resolver = &master->resolver;
    struct lookup_answer answer;
    ssize_t got;

    while ((got = read(resolver->answers.fd, &answer, sizeof(answer))) == (ssize_t)sizeof(answer)) {
        take_answer(master, &answer);
        if (--resolver->awaited == 0)
            return false;
    }
    return got == -1 && (errno == EAGAIN || errno == EINTR);
}

static void on_answers(struct loop_watch *watch, unsigned events)
{
    struct resolver *resolver = CONTAINER_OF(watch, struct resolver, answers);
    struct master *master = CONTAINER_OF(resolver, struct master, resolver);

    (void)events;
    if (!take_answers(master))
        end_round(master, "the resolver died");
}

static void on_deadline(struct loop_timer *timer)
{
    struct resolver *resolver = CONTAINER_OF(timer, struct resolver, deadline);
    struct master *master = CONTAINER_OF(resolver, struct master, resolver);

    (void)take_answers(master);
    end_round(master, "no answer in time");
}

static int fork_resolver(struct master *master)
{
    struct resolver *resolver = &master->resolver;
    struct helper_birth birth = {
        .name = "resolver",
        .global = &master->epoch->global,
        .log = master->logger.pipe_write,
        .seconds = OWN_SECONDS,
        .run = lookup_run,
        .context = &resolver->names,
    };
    int ends[2];

    if (fd_pipe(ends) == -1)
        return -1;
    birth.answers = ends[1];
    resolver->pid = children_fork_helper(&birth);
    fd_close(&ends[1]);
    if (resolver->pid == -1) {
        resolver->pid = 0;
        fd_close(&ends[0]);
        return -1;
    }
    resolver->answers = (struct loop_watch){.fn = on_answers, .fd = ends[0]};
    return loop_add(master->loop, &resolver->answers, LOOP_READ);
}

static void on_due(struct loop_timer *timer)
{
    struct resolver *resolver = CONTAINER_OF(timer, struct resolver, due);
    struct master *master = CONTAINER_OF(resolver, struct master, resolver);
    uint64_t now_ms = mono_ms();
    char why[NAMES_TROUBLE_SIZE];

    if (master->state != MASTER_RUNNING)
        return;
    resolver->awaited = names_take_due(&resolver->names, now_ms);
    if (resolver->awaited == 0)
        return;
    if (fork_resolver(master) == 0) {
        loop_timer_set(master->loop, &resolver->deadline, now_ms + RESOLVER_SECONDS * 1000);
        return;
    }
    snprintf(why, sizeof(why), "cannot start the resolver: %s", strerror(errno));
    end_round(master, why);
}

/* ---- from outside ---- */

static void learn(struct names *names, const struct board *before)
{
    for (unsigned i = 0; i < board_master(before)->layout.backends; i++) {
        char host[CONF_HOST_SIZE];
        struct name *name;
        struct addr address;

        if (atomic_load(&board_backend(before, i)->state) != BOARD_SLOT_USED ||
            board_backend_address(before, i, &address) == -1)
            continue;
        board_backend_host(before, i, host);
        name = names_find(names, host);
        if (name != NULL)
            names_learn(name, &address);
    }
}

int resolver_open(struct master *master, const struct board *before)
{
    struct resolver *resolver = &master->resolver;

    resolver->due.fn = on_due;
    resolver->deadline.fn = on_deadline;
    if (names_reserve(&resolver->names, master->epoch) == -1)
        return -1;
    (void)names_update(&resolver->names, master->epoch, mono_ms());
    if (before != NULL)
        learn(&resolver->names, before);
    return 0;
}

void resolver_begin(struct master *master)
{
    plan(master);
}

int resolver_prepare(struct master *master, const struct epoch *epoch)
{
    return names_reserve(&master->resolver.names, epoch);
}

void resolver_change(struct master *master, const struct epoch *epoch)
{
    struct names *names = &master->resolver.names;

    if (names_update(names, epoch, mono_ms())) {
        end_process(master);
        names_give_up(names, mono_ms());
    }
    plan(master);
}

void resolver_reaped(struct master *master, pid_t pid)
{
    if (pid != master->resolver.pid)
        return;
    master->resolver.pid = 0;
    plan(master);
}

void resolver_stop(struct master *master)
{
    end_process(master);
    loop_timer_stop(master->loop, &master->resolver.due);
}

bool resolver_is_gone(const struct master *master)
{
    return master->resolver.pid == 0;
}

void resolver_close(struct master *master)
{
    fd_close(&master->resolver.answers.fd);
    names_free(&master->resolver.names);
}
