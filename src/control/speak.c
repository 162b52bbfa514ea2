#include "control/verb.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "conf/conf_load.h"
#include "report/words.h"

/* The names of all controllers that there may be have room, and a sentence. */
#define LINE_LIMIT 131072

char *control_name(const struct control *control, char name[CONF_NAME_SIZE])
{
    if (control->instance == NULL)
        return conf_load_name(control->config, name);
    snprintf(name, CONF_NAME_SIZE, "%s", control->instance);
    return name;
}

void control_write_reason(const char *name, int error, struct textbuf *out)
{
    switch (error) {
    case ENOENT:
        textbuf_printf(out,
                       "%s is not running: there is no /dev/shm/%s (another instance: -n NAME)",
                       name, name);
        break;
    case EACCES:
        textbuf_printf(out,
                       "%s cannot be read: run this as root, or as a member of the group of "
                       "/dev/shm/%s",
                       name, name);
        break;
    case EBADF:
        textbuf_printf(out,
                       "%s is not trusted: /dev/shm/%s belongs to another user, who is not root",
                       name, name);
        break;
    case EPROTO:
        textbuf_printf(out,
                       "%s cannot be read: /dev/shm/%s is of another version of k0slb, or broken; "
                       "use the k0slbctl that came with it",
                       name, name);
        break;
    default:
        textbuf_printf(out, "%s cannot be read: /dev/shm/%s: %s", name, name, strerror(error));
        break;
    }
}

void control_explain(const char *name, int error)
{
    struct textbuf reason;

    textbuf_init(&reason, LINE_LIMIT);
    control_write_reason(name, error, &reason);
    control_complain("%s", reason.data != NULL ? reason.data : strerror(error));
    textbuf_fini(&reason);
}

int control_refuse_stranger(const char *name, const char *what)
{
    control_complain("%s %s: run this as root, or as the user who started it", name, what);
    return CONTROL_REFUSED;
}

int control_take_snapshot(const struct control *control, struct snapshot **out)
{
    struct board *board = control_open_board(control);

    if (board == NULL)
        return CONTROL_NOT_RUNNING;
    *out = snapshot_take(board);
    board_close(board);
    if (*out != NULL)
        return CONTROL_DONE;
    control_complain("there is not enough memory");
    return CONTROL_REFUSED;
}

struct board *control_open_board(const struct control *control)
{
    char name[CONF_NAME_SIZE];
    struct board *board = board_open(control_name(control, name));

    if (board == NULL)
        control_explain(name, errno);
    return board;
}

int control_print(const struct textbuf *text)
{
    if (text->truncated) {
        control_complain("there is not enough memory");
        return CONTROL_REFUSED;
    }
    if (text->length > 0 && fd_write_all(STDOUT_FILENO, text->data, text->length) == -1) {
        control_complain("cannot write the output: %s", strerror(errno));
        return CONTROL_REFUSED;
    }
    return CONTROL_DONE;
}

/* What stands in files, and was typed, is said again here: it must not steer the terminal. */
void control_complain(const char *format, ...)
{
    struct textbuf line;
    struct textbuf words;
    va_list args;

    textbuf_init(&line, LINE_LIMIT);
    textbuf_init(&words, LINE_LIMIT);
    va_start(args, format);
    textbuf_vprintf(&words, format, args);
    va_end(args);
    textbuf_puts(&line, "k0slbctl: ");
    words_safe(&line, words.data != NULL ? words.data : "");
    textbuf_puts(&line, "\n");
    /* There is nobody left to tell when this fails. */
    if (line.length > 0 && fd_write_all(STDERR_FILENO, line.data, line.length) == -1)
        errno = 0;
    textbuf_fini(&words);
    textbuf_fini(&line);
}

void control_complain_all(const struct conf_report *report)
{
    static const char *const prefixes[] = {
        [CONF_ERROR] = "", [CONF_WARNING] = "warning: ", [CONF_NOTICE] = "notice: "};

    for (size_t i = 0; i < report->count; i++) {
        const struct conf_message *message = &report->messages[i];

        control_complain("%s%s", prefixes[message->severity], message->text);
    }
}
