#include "control/verb.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/mono.h"
#include "control/members.h"
#include "report/words.h"

/* A reload takes 4 s at the most, and one that is under way comes before ours. */
#define RELOAD_DEADLINE_MS 30000
#define RELOAD_LOOK_MS     20

/* ---- the result ---- */

/* What the board says of the last reload that has ended. */
struct result {
    uint64_t finished; /* its number */
    uint64_t epoch;
    bool ok;
    char errors[BOARD_ERRORS_SIZE]; /* lines */
};

static void copy_result(const struct board_master *master, struct result *result)
{
    result->finished = atomic_load(&master->reloads_finished);
    result->epoch = atomic_load(&master->epoch);
    result->ok = atomic_load(&master->reload_ok) != 0;
    memcpy(result->errors, master->reload_errors, sizeof(result->errors));
    result->errors[sizeof(result->errors) - 1] = '\0';
}

static bool is_equal(const struct result *a, const struct result *b)
{
    return a->finished == b->finished && a->epoch == b->epoch && a->ok == b->ok &&
           strcmp(a->errors, b->errors) == 0;
}

/*
 * Whether the copy is of one reload. A result is written between the two numbers' rising: while
 * none has begun since, nothing was written; else two looks that are far apart have to agree.
 */
static bool is_whole(const struct board_master *master, const struct result *now,
                     const struct result *before)
{
    uint64_t started = atomic_load(&master->reloads_started);

    if (atomic_load(&master->reloads_finished) != now->finished)
        return false;
    return started == now->finished || is_equal(now, before);
}

/* ---- asking and waiting ---- */

/* An instance that has been asked. */
struct question {
    const char *name;
    const struct board_master *board;
    struct members members;
    uint64_t begun; /* reloads, before it was asked */
};

enum answer { ANSWER_RESULT, ANSWER_NONE, ANSWER_DEAD };

/*
 * A reload whose number is higher than those that had begun has begun after the question: one that
 * was under way makes ours the next, and several questions may have one reload in common.
 */
static enum answer await_result(const struct question *question, struct result *result)
{
    const struct timespec pause = {.tv_nsec = RELOAD_LOOK_MS * 1000000L};
    uint64_t deadline_ms = mono_ms() + RELOAD_DEADLINE_MS;
    struct result before = {.finished = 0};

    for (;;) {
        /* Asked first: what it has published before its end still counts. */
        bool alive = member_is_alive(&question->members.list[0]);

        copy_result(question->board, result);
        if (result->finished > question->begun && is_whole(question->board, result, &before))
            return ANSWER_RESULT;
        if (!alive)
            return ANSWER_DEAD;
        if (mono_ms() >= deadline_ms)
            return ANSWER_NONE;
        before = *result;
        nanosleep(&pause, NULL);
    }
}

/* ---- saying ---- */

/* The lines are of a file that may hold anything. */
static void complain_line(const char *line, size_t length)
{
    char copy[BOARD_ERRORS_SIZE];
    struct textbuf text;

    memcpy(copy, line, length);
    copy[length] = '\0';
    textbuf_init(&text, sizeof(copy));
    words_safe(&text, copy);
    control_complain("%s", text.length > 0 ? text.data : "");
    textbuf_fini(&text);
}

static int say_refused(const char *name, const struct result *result)
{
    for (const char *line = result->errors; *line != '\0';) {
        size_t length = strcspn(line, "\n");

        complain_line(line, length);
        line += length + (line[length] == '\n');
    }
    control_complain("%s: the reload is refused: nothing has changed", name);
    return CONTROL_REFUSED;
}

static int say_result(const char *name, const struct result *result)
{
    struct textbuf text;
    int status;

    if (!result->ok)
        return say_refused(name, result);
    textbuf_init(&text, 256);
    textbuf_printf(&text, "reloaded: epoch %llu\n", (unsigned long long)result->epoch);
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

static int say_answer(const struct question *question, enum answer answer,
                      const struct result *result)
{
    int pid = (int)question->members.list[0].pid;

    if (answer == ANSWER_RESULT)
        return say_result(question->name, result);
    if (answer == ANSWER_DEAD)
        control_complain("%s: its master (pid %d) has ended before the reload was over",
                         question->name, pid);
    else
        control_complain("%s: its master (pid %d) was told to reload, but has no result after 30 s",
                         question->name, pid);
    return CONTROL_REFUSED;
}

static int ask(struct question *question)
{
    const struct member *master = &question->members.list[0];
    struct result result;
    enum answer answer;

    question->begun = atomic_load(&question->board->reloads_started);
    if (member_signal(&question->members, master, SIGHUP) == 0) {
        answer = await_result(question, &result);
        return say_answer(question, answer, &result);
    }
    if (errno == ESRCH) {
        control_complain("%s is not running: its master (pid %d) is dead", question->name,
                         (int)master->pid);
        return CONTROL_NOT_RUNNING;
    }
    control_complain("%s (pid %d) cannot be told to reload: %s%s", question->name, (int)master->pid,
                     strerror(errno),
                     errno == EPERM ? "; run this as root, or as the user who started it" : "");
    return CONTROL_REFUSED;
}

int verb_reload(const struct control *control)
{
    char name[CONF_NAME_SIZE];
    struct question question = {.name = control_name(control, name)};
    struct board *board = board_open(name);
    int status = CONTROL_NOT_RUNNING;

    if (board == NULL && errno == EACCES)
        return control_refuse_stranger(name, "cannot be reloaded");
    if (board == NULL) {
        control_explain(name, errno);
        return CONTROL_NOT_RUNNING;
    }
    question.board = board_master(board);
    if (members_read(&question.members, name) == -1)
        control_explain(name, errno);
    else if (question.members.list[0].pid != atomic_load(&question.board->prefix.master_pid))
        control_complain("%s is just being started again; try again", name);
    else
        status = ask(&question);
    board_close(board);
    return status;
}
