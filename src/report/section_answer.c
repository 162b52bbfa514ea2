#include "report/section.h"

#include <string.h>

#include "base/mono.h"
#include "report/report.h"
#include "report/sentence.h"
#include "report/summary.h"
#include "report/words.h"

/* One line of text before it is escaped. */
#define LINE_LIMIT 16384

/* ---- the answer ---- */

static void put_sentence(const struct snapshot *snapshot, size_t index, struct textbuf *out)
{
    const struct snapshot_service *service = &snapshot->services[index];
    struct textbuf sentence;

    textbuf_init(&sentence, LINE_LIMIT);
    sentence_service(snapshot, service, &sentence);
    textbuf_printf(out, "<li class=\"%s\" data-at=\"services.%zu\"><span data-k=\"sentence\">",
                   html_level_name(section_service_level(service->status)), index);
    words_html(out, sentence.data != NULL ? sentence.data : "");
    textbuf_puts(out, "</span></li>\n");
    out->truncated |= sentence.truncated;
    textbuf_fini(&sentence);
}

void section_answer(const struct snapshot *snapshot, struct textbuf *out)
{
    textbuf_puts(out, "<section class=\"answer\" aria-labelledby=\"answer\">\n"
                      "<h2 id=\"answer\">Is my control plane reachable?</h2>\n<ul>\n");
    for (size_t i = 0; i < snapshot->service_count; i++)
        put_sentence(snapshot, i, out);
    if (snapshot->service_count == 0)
        textbuf_puts(out, "<li class=\"idle\">There are no services.</li>\n");
    textbuf_puts(out, "</ul>\n</section>\n");
}

/* ---- notices ---- */

static void begin_notice(struct textbuf *out, enum html_level level, const char *title)
{
    textbuf_printf(out, "<li class=\"%s\">\n<p class=\"title\">", html_level_name(level));
    words_html(out, title);
    textbuf_puts(out, "</p>\n");
}

static void end_notice(struct textbuf *out, const char *remedy)
{
    if (remedy[0] != '\0') {
        textbuf_puts(out, "<p class=\"remedy\"><span>What to do:</span> ");
        words_html(out, remedy);
        textbuf_puts(out, "</p>\n");
    }
    textbuf_puts(out, "</li>\n");
}

/* What /healthz says, in a notice of its own unless that is "ok", or on purpose. */
static void put_health(const struct snapshot *snapshot, struct textbuf *out)
{
    struct textbuf line;
    int status;

    textbuf_init(&line, LINE_LIMIT);
    status = report_healthz(snapshot, &line);
    if (line.data != NULL && strcmp(line.data, "ok\n") != 0 && strcmp(line.data, "maint\n") != 0) {
        begin_notice(out, status == 200 ? HTML_WARN : HTML_BAD,
                     status == 200 ? "This balancer serves, but not as it should"
                                   : "This balancer does not serve");
        line.data[line.length - 1] = '\0';
        textbuf_puts(out, "<p>");
        words_html(out, line.data);
        if (!snapshot->master_alive) {
            textbuf_puts(out, "; still living: ");
            summary_living(snapshot, out);
        }
        textbuf_puts(out, "</p>\n");
        end_notice(out, snapshot->master_alive ? ""
                                               : "start k0slbd again: it takes over from what "
                                                 "lives, and no connection is lost");
    }
    textbuf_fini(&line);
}

static void put_maint(const struct snapshot *snapshot, struct textbuf *out)
{
    if (snapshot->admin != BOARD_ADMIN_MAINT)
        return;
    begin_notice(out, HTML_HELD, "This balancer is in maint");
    textbuf_puts(out, "<p>It goes on serving; /healthz answers 503, so that the address moves to "
                      "another one.</p>\n");
    end_notice(out, "k0slbctl ready --self, when the work is done");
}

/* Line by line, for line ends are no text. */
static void put_reload_errors(const struct snapshot *snapshot, struct textbuf *out)
{
    char copy[BOARD_ERRORS_SIZE];
    const char *line = snapshot->reload_errors;

    textbuf_puts(out, "<pre>");
    while (*line != '\0') {
        size_t length = strcspn(line, "\n");

        memcpy(copy, line, length);
        copy[length] = '\0';
        words_html(out, copy);
        textbuf_puts(out, "\n");
        line += length + (line[length] == '\n');
    }
    textbuf_puts(out, "</pre>\n");
}

static void put_reload(const struct snapshot *snapshot, struct textbuf *out)
{
    if (snapshot->reload_ok)
        return;
    begin_notice(out, HTML_BAD, "The last reload failed");
    textbuf_puts(out, "<p>");
    html_ago(out, snapshot->reload_ms, snapshot->taken_ms);
    textbuf_printf(out, "; what was there, epoch %llu, stays in force.</p>\n",
                   (unsigned long long)snapshot->epoch);
    put_reload_errors(snapshot, out);
    end_notice(out, "correct the file until k0slbctl check is content, then k0slbctl reload");
}

static void put_warning(const struct board_warning *warning, struct textbuf *out)
{
    begin_notice(out, HTML_WARN, warning->text);
    textbuf_puts(out, "<p class=\"code\">");
    words_html(out, warning->code);
    textbuf_puts(out, "</p>\n");
    end_notice(out, warning->remedy);
}

void section_notices(const struct snapshot *snapshot, struct textbuf *out)
{
    struct textbuf notices;

    textbuf_init(&notices, out->limit);
    put_health(snapshot, &notices);
    put_maint(snapshot, &notices);
    put_reload(snapshot, &notices);
    for (size_t i = 0; i < snapshot->warning_count; i++)
        put_warning(&snapshot->warnings[i], &notices);
    if (notices.length > 0) {
        textbuf_puts(out, "<section class=\"notices\" aria-labelledby=\"notices\">\n"
                          "<h2 id=\"notices\">What needs you</h2>\n<ul>\n");
        textbuf_append(out, notices.data, notices.length);
        textbuf_puts(out, "</ul>\n</section>\n");
    }
    out->truncated |= notices.truncated;
    textbuf_fini(&notices);
}
