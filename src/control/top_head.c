#include <string.h>

#include "base/mono.h"
#include "base/strnum.h"
#include "control/top_frame.h"
#include "report/report.h"
#include "report/sentence.h"
#include "report/words.h"

static void put_title(struct top_frame *frame)
{
    const struct snapshot *now = frame->now;
    struct top_line *line = &frame->line;
    char at[WALL_TEXT_SIZE];
    char age[AGE_TEXT_SIZE];
    char interval[STRNUM_DURATION_SIZE];
    struct textbuf right;

    top_line_printf(line, PAINT_STRONG, "k0slb %s  %s", now->version, now->name);
    top_line_printf(line, PAINT_PLAIN, "  up %s", words_age(now->uptime_seconds, age));
    textbuf_init(&right, 256);
    strnum_format_duration(frame->view->interval_ms, interval);
    textbuf_printf(&right, "  %s  %s %s", wall_format(now->taken_ms, at),
                   frame->view->paused ? "PAUSED, was every" : "every", interval);
    if (right.data != NULL && line->used + right.length <= line->width) {
        top_line_move(line, line->width - (unsigned)right.length);
        top_line_put(line, frame->view->paused ? PAINT_DOUBT : PAINT_FAINT, right.data);
    }
    textbuf_fini(&right);
    top_line_end(line);
}

/* What does not work is said here; of what works there is no line. */
static void put_trouble(struct top_frame *frame)
{
    struct textbuf health;

    if (frame->view->gone != NULL) {
        top_line_printf(&frame->line, PAINT_BAD, "! %s; trying again", frame->view->gone);
        top_line_end(&frame->line);
        return;
    }
    textbuf_init(&health, 65536);
    (void)report_healthz(frame->now, &health);
    if (health.data != NULL && strcmp(health.data, "ok\n") != 0) {
        health.data[health.length - 1] = '\0';
        top_line_printf(&frame->line, PAINT_DOUBT, "! %s", health.data);
        top_line_end(&frame->line);
    }
    textbuf_fini(&health);
    if (!frame->now->reload_ok) {
        top_line_put(&frame->line, PAINT_BAD, "! the last reload failed: k0slbctl status says why");
        top_line_end(&frame->line);
    }
}

static unsigned count_sessions(const struct snapshot *now)
{
    unsigned sessions = 0;

    for (size_t i = 0; i < now->service_count; i++)
        sessions += now->services[i].counts.active;
    return sessions;
}

static void put_totals(struct top_frame *frame)
{
    const struct top_sight *sight = frame->sight;
    struct top_line *line = &frame->line;
    struct top_rates sum;
    bool is_known = top_sum_rates(sight, &sum);
    char number[WORDS_COUNT_SIZE];
    char bytes[WORDS_BYTES_SIZE];
    size_t shown = sight->history_count;

    top_line_printf(line, PAINT_PLAIN, "sessions %s",
                    words_count(count_sessions(frame->now), number));
    top_line_printf(line, PAINT_PLAIN, "  new %s/s",
                    is_known ? words_count(sum.sessions, number) : "-");
    top_line_printf(line, PAINT_PLAIN, "  in %s/s",
                    is_known ? words_bytes(sum.bytes_in, bytes) : "-");
    top_line_printf(line, PAINT_PLAIN, "  out %s/s",
                    is_known ? words_bytes(sum.bytes_out, bytes) : "-");
    if (line->used + 4 < line->width && shown > 0) {
        if (shown > line->width - line->used - 2)
            shown = line->width - line->used - 2;
        top_line_move(line, line->used + 2);
        top_line_put_columns(line, sight->history + sight->history_count - shown, shown);
    }
    top_line_end(line);
}

static bool is_well(const struct snapshot_service *service)
{
    return service->status == SERVICE_UP || service->status == SERVICE_DISABLED;
}

static void put_sentence(struct top_frame *frame, const struct snapshot_service *service)
{
    struct textbuf sentence;

    textbuf_init(&sentence, 65536);
    sentence_service(frame->now, service, &sentence);
    top_line_put(&frame->line, paint_of_service(service->status), is_well(service) ? "  " : "! ");
    top_line_put(&frame->line, PAINT_PLAIN, sentence.data != NULL ? sentence.data : "");
    top_line_end(&frame->line);
    textbuf_fini(&sentence);
}

/* One for each service; where these are many, for those that are not well. */
static void put_sentences(struct top_frame *frame)
{
    const struct snapshot *now = frame->now;
    size_t most = frame->view->rows / 4;
    bool all = now->service_count <= most;
    size_t shown = 0;
    size_t left = 0;

    for (size_t i = 0; i < now->service_count; i++) {
        const struct snapshot_service *service = &now->services[i];

        if (!all && is_well(service))
            continue;
        if (shown++ < most)
            put_sentence(frame, service);
        else
            left++;
    }
    if (left == 0)
        return;
    top_line_printf(&frame->line, PAINT_DOUBT, "! and %zu more services are not up", left);
    top_line_end(&frame->line);
}

static void put_warnings(struct top_frame *frame)
{
    const struct snapshot *now = frame->now;

    if (now->warning_count == 0)
        return;
    top_line_printf(&frame->line, PAINT_DOUBT, "! %zu warning%s", now->warning_count,
                    now->warning_count == 1 ? "" : "s");
    for (size_t i = 0; i < now->warning_count; i++)
        top_line_printf(&frame->line, PAINT_PLAIN, "%s%s", i == 0 ? ": " : ", ",
                        now->warnings[i].code);
    top_line_put(&frame->line, PAINT_PLAIN, " (k0slbctl status has the remedies)");
    top_line_end(&frame->line);
}

void top_draw_head(struct top_frame *frame)
{
    put_title(frame);
    put_totals(frame);
    put_trouble(frame);
    put_sentences(frame);
    put_warnings(frame);
}
