/* status and health, of an instance that lives and of one that is dead. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "master.h"
#include "unit/unit.h"

extern const struct unit_test instance_tests[];

static void status_is_printed(void)
{
    struct master master;
    struct run run;
    char begin[200];

    master_start(&master, getpid(), NULL);
    run_control(&run, (const char *const[]){"-n", master.name, "status", NULL});
    ASSERT_NUMBER(run.status, 0);
    snprintf(begin, sizeof(begin), " %s pid %d up ", master.name, (int)master.pid);
    CU_ASSERT(strncmp(run.out, "k0slb ", 6) == 0);
    CU_ASSERT(strstr(run.out, begin) != NULL);
    ASSERT_TEXT(run.err, "");
    master_remove(&master);
}

static void a_dead_master_is_status_3(void)
{
    struct master master;
    struct run run;
    char living[200];

    master_start(&master, getpid(), NULL);
    master_kill(&master);
    snprintf(living, sizeof(living), "worker 1 (pid %d)", (int)getpid());
    master_run_verb(&master, &run, "status");
    ASSERT_NUMBER(run.status, 3);
    CU_ASSERT(strstr(run.out, " is DEAD") != NULL);
    CU_ASSERT(strstr(run.out, living) != NULL);
    master_remove(&master);
}

static void health_says_what_healthz_says(void)
{
    struct master master;
    struct run run;

    master_start(&master, getpid(), NULL);
    master_run_verb(&master, &run, "health");
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT(strncmp(run.out, "no worker serves: ", 18) == 0);
    ASSERT_TEXT(run.err, "");
    master_kill(&master);
    master_run_verb(&master, &run, "health");
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT(strstr(run.out, "the master is dead") != NULL);
    master_remove(&master);
}

static void nothing_left_is_not_running(void)
{
    struct master master;
    struct run run;

    master_start(&master, 0, NULL);
    master_kill(&master);
    master_run_verb(&master, &run, "health");
    ASSERT_NUMBER(run.status, 3);
    ASSERT_TEXT(run.out, "");
    CU_ASSERT(strstr(run.err, "is dead, and nothing of it is left\n") != NULL);
    master_remove(&master);
}

const struct unit_test instance_tests[] = {
    {"status_is_printed", status_is_printed},
    {"a_dead_master_is_status_3", a_dead_master_is_status_3},
    {"health_says_what_healthz_says", health_says_what_healthz_says},
    {"nothing_left_is_not_running", nothing_left_is_not_running},
    {NULL, NULL},
};
