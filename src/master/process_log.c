#include "master/process_log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mono.h"
#include "master/child.h"

static void add(struct keyvalue *line, const char *key, int64_t value)
{
    if (value == PROCESS_LOG_NONE)
        keyvalue_word(line, key, NULL);
    else
        keyvalue_number(line, key, (uint64_t)value);
}

struct process_log process_log_of(const struct child *child, const char *state)
{
    return (struct process_log){
        .state = state,
        .role = child->role,
        .slot = child->slot,
        .pid = child->pid,
        .signal = PROCESS_LOG_NONE,
        .exit = PROCESS_LOG_NONE,
        .lived_ms = child->pid != 0 ? (int64_t)(mono_ms() - child->forked_ms) : PROCESS_LOG_NONE,
        .restart_ms = PROCESS_LOG_NONE,
    };
}

/* As its name has it: the first is worker 1. */
static int64_t worker_number(const struct process_log *what)
{
    return what->role == BOARD_ROLE_WORKER && what->slot != PROCESS_LOG_NO_SLOT
               ? (int64_t)what->slot + 1
               : PROCESS_LOG_NONE;
}

void process_log_say(enum log_level level, const struct process_log *what, const char *format, ...)
{
    char words[KEYVALUE_SIZE];
    struct keyvalue line;
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    keyvalue_begin(&line, "process");
    keyvalue_word(&line, "role", board_role_name(what->role));
    add(&line, "worker", worker_number(what));
    add(&line, "pid", what->pid != 0 ? (int64_t)what->pid : PROCESS_LOG_NONE);
    keyvalue_word(&line, "state", what->state);
    add(&line, "signal", what->signal);
    add(&line, "exit", what->exit);
    add(&line, "lived_ms", what->lived_ms);
    add(&line, "restart_ms", what->restart_ms);
    log_event(level, &line, "%s", words);
}
