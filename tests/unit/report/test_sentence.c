#include "report/sentence.h"

#include <stdio.h>
#include <string.h>

#include "sample.h"
#include "unit/unit.h"

extern const struct unit_test sentence_tests[];

static void expect_sentence(const struct sample *sample, unsigned service, const char *expected)
{
    struct textbuf out;

    textbuf_init(&out, 10000);
    sentence_service(&sample->snapshot, &sample->services[service], &out);
    CU_ASSERT_FALSE(out.truncated);
    ASSERT_TEXT(out.data, expected);
    textbuf_fini(&out);
}

static void set_status(struct sample *sample, unsigned backend, enum snapshot_status status,
                       const char *why)
{
    struct snapshot_backend *one = &sample->backends[0][backend];

    one->status = status;
    one->check.code = CHECKED_L4CON;
    snprintf(one->check.description, sizeof(one->check.description), "%s", why);
    one->since_seconds = 252 + backend;
}

static void it_says_that_all_are_up(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    expect_sentence(&sample, 0, "kubeAPI is reachable: all 3 controllers are up.");
    sample.services[0].backend_count = 2;
    expect_sentence(&sample, 0, "kubeAPI is reachable: both controllers are up.");
    sample.services[0].backend_count = 1;
    expect_sentence(&sample, 0, "kubeAPI is reachable: its only controller is up.");
    strcpy(sample.services[0].name, "ingress");
    expect_sentence(&sample, 0, "ingress is reachable: its only backend is up.");
    sample.services[0].backend_count = 3;
    expect_sentence(&sample, 0, "ingress is reachable: all 3 backends are up.");
}

static void it_names_who_is_down_and_why(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    set_status(&sample, 2, STATUS_DOWN, "connection refused");
    expect_sentence(&sample, 0,
                    "kubeAPI is reachable: 2 of 3 controllers are up; k0s-controller3 has been "
                    "down for 4m 14s (connection refused).");
    set_status(&sample, 1, STATUS_DOWN, "connection refused");
    expect_sentence(&sample, 0,
                    "kubeAPI is reachable: 1 of 3 controllers is up, and etcd needs 2; "
                    "k0s-controller2 and k0s-controller3 have been down for at least 4m 13s "
                    "(connection refused).");
    set_status(&sample, 1, STATUS_DOWN, "");
    expect_sentence(&sample, 0,
                    "kubeAPI is reachable: 1 of 3 controllers is up, and etcd needs 2; "
                    "k0s-controller2 has been down for 4m 13s (L4CON); k0s-controller3 has been "
                    "down for 4m 14s (connection "
                    "refused).");
}

/* What is said of several holds good for each of them. */
static void ages_are_those_of_all(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    strcpy(sample.services[0].name, "ingress");
    set_status(&sample, 1, STATUS_DRAIN, "");
    set_status(&sample, 2, STATUS_DRAIN, "");
    sample.backends[0][1].since_seconds = sample.backends[0][2].since_seconds = 0;
    expect_sentence(&sample, 0,
                    "ingress is reachable: 1 of 3 backends is up; k0s-controller2 and "
                    "k0s-controller3 have been in drain for 0s.");
    sample.backends[0][1].since_seconds = 61;
    expect_sentence(&sample, 0,
                    "ingress is reachable: 1 of 3 backends is up; k0s-controller2 and "
                    "k0s-controller3 have been in drain for up to 1m 1s.");
    sample.backends[0][2].since_seconds = 62;
    expect_sentence(&sample, 0,
                    "ingress is reachable: 1 of 3 backends is up; k0s-controller2 and "
                    "k0s-controller3 have been in drain for at least 1m 1s.");
}

/* Suspect ones are there, and so may be who is not known yet; the API alone has etcd. */
static void a_lost_quorum_is_told(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    set_status(&sample, 2, STATUS_DOWN, "gone");
    set_status(&sample, 1, STATUS_SUSPECT, "slow");
    expect_sentence(&sample, 0,
                    "kubeAPI is reachable: 1 of 3 controllers is up; k0s-controller3 has been down "
                    "for 4m 14s (gone); k0s-controller2 has been suspect for 4m 13s (slow).");
    set_status(&sample, 1, STATUS_UNCHECKED, "");
    expect_sentence(&sample, 0,
                    "kubeAPI is reachable: 1 of 3 controllers is up; k0s-controller3 has been down "
                    "for 4m 14s (gone); k0s-controller2 has been unchecked for 4m 13s.");
    set_status(&sample, 1, STATUS_MAINT, "");
    expect_sentence(&sample, 0,
                    "kubeAPI is reachable: 1 of 3 controllers is up, and etcd needs 2; "
                    "k0s-controller3 has been down for 4m 14s (gone); k0s-controller2 has been in "
                    "maint for 4m 13s.");
    strcpy(sample.services[0].name, "konnectivity");
    expect_sentence(&sample, 0,
                    "konnectivity is reachable: 1 of 3 controllers is up; k0s-controller3 has been "
                    "down for 4m 14s (gone); k0s-controller2 has been in maint for 4m 13s.");
}

/* The first good answer of one that is still down says nothing of why it is. */
static void a_good_answer_is_no_reason(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    set_status(&sample, 2, STATUS_DOWN, "connected");
    sample.backends[0][2].check.code = CHECKED_L4OK;
    expect_sentence(&sample, 0,
                    "kubeAPI is reachable: 2 of 3 controllers are up; k0s-controller3 has been "
                    "down for 4m 14s.");
}

static void the_worst_comes_first(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    set_status(&sample, 0, STATUS_MAINT, "old");
    set_status(&sample, 1, STATUS_SUSPECT, "no answer");
    set_status(&sample, 2, STATUS_DOWN, "connection refused");
    expect_sentence(&sample, 0,
                    "kubeAPI may be reachable: none of 3 controllers is up, and etcd needs 2; "
                    "k0s-controller3 has "
                    "been down for 4m 14s (connection refused); k0s-controller2 has been suspect "
                    "for 4m 13s (no answer); k0s-controller1 has been in maint for 4m 12s.");
    set_status(&sample, 1, STATUS_DRAIN, "no answer");
    expect_sentence(&sample, 0,
                    "kubeAPI is not reachable: none of 3 controllers is up, and etcd needs 2; "
                    "k0s-controller3 has "
                    "been down for 4m 14s (connection refused); k0s-controller2 has been in drain "
                    "for 4m 13s; k0s-controller1 has been in maint for 4m 12s.");
}

static void it_says_that_nothing_is_up(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    for (unsigned i = 0; i < SAMPLE_BACKENDS; i++)
        set_status(&sample, i, STATUS_DOWN, "connection refused");
    expect_sentence(&sample, 0,
                    "kubeAPI is not reachable: all 3 controllers have been down for at least "
                    "4m 12s (connection refused).");
    sample.services[0].never_good = true;
    sample.services[0].backend_count = 1;
    expect_sentence(&sample, 0,
                    "kubeAPI is not reachable, and never was: its only controller has been down "
                    "for 4m 12s (connection refused).");
    sample.services[0].backend_count = 0;
    expect_sentence(&sample, 0, "kubeAPI is not reachable: it has no backends.");
}

static void before_the_first_probe_nothing_is_known(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    for (unsigned i = 0; i < SAMPLE_BACKENDS; i++)
        set_status(&sample, i, STATUS_UNCHECKED, "");
    expect_sentence(&sample, 0,
                    "kubeAPI is not known to be reachable yet: all 3 controllers have been "
                    "unchecked for at least 4m 12s.");
}

static void a_blocked_one_names_what_it_waits_for(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.services[0].required = sample.services[1].slot;
    set_status(&sample, 0, STATUS_BLOCKED, "");
    expect_sentence(&sample, 0,
                    "kubeAPI is reachable: 2 of 3 controllers are up; k0s-controller1 has been "
                    "blocked for 4m 12s (konnectivity is not up there).");
    strcpy(sample.backends[0][0].blocked_by, "konnectivity/k0s-controller1 is in drain");
    expect_sentence(&sample, 0,
                    "kubeAPI is reachable: 2 of 3 controllers are up; k0s-controller1 has been "
                    "blocked for 4m 12s (konnectivity/k0s-controller1 is in drain).");
    set_status(&sample, 1, STATUS_BLOCKED, "");
    expect_sentence(&sample, 0,
                    "kubeAPI is reachable: 1 of 3 controllers is up, and etcd needs 2; "
                    "k0s-controller1 and k0s-controller2 have been blocked for at least 4m 12s "
                    "(konnectivity is not up "
                    "there).");
}

static void without_workers_nothing_is_reachable(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.processes[0].alive = false;
    expect_sentence(&sample, 0, "kubeAPI is reachable: all 3 controllers are up.");
    sample.processes[1].alive = false;
    expect_sentence(&sample, 0, "kubeAPI is not reachable: no worker is running.");
    sample.services[0].enabled = false;
    expect_sentence(&sample, 0, "kubeAPI is disabled.");
}

/* Names beyond three, and reasons beyond three, are counted. */
static void many_are_counted(void)
{
    static struct snapshot_backend backends[64];
    struct sample sample;

    sample_fill_good(&sample);
    for (unsigned i = 0; i < ARRAY_LEN(backends); i++) {
        backends[i] = sample.backends[0][0];
        snprintf(backends[i].name, sizeof(backends[i].name), "n%u", i);
        backends[i].status = i == 0 ? STATUS_UP : STATUS_DOWN;
        backends[i].check.code = CHECKED_L4CON;
        strcpy(backends[i].check.description, "gone");
        backends[i].since_seconds = 60;
    }
    sample.services[0].backends = backends;
    sample.services[0].backend_count = ARRAY_LEN(backends);
    expect_sentence(&sample, 0,
                    "kubeAPI is reachable: 1 of 64 controllers is up, and etcd needs 33; n1, n2, "
                    "n3 and 60 more have "
                    "been down for 1m 0s (gone).");
    for (unsigned i = 0; i < ARRAY_LEN(backends); i++)
        snprintf(backends[i].check.description, BOARD_DESCRIPTION_SIZE, "why %u", i);
    expect_sentence(&sample, 0,
                    "kubeAPI is reachable: 1 of 64 controllers is up, and etcd needs 33; n1 has "
                    "been down for 1m 0s "
                    "(why 1); n2 has been down for 1m 0s (why 2); n3 has been down for 1m 0s "
                    "(why 3); 60 more are not up.");
}

const struct unit_test sentence_tests[] = {
    {"it_says_that_all_are_up", it_says_that_all_are_up},
    {"it_names_who_is_down_and_why", it_names_who_is_down_and_why},
    {"ages_are_those_of_all", ages_are_those_of_all},
    {"a_lost_quorum_is_told", a_lost_quorum_is_told},
    {"a_good_answer_is_no_reason", a_good_answer_is_no_reason},
    {"the_worst_comes_first", the_worst_comes_first},
    {"it_says_that_nothing_is_up", it_says_that_nothing_is_up},
    {"before_the_first_probe_nothing_is_known", before_the_first_probe_nothing_is_known},
    {"a_blocked_one_names_what_it_waits_for", a_blocked_one_names_what_it_waits_for},
    {"without_workers_nothing_is_reachable", without_workers_nothing_is_reachable},
    {"many_are_counted", many_are_counted},
    {NULL, NULL},
};
