#include "report/select.h"

#include <errno.h>
#include <string.h>

#include "sample.h"
#include "unit/unit.h"

extern const struct unit_test select_tests[];

static void a_service_stays_whole(void)
{
    struct sample sample;
    enum report_part part;
    struct snapshot *selected;

    sample_fill(&sample);
    selected = select_part(&sample.snapshot, "kubeAPI", &part);
    CU_ASSERT_FATAL(selected != NULL);
    ASSERT_NUMBER(part, REPORT_SERVICE);
    ASSERT_NUMBER(selected->service_count, 1);
    ASSERT_TEXT(selected->services[0].name, "kubeAPI");
    ASSERT_NUMBER(selected->services[0].backend_count, SAMPLE_BACKENDS);
    ASSERT_NUMBER(selected->warning_count, 1);
    ASSERT_TEXT(selected->warnings[0].code, "ca-differs");
    ASSERT_NUMBER(selected->event_count, 1);
    select_free(selected);
    ASSERT_NUMBER(sample.snapshot.service_count, SAMPLE_SERVICES);
}

static void a_controller_is_alone_in_its_services(void)
{
    struct sample sample;
    enum report_part part;
    struct snapshot *selected;

    sample_fill(&sample);
    selected = select_part(&sample.snapshot, "k0s-controller2", &part);
    CU_ASSERT_FATAL(selected != NULL);
    ASSERT_NUMBER(part, REPORT_CONTROLLER);
    ASSERT_NUMBER(selected->service_count, 2); /* one is disabled */
    for (size_t i = 0; i < selected->service_count; i++) {
        ASSERT_NUMBER(selected->services[i].backend_count, 1);
        ASSERT_TEXT(selected->services[i].backends[0].name, "k0s-controller2");
    }
    ASSERT_TEXT(selected->services[1].name, "controllerJoinAPI");
    ASSERT_NUMBER(selected->warning_count, 0);
    ASSERT_NUMBER(selected->event_count, 1);
    select_free(selected);
}

static void a_name_is_a_whole_word(void)
{
    struct sample sample;
    enum report_part part;
    struct snapshot *selected;

    sample_fill(&sample);
    strcpy(sample.backends[0][0].name, "k0s-controller");
    strcpy(sample.events[0].text, "all: k0s-controller.");
    selected = select_part(&sample.snapshot, "k0s-controller", &part);
    CU_ASSERT_FATAL(selected != NULL);
    ASSERT_NUMBER(selected->service_count, 1);
    ASSERT_NUMBER(selected->event_count, 1);
    ASSERT_TEXT(selected->events[0].text, "all: k0s-controller.");
    ASSERT_NUMBER(selected->warning_count, 0);
    select_free(selected);
}

static void a_service_comes_before_a_controller_of_its_name(void)
{
    struct sample sample;
    enum report_part part;
    struct snapshot *selected;

    sample_fill(&sample);
    strcpy(sample.backends[2][0].name, "kubeAPI");
    selected = select_part(&sample.snapshot, "kubeAPI", &part);
    CU_ASSERT_FATAL(selected != NULL);
    ASSERT_NUMBER(part, REPORT_SERVICE);
    select_free(selected);
}

static void what_nothing_has_is_no_part(void)
{
    struct sample sample;
    enum report_part part;

    sample_fill(&sample);
    CU_ASSERT_PTR_NULL(select_part(&sample.snapshot, "k0s-controller4", &part));
    ASSERT_NUMBER(errno, ENOENT);
    CU_ASSERT_PTR_NULL(select_part(&sample.snapshot, "", &part));
    sample.snapshot.service_count = 0;
    CU_ASSERT_PTR_NULL(select_part(&sample.snapshot, "kubeAPI", &part));
}

static void what_is_one_typo_away_is_suggested(void)
{
    static const struct {
        const char *typed;
        const char *meant; /* "" = nothing */
    } cases[] = {
        {"kubeapi", "kubeAPI"},
        {"konectivity", "konnectivity"},
        {"k0s-controler2", "k0s-controller2"},
        {"worker1", ""},
        {"", ""},
    };
    struct sample sample;

    sample_fill(&sample);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *meant = select_suggest(&sample.snapshot, cases[i].typed);

        ASSERT_TEXT(meant != NULL ? meant : "", cases[i].meant);
    }
}

static void each_name_stands_once(void)
{
    struct sample sample;
    struct textbuf out;

    sample_fill(&sample);
    strcpy(sample.backends[2][1].name, "other\033");
    textbuf_init(&out, 1000);
    select_names(&sample.snapshot, "service ", "controller ", "\n", &out);
    ASSERT_TEXT(out.data, "service kubeAPI\nservice konnectivity\nservice controllerJoinAPI\n"
                          "controller k0s-controller1\ncontroller k0s-controller2\n"
                          "controller k0s-controller3\ncontroller other?\n");
    textbuf_fini(&out);
}

const struct unit_test select_tests[] = {
    {"a_service_stays_whole", a_service_stays_whole},
    {"a_controller_is_alone_in_its_services", a_controller_is_alone_in_its_services},
    {"a_name_is_a_whole_word", a_name_is_a_whole_word},
    {"a_service_comes_before_a_controller_of_its_name",
     a_service_comes_before_a_controller_of_its_name},
    {"what_nothing_has_is_no_part", what_nothing_has_is_no_part},
    {"what_is_one_typo_away_is_suggested", what_is_one_typo_away_is_suggested},
    {"each_name_stands_once", each_name_stands_once},
    {NULL, NULL},
};
