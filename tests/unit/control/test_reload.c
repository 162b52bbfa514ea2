/* reload, and whose result it prints. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "master.h"
#include "unit/unit.h"

extern const struct unit_test reload_tests[];

static void begin_one(struct board *board)
{
    atomic_fetch_add(&board_my_master(board)->reloads_started, 1);
}

static void end_one(struct board *board, uint64_t epoch, const char *errors)
{
    struct board_master *master = board_my_master(board);

    snprintf(master->reload_errors, sizeof(master->reload_errors), "%s", errors);
    atomic_store(&master->reload_ok, *errors == '\0');
    atomic_store(&master->epoch, epoch);
    atomic_fetch_add(&master->reloads_finished, 1);
}

/* So long that whoever would take the first result has taken it. */
static void let_them_look(void)
{
    const struct timespec pause = {.tv_nsec = 100 * 1000000L};

    nanosleep(&pause, NULL);
}

/* The one that was under way ends well, and only then the one that was asked for begins. */
static void refuse_the_second(struct board *board)
{
    end_one(board, 5, "");
    let_them_look();
    begin_one(board);
    let_them_look();
    end_one(board, 5, "FILE:1: first\033[31m\nFILE:2: second\n");
}

static void accept_the_second(struct board *board)
{
    end_one(board, 5, "FILE:1: an earlier mistake\n");
    let_them_look();
    begin_one(board);
    let_them_look();
    end_one(board, 6, "");
}

/* Another one is under way again when the result is there, and it is there all the same. */
static void never_rest(struct board *board)
{
    end_one(board, 5, "");
    begin_one(board);
    end_one(board, 6, "");
    begin_one(board);
}

static void die(struct board *board)
{
    board_unlink(board);
    _exit(1);
}

static void reload_prints_its_own_result(void)
{
    static const struct {
        hup_fn *fn;
        int status;
        const char *out;
        const char *err;
    } cases[] = {
        {accept_the_second, 0, "reloaded: epoch 6\n", ""},
        {refuse_the_second, 1, "",
         "k0slbctl: FILE:1: first?[31m\nk0slbctl: FILE:2: second\n"
         "k0slbctl: %s: the reload is refused: nothing has changed\n"},
        {never_rest, 0, "reloaded: epoch 6\n", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct master master;
        struct run run;
        char wanted[400] = "";
        const char *place = strstr(cases[i].err, "%s");

        master_start(&master, 0, cases[i].fn);
        master_run_verb(&master, &run, "reload");
        ASSERT_NUMBER(run.status, cases[i].status);
        ASSERT_TEXT(run.out, cases[i].out);
        if (place != NULL)
            snprintf(wanted, sizeof(wanted), "%.*s%s%s", (int)(place - cases[i].err), cases[i].err,
                     master.name, place + 2);
        ASSERT_TEXT(run.err, wanted);
        master_remove(&master);
    }
}

static void a_master_that_dies_gives_no_result(void)
{
    struct master master;
    pid_t parent = master_start_reaped(&master, 0, die);
    struct run run;

    master_run_verb(&master, &run, "reload");
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT(strstr(run.err, " has ended before the reload was over\n") != NULL);
    CU_ASSERT(waitpid(parent, NULL, 0) == parent);
}

static void a_dead_master_is_told_nothing(void)
{
    struct master master;
    struct run run;

    master_start(&master, 0, NULL);
    master_kill(&master);
    master_run_verb(&master, &run, "reload");
    ASSERT_NUMBER(run.status, 3);
    CU_ASSERT(strstr(run.err, "is not running: its master (pid ") != NULL);
    master_remove(&master);
}

const struct unit_test reload_tests[] = {
    {"reload_prints_its_own_result", reload_prints_its_own_result},
    {"a_master_that_dies_gives_no_result", a_master_that_dies_gives_no_result},
    {"a_dead_master_is_told_nothing", a_dead_master_is_told_nothing},
    {NULL, NULL},
};
