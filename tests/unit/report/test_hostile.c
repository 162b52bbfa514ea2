/*
 * Texts that were not written by the project, in every place that a report has for them: names of
 * the configuration, what probes have read from strangers, what was logged. Every format stays
 * valid, and none of them lets such a text act.
 */
#include <stdio.h>
#include <string.h>

#include "csv_reader.h"
#include "html_checker.h"
#include "json_checker.h"
#include "metrics_reader.h"
#include "report/report.h"
#include "report/words.h"
#include "sample.h"
#include "unit/unit.h"

extern const struct unit_test hostile_tests[];

static const char *const hostile[] = {
    "\"",
    "'",
    "\\",
    "\\\"",
    "a\"b'c\\",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>",
    "<img src=x onerror=alert(1)>",
    "\" onload=\"alert(1)",
    "&lt;&amp;&#60;&",
    "${7*7}{{7*7}}",
    "\n",
    "a\nb\r\nc\td",
    "\n# HELP k0slb_up x\nk0slb_up 1\n",
    "\"} 1\nk0slb_fake{a=\"",
    "a,b;c",
    "\",\"",
    "=1+1",
    "%s%n%1$s%%",
    "\033[2J\033]0;title\007",
    "\x1b[31mred",
    "\x7f\x01\x1f\b\f\v",
    "\xc2\x9b"
    "31m",              /* CSI in eight bits */
    "\xff\xfe",         /* no UTF-8 */
    "\xc0\xaf",         /* overlong */
    "\xed\xa0\x80",     /* a surrogate */
    "\xf4\x90\x80\x80", /* beyond Unicode */
    "cut\xe2\x82",
    "\xe2\x80\xae"
    "evil",                                 /* right to left */
    "\xe2\x80\xa8\xe2\x80\xa9",             /* line ends of JavaScript */
    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xa3", /* good UTF-8 */
    " ",
    "",
};

/* What the configuration allows in a name, at its longest. */
static const char longest[] = "azAZ09-_.-_.--__..azAZ09azAZ09azAZ09azAZ09azAZ09a";

/* Writes the text where one may come from outside. */
static void fill(struct sample *sample, const char *text)
{
    struct snapshot *snapshot = &sample->snapshot;
    struct snapshot_backend *backend = &sample->backends[0][0];
    struct certificate *facts = &backend->certificate.facts;

#define PUT(place) snprintf(place, sizeof(place), "%s", text)
    sample_fill(sample);
    sample_certify(backend);
    PUT(snapshot->name);
    PUT(snapshot->version);
    PUT(snapshot->reload_errors);
    PUT(snapshot->warnings[0].code);
    PUT(snapshot->warnings[0].text);
    PUT(snapshot->warnings[0].remedy);
    PUT(sample->services[0].name);
    PUT(backend->name);
    PUT(backend->host);
    PUT(backend->blocked_by);
    PUT(backend->check.description);
    PUT(facts->issuer);
    PUT(facts->common_name);
    PUT(facts->names);
    PUT(facts->problem);
    PUT(facts->version);
    PUT(facts->alpn);
    PUT(sample->events[0].text);
#undef PUT
    snapshot->warning_count = 1;
    snapshot->reload_ok = false;
}

static const char *name_of(size_t index)
{
    static char text[128];

    snprintf(text, sizeof(text), "hostile[%zu] = %s", index, hostile[index]);
    return text;
}

/* Calls `fn` with the sample of each text, in each of the states that show different places. */
static void with_each(void (*fn)(const struct sample *sample, const char *what))
{
    static const enum snapshot_status states[] = {STATUS_UP, STATUS_DOWN, STATUS_BLOCKED};
    struct sample sample;

    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        for (size_t k = 0; k < ARRAY_LEN(states); k++) {
            fill(&sample, hostile[i]);
            sample.backends[0][0].status = states[k];
            fn(&sample, name_of(i));
        }
    }
}

/* Nothing but lines of text that a terminal shows as they are, and colours where asked for. */
static bool is_plain(const char *text, bool color)
{
    while (*text != '\0') {
        unsigned size = words_utf8(text);

        if (color && strncmp(text, "\033[", 2) == 0) {
            text += 2 + strspn(text + 2, "0123456789;");
            if (*text++ != 'm')
                return false;
            continue;
        }
        if (size == 0 || (*text != '\n' && (unsigned char)*text < 0x20) || *text == 0x7f ||
            strncmp(text, "\xc2\x9b", 2) == 0 || strncmp(text, "\xe2\x80\xae", 3) == 0)
            return false;
        text += size;
    }
    return true;
}

static void check_text(const struct sample *sample, const char *what)
{
    struct textbuf out;

    textbuf_init(&out, 1 << 20);
    for (int color = 0; color <= 1; color++) {
        textbuf_clear(&out);
        report_text(&sample->snapshot, &(struct report_look){.color = color}, &out);
        if (!is_plain(out.data, color))
            ASSERT_TEXT(out.data, what);
    }
    textbuf_clear(&out);
    report_healthz(&sample->snapshot, &out);
    report_readyz(&sample->snapshot, sample->services[0].name, &out);
    if (!is_plain(out.data, false))
        ASSERT_TEXT(out.data, what);
    textbuf_fini(&out);
}

static void text_stays_on_its_lines(void)
{
    with_each(check_text);
}

static void check_html(const struct sample *sample, const char *what)
{
    struct textbuf out;

    textbuf_init(&out, 1 << 20);
    report_html(&sample->snapshot, 2, &out);
    if (html_mistake(out.data) != NULL || strstr(out.data, "<script>alert") != NULL ||
        strstr(out.data, "<img") != NULL || strstr(out.data, "\" onload") != NULL)
        ASSERT_TEXT(html_mistake(out.data), what);
    textbuf_fini(&out);
}

static void html_stays_a_page(void)
{
    with_each(check_html);
}

static void check_json(const struct sample *sample, const char *what)
{
    struct textbuf out;

    textbuf_init(&out, 1 << 20);
    report_json(&sample->snapshot, &out);
    if (!json_is_valid(out.data))
        ASSERT_TEXT(out.data, what);
    textbuf_fini(&out);
}

static void json_stays_valid(void)
{
    with_each(check_json);
}

static void check_csv(const struct sample *sample, const char *what)
{
    const struct epoch *epoch = sample_epoch();
    struct csv_table table;
    struct textbuf out;

    textbuf_init(&out, 1 << 20);
    report_csv(&sample->snapshot, epoch, &out);
    if (!csv_read(out.data, &table) || !is_plain(out.data, false))
        ASSERT_TEXT(out.data, what);
    csv_free(&table);
    textbuf_fini(&out);
    epoch_unmap(epoch);
}

static void csv_keeps_its_columns(void)
{
    with_each(check_csv);
}

static void check_metrics(const struct sample *sample, const char *what)
{
    const struct epoch *epoch = sample_epoch();
    struct textbuf out;

    textbuf_init(&out, 1 << 20);
    report_metrics(&sample->snapshot, epoch, &out);
    if (metrics_complaint(out.data) != NULL)
        ASSERT_TEXT(metrics_complaint(out.data), what);
    CU_ASSERT_PTR_NULL(strstr(out.data, "\nk0slb_up 1"));
    CU_ASSERT_PTR_NULL(strstr(out.data, "\nk0slb_fake"));
    textbuf_fini(&out);
    epoch_unmap(epoch);
}

static void metrics_stay_samples(void)
{
    with_each(check_metrics);
}

/* A name that the configuration allows is the same name in every format. */
static void good_names_are_kept(void)
{
    static const char *const places[][3] = {
        {"\"name\":\"", "\"", NULL},
        {"\n", ",FRONTEND,", NULL},
        {"\n", "_backend,", ","},
        {"{proxy=\"", "\"", NULL},
        {"proxy=\"", "_backend\",server=\"", "\"}"},
        {">", "<", NULL},
    };
    struct sample sample;
    struct textbuf out;
    char part[400];

    ASSERT_NUMBER(strlen(longest), CONF_NAME_SIZE - 1);
    sample_fill_good(&sample);
    strcpy(sample.services[0].name, longest);
    strcpy(sample.backends[0][0].name, longest);
    textbuf_init(&out, 1 << 20);
    report_json(&sample.snapshot, &out);
    report_csv(&sample.snapshot, NULL, &out);
    report_metrics(&sample.snapshot, NULL, &out);
    report_html(&sample.snapshot, 0, &out);
    CU_ASSERT_FALSE(out.truncated);
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        bool twice = places[i][2] != NULL;

        snprintf(part, sizeof(part), "%s%s%s%s%s", places[i][0], longest, places[i][1],
                 twice ? longest : "", twice ? places[i][2] : "");
        if (strstr(out.data, part) == NULL)
            ASSERT_TEXT("(nowhere)", part);
    }
    textbuf_fini(&out);
}

const struct unit_test hostile_tests[] = {
    {"text_stays_on_its_lines", text_stays_on_its_lines},
    {"html_stays_a_page", html_stays_a_page},
    {"json_stays_valid", json_stays_valid},
    {"csv_keeps_its_columns", csv_keeps_its_columns},
    {"metrics_stay_samples", metrics_stay_samples},
    {"good_names_are_kept", good_names_are_kept},
    {NULL, NULL},
};
