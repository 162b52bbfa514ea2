/* What the verbs share: the command line so far, and how they speak. */
#ifndef K0SLB_CONTROL_VERB_H
#define K0SLB_CONTROL_VERB_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/textbuf.h"
#include "board/board.h"
#include "board/snapshot.h"
#include "conf/conf.h"
#include "conf/conf_report.h"
#include "control/control.h"

/* Options of the verbs. */
enum control_option {
    OPTION_JSON,
    OPTION_NAMES,
    OPTION_COLOR,
    OPTION_INTERVAL,
    OPTION_OVER,
    OPTION_WAIT,
    OPTION_TIMEOUT,
    OPTION_FORCE,
    OPTION_SELF,
    OPTION_STEP_DOWN,
    OPTION_COUNT,
};

struct control {
    const char *instance;  /* -n, or NULL */
    const char *config;    /* -c, or the default */
    const char *operand;   /* what follows the verb, or NULL */
    char *const *operands; /* all that does */
    int operand_count;
    const char *options[OPTION_COUNT]; /* NULL = not given; "" for one that takes no value */
};

/* Each returns an exit status (enum control_exit). */
typedef int verb_fn(const struct control *control);

verb_fn verb_status;
verb_fn verb_top;
verb_fn verb_events;
verb_fn verb_drain;
verb_fn verb_ready;
verb_fn verb_maint;
verb_fn verb_check;
verb_fn verb_health;
verb_fn verb_reload;
verb_fn verb_stop;
verb_fn verb_import;
verb_fn verb_k0s_config;
verb_fn verb_doctor;
verb_fn verb_version;

/* The instance that is meant: -n, else `name` in the file, else "k0slb". Returns `name`. */
char *control_name(const struct control *control, char name[CONF_NAME_SIZE]);

/* Opens the board of the instance that is meant. NULL when it cannot, with a line that says what to
 * do about it. Free with board_close(). */
struct board *control_open_board(const struct control *control) MUST_CHECK;

/*
 * The same and a copy of it, for verbs that look once. Returns CONTROL_DONE and *out, to be freed
 * with snapshot_free(); or an exit status, with a line that says why.
 */
int control_take_snapshot(const struct control *control, struct snapshot **out) MUST_CHECK;

/* Says why the board of an instance could not be read, and what to do: errno of board_open(). */
void control_explain(const char *name, int error);

/* Says that only root and who started it may: `what` is "cannot be stopped". CONTROL_REFUSED. */
int control_refuse_stranger(const char *name, const char *what);

/* Appends the same sentence, without a newline. */
void control_write_reason(const char *name, int error, struct textbuf *out);

/* Writes to standard output. Returns CONTROL_DONE, or CONTROL_REFUSED with a line when not all of
 * it could be written. */
int control_print(const struct textbuf *text) MUST_CHECK;

/* Writes every message about a configuration; mistakes as they stand, what stops nothing says so.
 */
void control_complain_all(const struct conf_report *report);

/* Writes one line to standard error, after the program's name; control characters become '?'. */
void control_complain(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
