#include "control/doctor.h"

#include <stdio.h>
#include <string.h>

#include "control/doctor_wrap.h"
#include "report/words.h"

/* Where texts begin: behind the mark. */
#define INDENT 11

#define MARK_FORMAT "  %-7s  "

#define TEXT_LIMIT 4096

/* Room for "4294.9 s" and the NUL. */
#define TIME_SIZE 16

static const char *format_time(uint32_t us, char text[TIME_SIZE])
{
    text[0] = '\0';
    if (us >= 1000000)
        snprintf(text, TIME_SIZE, "%u.%u s", us / 1000000, us / 100000 % 10);
    else if (us > 0)
        snprintf(text, TIME_SIZE, "%u.%u ms", us / 1000, us / 100 % 10);
    return text;
}

/* Prints what was collected from `column` on, and forgets it. */
static void flush(struct textbuf *line, unsigned column, struct textbuf *out)
{
    doctor_wrap(out, column, INDENT, "", line->data != NULL ? line->data : "");
    out->truncated |= line->truncated;
    textbuf_clear(line);
}

/* ---- a backend ---- */

/* Where it is, from behind its mark to the end of the line. */
static void write_place(const struct doctor_backend *backend, struct textbuf *out)
{
    char place[CONF_PLACE_SIZE];
    char address[ADDR_TEXT_SIZE];
    struct textbuf line;

    textbuf_init(&line, TEXT_LIMIT);
    textbuf_printf(&line, "%s %s", backend->backend->name,
                   conf_place_format(backend->backend->host,
                                     backend->backend->host[0] != '\0' ? &backend->backend->address
                                                                       : &backend->address,
                                     place));
    if (backend->lookup_us != 0 && backend->address.family != ADDR_NONE)
        textbuf_printf(&line, " (%s)", addr_format(&backend->address, address));
    flush(&line, INDENT, out);
    textbuf_fini(&line);
}

/* A good step in a word or two. */
static void write_brief(enum doctor_step_name name, const struct doctor_step *step,
                        struct textbuf *line)
{
    char time[TIME_SIZE];

    words_separate(line, 0, ", ");
    switch (name) {
    case DOCTOR_RESOLVE:
    case DOCTOR_CONNECT:
        textbuf_printf(line, "%s %s", doctor_step_name(name), format_time(step->duration_us, time));
        break;
    case DOCTOR_TLS:
        textbuf_printf(line, "%s %s", step->text, format_time(step->duration_us, time));
        break;
    case DOCTOR_ANSWER:
        textbuf_printf(line, "answer %s: %s", format_time(step->duration_us, time), step->text);
        break;
    case DOCTOR_DATES:
    case DOCTOR_ALPN:
        textbuf_append(line, step->text, strcspn(step->text, ","));
        break;
    default:
        textbuf_printf(line, "%s ok", doctor_step_name(name));
        break;
    }
}

static void write_good(const struct doctor_backend *backend, struct textbuf *out)
{
    struct textbuf line;

    textbuf_init(&line, TEXT_LIMIT);
    for (int i = 0; i < DOCTOR_STEPS; i++) {
        if (backend->steps[i].mark == DOCTOR_OK)
            write_brief((enum doctor_step_name)i, &backend->steps[i], &line);
    }
    textbuf_printf(out, "%*s", INDENT, "");
    flush(&line, INDENT, out);
    textbuf_fini(&line);
}

/* Every step on a line of its own, as far as it came. */
static void write_steps(const struct doctor_backend *backend, struct textbuf *out)
{
    for (int i = 0; i < DOCTOR_STEPS; i++) {
        const struct doctor_step *step = &backend->steps[i];
        char time[TIME_SIZE];
        size_t start = out->length;

        if (step->mark == DOCTOR_SKIPPED && step->text[0] == '\0')
            continue;
        textbuf_printf(out, "%*s%-7s  %-7s  %10s", INDENT, "", doctor_mark_name(step->mark),
                       doctor_step_name((enum doctor_step_name)i),
                       format_time(step->duration_us, time));
        if (step->text[0] != '\0')
            textbuf_puts(out, "  ");
        doctor_wrap(out, (unsigned)(out->length - start), (unsigned)(out->length - start), "",
                    step->text);
    }
}

static void write_backend(const struct doctor_backend *backend, struct textbuf *out)
{
    enum doctor_mark mark = doctor_backend_mark(backend);

    textbuf_printf(out, MARK_FORMAT, doctor_mark_name(mark));
    write_place(backend, out);
    if (mark == DOCTOR_OK)
        write_good(backend, out);
    else
        write_steps(backend, out);
}

/* ---- a service ---- */

static void write_title(const struct conf_service *service, struct textbuf *out)
{
    enum conf_check check = (enum conf_check)service->check;
    struct textbuf line;

    textbuf_init(&line, TEXT_LIMIT);
    textbuf_printf(&line, "%s: ", service->name);
    if (check == CHECK_NONE)
        textbuf_puts(&line, "check none, so it is only connected to");
    else if (check == CHECK_HTTPS)
        textbuf_printf(&line, "check https, %s %s",
                       conf_method_name((enum conf_method)service->check_method),
                       service->check_path);
    else
        textbuf_printf(&line, "check %s", conf_check_name(check));
    textbuf_puts(out, "\n");
    flush(&line, 0, out);
    textbuf_fini(&line);
}

static void write_services(const struct doctor *doctor, struct textbuf *out)
{
    const struct conf_service *titled = NULL;

    for (size_t i = 0; i < doctor->backend_count; i++) {
        const struct doctor_backend *backend = &doctor->backends[i];

        if (!backend->is_wanted)
            continue;
        if (backend->service != titled)
            write_title(backend->service, out);
        titled = backend->service;
        write_backend(backend, out);
    }
}

/* ---- findings ---- */

static bool is_same(const struct doctor_finding *a, const struct doctor_finding *b)
{
    return a->mark == b->mark && strcmp(a->code, b->code) == 0 && strcmp(a->text, b->text) == 0 &&
           strcmp(a->remedy, b->remedy) == 0;
}

/* Whether one before it says the same, of another place. */
static bool is_told(const struct doctor_findings *findings, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (is_same(&findings->list[i], &findings->list[index]))
            return true;
    }
    return false;
}

/* The list of places begins at `start`. */
static void write_where(const struct doctor *doctor, const struct doctor_finding *finding,
                        size_t start, struct textbuf *line)
{
    words_separate(line, start, ", ");
    textbuf_puts(line, epoch_service(doctor->epoch, finding->service)->name);
    if (finding->backend != CONF_NO_INDEX)
        textbuf_printf(line, "/%s", epoch_backend(doctor->epoch, finding->backend)->name);
}

/* All places of which the same is said. */
static void write_places(const struct doctor *doctor, size_t index, struct textbuf *line)
{
    const struct doctor_findings *findings = &doctor->findings;
    const struct doctor_finding *finding = &findings->list[index];
    const size_t start = line->length;

    if (finding->names_place || finding->service == CONF_NO_INDEX)
        return;
    for (size_t i = index; i < findings->count; i++) {
        if (is_same(&findings->list[i], finding))
            write_where(doctor, &findings->list[i], start, line);
    }
    textbuf_puts(line, ": ");
}

static void write_finding(const struct doctor *doctor, size_t index, struct textbuf *out)
{
    const struct doctor_finding *finding = &doctor->findings.list[index];
    struct textbuf line;

    textbuf_init(&line, 2 * DOCTOR_TEXT_SIZE + CONF_MAX_BACKENDS * 2 * CONF_NAME_SIZE);
    textbuf_printf(out, MARK_FORMAT, doctor_mark_name(finding->mark));
    textbuf_printf(&line, "%s: ", finding->code);
    write_places(doctor, index, &line);
    textbuf_puts(&line, finding->text);
    flush(&line, INDENT, out);
    if (finding->remedy[0] != '\0') {
        textbuf_printf(out, "%*s", INDENT, "");
        textbuf_printf(&line, "remedy: %s", finding->remedy);
        flush(&line, INDENT, out);
    }
    textbuf_fini(&line);
    if (finding->command[0] != '\0') {
        textbuf_printf(out, "%*s", INDENT + 2, "");
        doctor_wrap(out, INDENT + 2, INDENT + 4, " \\", finding->command);
    }
}

/* The worst first, each as often as it differs. */
static void write_findings(const struct doctor *doctor, struct textbuf *out)
{
    const struct doctor_findings *findings = &doctor->findings;

    if (findings->count > 0)
        textbuf_puts(out, "\n");
    for (int mark = DOCTOR_ERROR; mark >= DOCTOR_NOTE; mark--) {
        for (size_t i = 0; i < findings->count; i++) {
            if ((int)findings->list[i].mark == mark && !is_told(findings, i))
                write_finding(doctor, i, out);
        }
    }
}

/* ---- all of it ---- */

static void write_count(size_t count, const char *word, struct textbuf *out)
{
    textbuf_printf(out, "%zu %s%s", count, word, count == 1 ? "" : "s");
}

static void write_end(const struct doctor *doctor, struct textbuf *out)
{
    size_t errors = doctor_findings_count(&doctor->findings, DOCTOR_ERROR);
    size_t warnings = doctor_findings_count(&doctor->findings, DOCTOR_WARNING);

    textbuf_puts(out, "\n");
    if (errors + warnings == 0) {
        textbuf_puts(out, "ok: nothing is wrong\n");
        return;
    }
    write_count(errors, "error", out);
    textbuf_puts(out, ", ");
    write_count(warnings, "warning", out);
    textbuf_puts(out, "\n");
}

static void write_head(const struct doctor *doctor, struct textbuf *out)
{
    struct textbuf line;
    char time[TIME_SIZE];
    size_t asked = 0;

    for (size_t i = 0; i < doctor->backend_count; i++)
        asked += doctor->backends[i].is_answered;
    textbuf_init(&line, TEXT_LIMIT);
    textbuf_printf(&line, "%s: ", doctor->path);
    write_count(asked, "backend", &line);
    textbuf_printf(&line, " asked in %s", format_time(doctor->duration_us, time));
    flush(&line, 0, out);
    textbuf_fini(&line);
}

void doctor_text(const struct doctor *doctor, struct textbuf *out)
{
    write_head(doctor, out);
    write_services(doctor, out);
    write_findings(doctor, out);
    write_end(doctor, out);
}
