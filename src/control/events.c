#include "base/mono.h"
#include "control/verb.h"
#include "report/json.h"
#include "report/words.h"

#define EVENTS_LIMIT (1u << 20)

static void write_lines(const struct snapshot *snapshot, struct textbuf *out)
{
    char at[WALL_TEXT_SIZE];

    for (size_t i = 0; i < snapshot->event_count; i++) {
        textbuf_printf(out, "%s  ", wall_format(snapshot->events[i].at_ms, at));
        words_safe(out, snapshot->events[i].text);
        textbuf_puts(out, "\n");
    }
}

/* As they stand in /stats.json. */
static void write_json(const struct snapshot *snapshot, struct textbuf *out)
{
    struct json json = {.out = out};

    json_open(&json, NULL, "[");
    for (size_t i = 0; i < snapshot->event_count; i++) {
        json_open(&json, NULL, "{");
        json_put_time(&json, "at", snapshot->events[i].at_ms);
        json_put_text(&json, "text", snapshot->events[i].text);
        json_close(&json, "}");
    }
    json_close(&json, "]");
    textbuf_puts(out, "\n");
}

int verb_events(const struct control *control)
{
    struct snapshot *snapshot;
    struct textbuf text;
    int status = control_take_snapshot(control, &snapshot);

    if (status != CONTROL_DONE)
        return status;
    textbuf_init(&text, EVENTS_LIMIT);
    if (control->options[OPTION_JSON] != NULL)
        write_json(snapshot, &text);
    else
        write_lines(snapshot, &text);
    status = control_print(&text);
    if (status == CONTROL_DONE && !snapshot->master_alive)
        status = CONTROL_NOT_RUNNING;
    textbuf_fini(&text);
    snapshot_free(snapshot);
    return status;
}
