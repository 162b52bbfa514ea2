#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "base/mono.h"
#include "report/paint.h"
#include "report/sentence.h"
#include "report/summary.h"
#include "report/text.h"
#include "report/words.h"

/* Lines are no longer than that, and need not be shorter than this. */
#define WIDTH_MOST  99
#define WIDTH_LEAST 80

/* The newest events stand at the end; `k0slbctl events` has them all. */
#define EVENTS_SHOWN 5

/* Where what is said of the balancer begins, behind a word for what it is about. */
#define FACT_INDENT 9

/* ---- the balancer ---- */

static void put_fact(struct text *text, const char *word, const char *fact)
{
    textbuf_printf(text->out, "%-*s", FACT_INDENT, word);
    words_wrap(text->out, fact != NULL ? fact : "", FACT_INDENT, FACT_INDENT, text->width);
    textbuf_puts(text->out, "\n");
}

static void put_living(struct text *text)
{
    struct textbuf living;

    textbuf_init(&living, 65536);
    summary_living(text->snapshot, &living);
    textbuf_puts(&living, "; start k0slbd again, or end it all by k0slbctl stop");
    put_fact(text, "living", living.data);
    textbuf_fini(&living);
}

static void put_first_lines(struct text *text)
{
    const struct snapshot *snapshot = text->snapshot;
    char age[AGE_TEXT_SIZE];

    textbuf_puts(text->out, "k0slb ");
    words_safe(text->out, snapshot->version);
    textbuf_puts(text->out, " ");
    words_safe(text->out, snapshot->name);
    textbuf_printf(text->out, " pid %d ", (int)snapshot->pid);
    words_age(snapshot->uptime_seconds, age);
    if (snapshot->master_alive) {
        textbuf_printf(text->out, "up %s\n", age);
        return;
    }
    textbuf_puts(text->out, "is ");
    paint_put(text->out, text->color, PAINT_BAD, "DEAD");
    textbuf_printf(text->out, ", was started %s ago\n", age);
    put_living(text);
}

static void put_health(struct text *text)
{
    struct textbuf health;

    textbuf_init(&health, 65536);
    (void)report_healthz(text->snapshot, &health);
    if (health.length > 0)
        health.data[health.length - 1] = '\0'; /* its end of line */
    put_fact(text, "health", health.data);
    textbuf_fini(&health);
}

static void put_reload_errors(struct text *text)
{
    const char *line = text->snapshot->reload_errors;

    while (*line != '\0') {
        char copy[BOARD_ERRORS_SIZE];
        size_t length = strcspn(line, "\n");

        memcpy(copy, line, length);
        copy[length] = '\0';
        put_fact(text, "", copy);
        line += length + (line[length] == '\n');
    }
}

static void put_reload(struct text *text)
{
    const struct snapshot *snapshot = text->snapshot;
    struct textbuf line;

    textbuf_init(&line, 4096);
    textbuf_printf(&line, "%llu, ", (unsigned long long)snapshot->epoch);
    summary_reload(snapshot, &line);
    textbuf_puts(&line, snapshot->reload_ok ? "" : ":");
    textbuf_puts(text->out, text->color && !snapshot->reload_ok ? paint_begin(PAINT_BAD) : "");
    put_fact(text, "epoch", line.data);
    if (!snapshot->reload_ok)
        put_reload_errors(text);
    textbuf_puts(text->out, text->color && !snapshot->reload_ok ? paint_end(PAINT_BAD) : "");
    textbuf_fini(&line);
}

/* One of the summaries behind its word. */
static void put_summary(struct text *text, const char *word,
                        void (*write)(const struct snapshot *, struct textbuf *))
{
    struct textbuf line;

    textbuf_init(&line, 65536);
    write(text->snapshot, &line);
    put_fact(text, word, line.data);
    textbuf_fini(&line);
}

static void put_stats(struct text *text)
{
    const struct snapshot *snapshot = text->snapshot;
    struct textbuf line;

    textbuf_init(&line, 65536);
    words_listen(&line, snapshot->stats_listeners, snapshot->stats_listener_count);
    put_fact(text, "stats", line.data);
    textbuf_fini(&line);
    if (snapshot->log_dropped > 0)
        textbuf_printf(text->out, "log      %llu lines lost\n",
                       (unsigned long long)snapshot->log_dropped);
}

static void put_balancer(struct text *text)
{
    textbuf_puts(text->out, "\n");
    if (text->snapshot->reload_ok)
        put_reload(text);
    put_summary(text, "workers", summary_workers);
    if (text->snapshot->master_alive && summary_has_orphans(text->snapshot))
        put_summary(text, "orphans", summary_orphans);
    put_stats(text);
}

/* ---- what matters first ---- */

/* The sentence of a service, which begins with its name; a "!" where not all is well. */
static void put_sentence(struct text *text, const struct snapshot_service *service)
{
    bool is_well = service->status == SERVICE_UP || service->status == SERVICE_DISABLED;
    size_t size = strlen(service->name);
    struct textbuf sentence;
    struct textbuf name;

    textbuf_init(&sentence, 65536);
    textbuf_init(&name, 1024);
    sentence_service(text->snapshot, service, &sentence);
    words_safe(&name, service->name);
    paint_put(text->out, text->color, paint_of_service(service->status), is_well ? "  " : "! ");
    paint_put(text->out, text->color, paint_of_service(service->status),
              name.data != NULL ? name.data : "");
    words_wrap(text->out, sentence.length > size ? sentence.data + size : "",
               (unsigned)(2 + words_width(service->name)), 4, text->width);
    textbuf_puts(text->out, "\n");
    textbuf_fini(&sentence);
    textbuf_fini(&name);
}

static void put_sentences(struct text *text)
{
    const struct snapshot *snapshot = text->snapshot;

    textbuf_puts(text->out, "\n");
    if (snapshot->service_count == 0)
        textbuf_puts(text->out, "! there are no services\n");
    for (size_t i = 0; i < snapshot->service_count; i++)
        put_sentence(text, &snapshot->services[i]);
}

/* "! code: text" and "  remedy: …", broken into lines. */
static void put_warning(struct text *text, const struct board_warning *warning)
{
    char line[BOARD_CODE_SIZE + BOARD_WARNING_SIZE + 8];

    paint_put(text->out, text->color, PAINT_DOUBT, "!");
    snprintf(line, sizeof(line), " %s: %s", warning->code, warning->text);
    words_wrap(text->out, line, 1, 4, text->width);
    textbuf_puts(text->out, "\n");
    snprintf(line, sizeof(line), "remedy: %s", warning->remedy);
    textbuf_puts(text->out, "  ");
    words_wrap(text->out, line, 2, 4, text->width);
    textbuf_puts(text->out, "\n");
}

static void put_heading(struct text *text, const char *heading)
{
    textbuf_puts(text->out, "\n");
    paint_put(text->out, text->color, PAINT_STRONG, heading);
    textbuf_puts(text->out, "\n");
}

static void put_warnings(struct text *text)
{
    const struct snapshot *snapshot = text->snapshot;

    if (snapshot->warning_count == 0)
        return;
    put_heading(text, "warnings");
    for (size_t i = 0; i < snapshot->warning_count; i++)
        put_warning(text, &snapshot->warnings[i]);
}

/* ---- all of it ---- */

static void put_services(struct text *text)
{
    for (size_t i = 0; i < text->snapshot->service_count; i++) {
        textbuf_puts(text->out, "\n");
        text_service(text, &text->snapshot->services[i]);
    }
}

static void put_events(struct text *text)
{
    const struct snapshot *snapshot = text->snapshot;
    size_t first = snapshot->event_count > EVENTS_SHOWN ? snapshot->event_count - EVENTS_SHOWN : 0;
    char at[WALL_TEXT_SIZE];

    if (snapshot->event_count == 0)
        return;
    put_heading(text, "last events");
    for (size_t i = first; i < snapshot->event_count; i++) {
        textbuf_printf(text->out, "  %-20s  ", wall_format(snapshot->events[i].at_ms, at));
        words_wrap(text->out, snapshot->events[i].text, 24, 24, text->width);
        textbuf_puts(text->out, "\n");
    }
}

static unsigned width_of(const struct report_look *look)
{
    if (look->width == 0 || look->width > WIDTH_MOST)
        return WIDTH_MOST;
    return look->width < WIDTH_LEAST ? WIDTH_LEAST : look->width;
}

void report_text(const struct snapshot *snapshot, const struct report_look *look,
                 struct textbuf *out)
{
    struct text text = {
        .snapshot = snapshot, .out = out, .width = width_of(look), .color = look->color};

    put_first_lines(&text);
    put_health(&text);
    if (look->part != REPORT_CONTROLLER)
        put_sentences(&text);
    if (!snapshot->reload_ok && look->part == REPORT_WHOLE) {
        textbuf_puts(out, "\n");
        put_reload(&text);
    }
    put_warnings(&text);
    text_matrix(&text);
    put_services(&text);
    if (look->part == REPORT_WHOLE)
        put_balancer(&text);
    put_events(&text);
}
