#include "master/reload_log.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mono.h"

#include "master/master_state.h"

/* One in three seconds, in the long run. */
static const struct told_pace pace = {.burst = 100, .every_ms = 3000};

static unsigned count_lines(const struct textbuf *text)
{
    unsigned count = 0;

    for (size_t i = 0; i < text->length; i++)
        count += text->data[i] == '\n';
    return count;
}

static void begin_line(struct keyvalue *line, const char *result)
{
    keyvalue_begin(line, "reload");
    keyvalue_word(line, "result", result);
}

void reload_log_begin(struct master *master)
{
    struct reload_log *log = &master->reload.log;
    struct keyvalue line;

    log->begun_ms = mono_ms();
    log->is_owed = false;
    log->is_told = told_is_due(&log->told, log->begun_ms, pace);
    if (!log->is_told)
        return;
    begin_line(&line, "begun");
    keyvalue_word(&line, "epoch", NULL);
    keyvalue_word(&line, "took_ms", NULL);
    keyvalue_word(&line, "errors", NULL);
    keyvalue_number(&line, "suppressed", log->told.reported);
    log_event(LOG_LEVEL_NOTICE, &line, "reloading %s", master->path);
}

static void write_end(const struct master *master, uint64_t suppressed)
{
    const struct reload_log *log = &master->reload.log;
    unsigned long long epoch = master->epoch->number;
    struct keyvalue line;

    begin_line(&line, log->is_ok ? "ok" : "failed");
    keyvalue_number(&line, "epoch", epoch);
    keyvalue_number(&line, "took_ms", log->took_ms);
    keyvalue_number(&line, "errors", log->is_ok ? 0 : count_lines(&master->reload.errors));
    keyvalue_number(&line, "suppressed", suppressed);
    if (log->is_ok)
        log_event(LOG_LEVEL_NOTICE, &line, "reloaded: epoch %llu", epoch);
    else
        log_event(LOG_LEVEL_ERROR, &line, "the reload is refused: nothing has changed");
}

static void tell_end(const struct master *master, uint64_t suppressed)
{
    if (!master->reload.log.is_ok)
        log_error_lines(master->reload.errors.data);
    write_end(master, suppressed);
}

void reload_log_end(struct master *master, bool is_ok)
{
    struct reload_log *log = &master->reload.log;

    log->is_ok = is_ok;
    log->took_ms = mono_ms() - log->begun_ms;
    log->is_owed = !log->is_told;
    if (log->is_told)
        tell_end(master, 0);
}

void reload_log_refusal(const struct textbuf *errors, char *out, size_t size)
{
    unsigned count = count_lines(errors);
    int length;

    if (count == 0) {
        snprintf(out, size, "reload refused");
        return;
    }
    length = (int)strcspn(errors->data, "\n");
    if (snprintf(out, size, "reload refused, %u error%s: %.*s", count, count == 1 ? "" : "s",
                 length, errors->data) >= (int)size)
        memcpy(out + size - sizeof("..."), "...", sizeof("..."));
}

void reload_log_owed(struct master *master)
{
    struct reload_log *log = &master->reload.log;

    if (!log->is_owed || !told_has_room(&log->told, mono_ms(), pace))
        return;
    log->is_owed = !told_is_due(&log->told, mono_ms(), pace);
    tell_end(master, log->told.reported);
}
