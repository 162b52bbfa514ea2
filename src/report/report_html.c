#include "report/report.h"

#include <string.h>

#include "base/mono.h"
#include "report/html.h"
#include "report/section.h"
#include "report/style.h"
#include "report/summary.h"
#include "report/words.h"

/* One line of text before it is escaped. */
#define LINE_LIMIT 16384

/* A line about the balancer as the text report has it, too. */
typedef void line_fn(const struct snapshot *snapshot, struct textbuf *out);

const char *report_html_policy(void)
{
    return "default-src 'none'; style-src 'sha256-" STYLE_HASH "'; img-src data:; "
           "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

/* ---- levels ---- */

static enum html_level worse(enum html_level a, enum html_level b)
{
    return a > b ? a : b;
}

/* ---- the balancer ---- */

/* This process's own health, without the line end; the level that it means. */
static enum html_level health_of(const struct snapshot *snapshot, struct textbuf *out)
{
    int status = report_healthz(snapshot, out);

    if (out->length > 0 && out->data[out->length - 1] == '\n')
        out->data[--out->length] = '\0';
    if (status != 200)
        return HTML_BAD;
    return out->data != NULL && strcmp(out->data, "ok") == 0 ? HTML_GOOD : HTML_WARN;
}

static void write_health(const struct snapshot *snapshot, struct textbuf *out)
{
    (void)health_of(snapshot, out);
}

static void write_epoch(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_printf(out, "epoch %llu, ", (unsigned long long)snapshot->epoch);
    summary_reload(snapshot, out);
}

static void write_stats(const struct snapshot *snapshot, struct textbuf *out)
{
    words_listen(out, snapshot->stats_listeners, snapshot->stats_listener_count);
}

static void write_log(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_printf(out, "%llu lines lost", (unsigned long long)snapshot->log_dropped);
}

static enum html_level level_of_all(const struct snapshot *snapshot)
{
    enum html_level level = snapshot->reload_ok ? HTML_GOOD : HTML_WARN;
    struct textbuf health;

    textbuf_init(&health, LINE_LIMIT);
    level = worse(level, health_of(snapshot, &health));
    textbuf_fini(&health);
    for (size_t i = 0; i < snapshot->service_count; i++) {
        if (snapshot->services[i].enabled)
            level = worse(level, section_service_level(snapshot->services[i].status));
    }
    return level;
}

static const char *word_for_all(enum html_level level)
{
    if (level == HTML_BAD)
        return "not all is served";
    return level == HTML_WARN ? "degraded" : "all is well";
}

static void put_line(const struct snapshot *snapshot, line_fn *write, struct textbuf *out)
{
    struct textbuf line;

    textbuf_init(&line, LINE_LIMIT);
    write(snapshot, &line);
    words_html(out, line.data != NULL ? line.data : "");
    out->truncated |= line.truncated;
    textbuf_fini(&line);
}

static void put_fact(const struct snapshot *snapshot, const char *name, line_fn *write,
                     struct textbuf *out)
{
    textbuf_printf(out, "<dt>%s</dt><dd>", name);
    put_line(snapshot, write, out);
    textbuf_puts(out, "</dd>\n");
}

static void put_reload_errors(const struct snapshot *snapshot, struct textbuf *out)
{
    char copy[BOARD_ERRORS_SIZE];
    const char *line = snapshot->reload_errors;

    textbuf_puts(out, "<dt>Mistakes</dt><dd><pre>");
    while (*line != '\0') {
        size_t length = strcspn(line, "\n");

        memcpy(copy, line, length);
        copy[length] = '\0';
        words_html(out, copy);
        textbuf_puts(out, "\n");
        line += length + (line[length] == '\n');
    }
    textbuf_puts(out, "</pre></dd>\n");
}

static void write_balancer(const struct snapshot *snapshot, struct textbuf *out)
{
    enum html_level level = level_of_all(snapshot);

    textbuf_printf(out, "<section class=\"balancer %s\">\n<div class=\"head\"><h2>",
                   html_level_name(level));
    html_state(out, level, word_for_all(level));
    textbuf_puts(out, "</h2></div>\n<dl>\n");
    put_fact(snapshot, "Balancer", write_health, out);
    if (!snapshot->master_alive)
        put_fact(snapshot, "Still living", summary_living, out);
    put_fact(snapshot, "Services", summary_services, out);
    if (snapshot->warning_count > 0)
        put_fact(snapshot, "Warnings", summary_warnings, out);
    put_fact(snapshot, "Configuration", write_epoch, out);
    if (!snapshot->reload_ok)
        put_reload_errors(snapshot, out);
    put_fact(snapshot, "Workers", summary_workers, out);
    if (snapshot->master_alive && summary_has_orphans(snapshot))
        put_fact(snapshot, "Orphans", summary_orphans, out);
    put_fact(snapshot, "This page", write_stats, out);
    if (snapshot->log_dropped > 0)
        put_fact(snapshot, "Log", write_log, out);
    textbuf_puts(out, "</dl>\n</section>\n");
}

/* ---- the page ---- */

/* The tab says how it stands, too: by its title, and by a sign with the level's shape. */
static void write_icon(enum html_level level, struct textbuf *out)
{
    static const char *const signs[] = {
        [HTML_GOOD] = "circle cx='8' cy='8' r='7' fill='%231a8f4c'",
        [HTML_WARN] = "path d='M8 1l7.5 14H.5z' fill='%23d18a00'",
        [HTML_BAD] = "path d='M1 1h14v14H1z' fill='%23d0312d'",
    };
    const char *sign = signs[level] != NULL ? signs[level] : signs[HTML_GOOD];

    textbuf_printf(out,
                   "<link rel=\"icon\" href=\"data:image/svg+xml,"
                   "%%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%%3E"
                   "%%3C%s/%%3E%%3C/svg%%3E\">\n",
                   sign);
}

static void write_head(const struct snapshot *snapshot, unsigned refresh_seconds,
                       struct textbuf *out)
{
    enum html_level level = level_of_all(snapshot);

    textbuf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta name=\"color-scheme\" content=\"light dark\">\n");
    if (refresh_seconds > 0)
        textbuf_printf(out, "<meta http-equiv=\"refresh\" content=\"%u\">\n", refresh_seconds);
    textbuf_puts(out, "<title>");
    words_html(out, snapshot->name);
    textbuf_printf(out, ": %s</title>\n", word_for_all(level));
    write_icon(level, out);
    textbuf_puts(out, "<style>");
    textbuf_puts(out, style_sheet);
    textbuf_puts(out, "</style>\n</head>\n");
}

static void write_title(const struct snapshot *snapshot, struct textbuf *out)
{
    char age[AGE_TEXT_SIZE];

    age_format(snapshot->uptime_seconds, age);
    textbuf_puts(out, "<header>\n<h1>");
    words_html(out, snapshot->name);
    textbuf_puts(out, "</h1>\n<p>k0slb ");
    words_html(out, snapshot->version);
    if (snapshot->master_alive)
        textbuf_printf(out, ", pid %d, up %s</p>\n</header>\n", (int)snapshot->pid, age);
    else
        textbuf_printf(out, ", pid %d is DEAD, was started %s ago</p>\n</header>\n",
                       (int)snapshot->pid, age);
}

static void write_foot(const struct snapshot *snapshot, unsigned refresh_seconds,
                       struct textbuf *out)
{
    char at[WALL_TEXT_SIZE];

    textbuf_printf(out, "<footer>\n<p>As of %s", wall_format(snapshot->taken_ms, at));
    if (refresh_seconds > 0)
        textbuf_printf(out, ", renewed every %u s", refresh_seconds);
    textbuf_puts(out, "</p>\n<p><a href=\"/stats.json\">JSON</a></p>\n"
                      "<p><a href=\"/healthz\">healthz</a></p>\n"
                      "<p><a href=\"/readyz\">readyz</a></p>\n</footer>\n");
}

void report_html(const struct snapshot *snapshot, unsigned refresh_seconds, struct textbuf *out)
{
    write_head(snapshot, refresh_seconds, out);
    textbuf_puts(out, "<body>\n");
    write_title(snapshot, out);
    textbuf_puts(out, "<main>\n");
    write_balancer(snapshot, out);
    for (size_t i = 0; i < snapshot->service_count; i++)
        section_service(&snapshot->services[i], out);
    section_warnings(snapshot, out);
    section_events(snapshot, out);
    section_processes(snapshot, out);
    textbuf_puts(out, "</main>\n");
    write_foot(snapshot, refresh_seconds, out);
    textbuf_puts(out, "</body>\n</html>\n");
}
