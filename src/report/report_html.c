#include "report/report.h"

#include "base/mono.h"
#include "report/html.h"
#include "report/script.h"
#include "report/section.h"
#include "report/style.h"
#include "report/words.h"

const char *report_html_policy(void)
{
    return "default-src 'none'; style-src 'sha256-" STYLE_HASH "'; script-src 'sha256-" SCRIPT_HASH
           "'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
           "frame-ancestors 'none'";
}

/* ---- the head ---- */

/* The tab says how it stands, too: by its title, and by a sign with the level's shape. */
static void write_icon(enum html_level level, struct textbuf *out)
{
    static const char *const signs[] = {
        [HTML_GOOD] = "circle cx='8' cy='8' r='7' fill='%231a8f4c'",
        [HTML_HELD] = "path d='M3 2h4v12H3zM9 2h4v12H9z' fill='%233b7de0'",
        [HTML_WARN] = "path d='M8 1l7.5 14H.5z' fill='%23d18a00'",
        [HTML_BAD] = "path d='M1 1h14v14H1z' fill='%23d0312d'",
    };
    const char *sign = signs[level] != NULL ? signs[level] : signs[HTML_GOOD];

    textbuf_printf(out,
                   "<link id=\"icon\" rel=\"icon\" href=\"data:image/svg+xml,"
                   "%%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%%3E"
                   "%%3C%s/%%3E%%3C/svg%%3E\">\n",
                   sign);
}

/* Without scripts the page is loaded again. */
static void write_head(const struct snapshot *snapshot, unsigned refresh_seconds,
                       struct textbuf *out)
{
    enum html_level level = section_level_of_all(snapshot);

    textbuf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta name=\"color-scheme\" content=\"light dark\">\n"
                      "<meta name=\"referrer\" content=\"no-referrer\">\n");
    if (refresh_seconds > 0)
        textbuf_printf(out, "<noscript><meta http-equiv=\"refresh\" content=\"%u\"></noscript>\n",
                       refresh_seconds);
    textbuf_puts(out, "<title>");
    words_html(out, snapshot->name);
    textbuf_puts(out, ": ");
    section_words_for_all(snapshot, out);
    textbuf_puts(out, "</title>\n");
    write_icon(level, out);
    textbuf_puts(out, "<style>");
    textbuf_puts(out, style_sheet);
    textbuf_puts(out, "</style>\n<script>");
    textbuf_puts(out, page_script);
    textbuf_puts(out, "</script>\n</head>\n");
}

/* ---- the body ---- */

static void write_top(const struct snapshot *snapshot, struct textbuf *out)
{
    struct textbuf words;

    textbuf_puts(out, "<div id=\"top\">\n<h1>");
    words_html(out, snapshot->name);
    textbuf_puts(out, "</h1>\n");
    textbuf_init(&words, 1024);
    section_words_for_all(snapshot, &words);
    html_state(out, section_level_of_all(snapshot), words.data != NULL ? words.data : "");
    textbuf_fini(&words);
    textbuf_printf(out, "\n<p data-at=\"\">pid %d, %s ", (int)snapshot->pid,
                   snapshot->master_alive ? "up" : "is DEAD, was started");
    html_number(out, HTML_AGE, "uptime_seconds", snapshot->uptime_seconds);
    textbuf_puts(out, snapshot->master_alive ? "</p>\n</div>\n" : " ago</p>\n</div>\n");
}

/* What works by the script alone is not there without it. */
static void write_header(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_puts(out, "<a class=\"skip\" href=\"#main\">Skip to the answer</a>\n<header>\n");
    write_top(snapshot, out);
    textbuf_puts(out, "<div id=\"tools\" hidden=\"\">\n<span id=\"clock\"></span>\n"
                      "<button type=\"button\" id=\"pause\" title=\"key: p\">Pause</button>\n"
                      "<button type=\"button\" id=\"theme\">Theme: auto</button>\n</div>\n"
                      "</header>\n<p id=\"lost\" role=\"alert\" hidden=\"\"></p>\n"
                      "<p id=\"said\" role=\"status\"></p>\n");
}

static void write_main(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_puts(out, "<main id=\"main\" tabindex=\"-1\">\n");
    section_answer(snapshot, out);
    section_notices(snapshot, out);
    section_matrix(snapshot, out);
    for (size_t i = 0; i < snapshot->service_count; i++)
        section_service(snapshot, i, out);
    section_balancer(snapshot, out);
    section_events(snapshot, out);
    textbuf_puts(out, "</main>\n");
}

static void write_footer(const struct snapshot *snapshot, unsigned refresh_seconds,
                         struct textbuf *out)
{
    char at[WALL_TEXT_SIZE];

    textbuf_printf(out,
                   "<footer>\n<p id=\"as-of\" data-at=\"\">As of <span data-k=\"taken\">%s</span>",
                   wall_format(snapshot->taken_ms, at));
    if (refresh_seconds > 0)
        textbuf_printf(out, ", renewed every %u s", refresh_seconds);
    textbuf_puts(out, "</p>\n<p>The same as <a href=\"stats.json\">JSON</a>, "
                      "<a href=\";csv\">CSV</a>, <a href=\"metrics\">metrics</a>; "
                      "<a href=\"healthz\">healthz</a>, <a href=\"readyz\">readyz</a></p>\n"
                      "</footer>\n");
}

void report_html(const struct snapshot *snapshot, unsigned refresh_seconds, struct textbuf *out)
{
    write_head(snapshot, refresh_seconds, out);
    textbuf_printf(out, "<body data-refresh=\"%u\" data-version=\"", refresh_seconds);
    words_html(out, snapshot->version);
    textbuf_puts(out, "\">\n");
    write_header(snapshot, out);
    write_main(snapshot, out);
    write_footer(snapshot, refresh_seconds, out);
    textbuf_puts(out, "</body>\n</html>\n");
}
