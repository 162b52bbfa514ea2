#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "control/verb.h"
#include "report/report.h"
#include "report/select.h"

/* 1,000 backends with 16,000 clients are some megabytes of JSON. */
#define STATUS_LIMIT (32u << 20)

/* A longer list of names is not for a line. */
#define NAMES_MOST 2000

/* ---- how it looks ---- */

/* By itself only where somebody looks at it: see https://no-color.org and term(7). */
static bool has_color(void)
{
    const char *refused = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && (refused == NULL || refused[0] == '\0') && term != NULL &&
           term[0] != '\0' && strcmp(term, "dumb") != 0;
}

static unsigned own_width(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* ---- what is shown ---- */

static void complain_about_name(const struct snapshot *snapshot, const char *name)
{
    const char *meant = select_suggest(snapshot, name);
    struct textbuf names;

    textbuf_init(&names, STATUS_LIMIT);
    select_names(snapshot, "", "", ", ", &names);
    if (names.length > 0)
        names.data[names.length - 2] = '\0';
    if (meant != NULL)
        control_complain("there is no service and no controller named %s; did you mean %s?", name,
                         meant);
    else
        control_complain("there is no service and no controller named %s", name);
    if (names.length > NAMES_MOST)
        control_complain("there are many: k0slbctl status --names");
    else
        control_complain("there are: %s", names.length > 0 ? names.data : "none");
    textbuf_fini(&names);
}

static int print_report(const struct control *control, const struct snapshot *snapshot,
                        enum report_part part)
{
    const struct report_look look = {.color = control->options[OPTION_COLOR] != NULL || has_color(),
                                     .width = own_width(),
                                     .part = part};
    struct textbuf text;
    int status;

    textbuf_init(&text, STATUS_LIMIT);
    if (control->options[OPTION_JSON] != NULL)
        report_json(snapshot, &text);
    else
        report_text(snapshot, &look, &text);
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

static int print_part(const struct control *control, const struct snapshot *snapshot)
{
    enum report_part part;
    struct snapshot *selected = select_part(snapshot, control->operand, &part);
    int status;

    if (selected == NULL && errno == ENOENT) {
        complain_about_name(snapshot, control->operand);
        return CONTROL_REFUSED;
    }
    if (selected == NULL) {
        control_complain("there is not enough memory");
        return CONTROL_REFUSED;
    }
    status = print_report(control, selected, part);
    select_free(selected);
    return status;
}

static int print_names(const struct snapshot *snapshot)
{
    struct textbuf text;
    int status;

    textbuf_init(&text, STATUS_LIMIT);
    select_names(snapshot, "service ", "controller ", "\n", &text);
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

/* ---- the verb ---- */

static const char *wrong_with(const struct control *control)
{
    const char *const *options = control->options;

    if (options[OPTION_NAMES] == NULL)
        return NULL;
    if (options[OPTION_JSON] != NULL || options[OPTION_COLOR] != NULL || control->operand != NULL)
        return "--names prints them all, and takes nothing else";
    return NULL;
}

int verb_status(const struct control *control)
{
    const char *wrong = wrong_with(control);
    struct snapshot *snapshot;
    int status;

    if (wrong != NULL) {
        control_complain("status: %s; try k0slbctl status --help", wrong);
        return CONTROL_USAGE;
    }
    status = control_take_snapshot(control, &snapshot);
    if (status != CONTROL_DONE)
        return status;
    if (control->options[OPTION_NAMES] != NULL)
        status = print_names(snapshot);
    else if (control->operand != NULL)
        status = print_part(control, snapshot);
    else
        status = print_report(control, snapshot, REPORT_WHOLE);
    if (status == CONTROL_DONE && !snapshot->master_alive)
        status = CONTROL_NOT_RUNNING;
    snapshot_free(snapshot);
    return status;
}
