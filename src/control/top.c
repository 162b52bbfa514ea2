#include "control/top.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/loop.h"
#include "base/mono.h"
#include "base/strnum.h"
#include "control/top_screen.h"
#include "control/verb.h"

/* A frame of 1,000 columns by 300 rows in colours. */
#define FRAME_LIMIT (4u << 20)

#define INTERVAL_DEFAULT_MS 1000
#define INTERVAL_LEAST_MS   100
#define INTERVAL_MOST_MS    60000

/* The running verb. */
struct top {
    char name[CONF_NAME_SIZE];
    struct board *board; /* NULL while there is none */
    struct snapshot *now;
    struct snapshot *before;
    uint64_t taken_ms; /* mono_ms() of `now` */
    struct textbuf gone;
    struct top_sight sight;
    struct top_view view;
    struct top_keys keys;
    struct top_screen screen;
    struct textbuf frame;
    size_t page; /* lines of the list on the screen */
    struct loop *loop;
    struct loop_watch input;
    struct loop_watch signals;
    struct loop_timer timer;
    bool is_over;
};

/* ---- looking ---- */

/* Whether a snapshot is of a balancer that runs. */
static bool is_running(const struct top *top)
{
    return top->board != NULL && top->now->master_alive;
}

/* The board of who has come after the one that is dead. What there was stays when there is none. */
static void reopen(struct top *top)
{
    struct board *board = board_open(top->name);

    textbuf_clear(&top->gone);
    if (board == NULL)
        control_write_reason(top->name, errno, &top->gone);
    if (top->board != NULL)
        board_close(top->board);
    top->board = board;
}

/* Returns 0, or -1 with errno ENOMEM. */
static int take(struct top *top)
{
    struct snapshot *snapshot = snapshot_take(top->board);
    uint64_t now = mono_ms();

    if (snapshot == NULL)
        return -1;
    snapshot_free(top->before);
    top->before = top->now;
    top->now = snapshot;
    top->sight.now = top->now;
    top->sight.before = top->before;
    top->sight.elapsed_ms = now - top->taken_ms;
    top->taken_ms = now;
    return 0;
}

static int look(struct top *top)
{
    if (top->now != NULL && !is_running(top))
        reopen(top);
    if (top->board == NULL)
        return 0;
    if (take(top) == -1)
        return -1;
    if (top->now->master_alive)
        top_remember(&top->sight);
    return 0;
}

/* ---- showing ---- */

static void show(struct top *top)
{
    top_screen_size(&top->view.rows, &top->view.columns);
    top->view.gone = top->board == NULL ? top->gone.data : NULL;
    textbuf_clear(&top->frame);
    top->page = top_draw(&top->sight, &top->view, &top->frame);
    /* A terminal that cannot be written to has gone. */
    if (top->frame.truncated || top_screen_show(&top->frame) == -1)
        top->is_over = true;
    top->frame.truncated = false;
}

static void on_timer(struct loop_timer *timer)
{
    struct top *top = CONTAINER_OF(timer, struct top, timer);

    if (!top->view.paused && look(top) == -1) {
        top->is_over = true;
        return;
    }
    show(top);
    loop_timer_set(top->loop, timer, loop_now_ms(top->loop) + top->view.interval_ms);
}

/* ---- keys and signals ---- */

/* As a shell expects it of Ctrl-Z: the terminal is its own meanwhile. */
static void suspend(struct top *top)
{
    top_screen_leave(&top->screen);
    raise(SIGTSTP);
    if (top_screen_take(&top->screen) == -1)
        top->is_over = true;
}

static void scroll(struct top *top, size_t lines, bool is_up)
{
    size_t *at = &top->view.scroll;

    if (!is_up)
        *at += lines;
    else
        *at -= *at < lines ? *at : lines;
}

static void obey(struct top *top, enum top_key key)
{
    const size_t page = top->page > 1 ? top->page - 1 : 1;

    switch (key) {
    case TOP_KEY_NONE:
        return;
    case TOP_KEY_QUIT:
        top->is_over = true;
        return;
    case TOP_KEY_SUSPEND:
        suspend(top);
        break;
    case TOP_KEY_PAUSE:
        top->view.paused = !top->view.paused;
        break;
    case TOP_KEY_SORT:
        top->view.order = (top->view.order + 1) % TOP_ORDERS;
        break;
    case TOP_KEY_UP:
    case TOP_KEY_DOWN:
        scroll(top, 1, key == TOP_KEY_UP);
        break;
    case TOP_KEY_PAGE_UP:
    case TOP_KEY_PAGE_DOWN:
        scroll(top, page, key == TOP_KEY_PAGE_UP);
        break;
    case TOP_KEY_HOME:
        top->view.scroll = 0;
        break;
    case TOP_KEY_END:
        top->view.scroll = SIZE_MAX / 2; /* brought back when it is drawn */
        break;
    }
    show(top);
}

static void on_input(struct loop_watch *watch, unsigned events)
{
    struct top *top = CONTAINER_OF(watch, struct top, input);
    unsigned char bytes[64];
    ssize_t got = read(watch->fd, bytes, sizeof(bytes));

    (void)events;
    if (got <= 0 && !(got == -1 && (errno == EINTR || errno == EAGAIN)))
        top->is_over = true;
    for (ssize_t i = 0; i < got && !top->is_over; i++)
        obey(top, top_keys_feed(&top->keys, bytes[i]));
}

static void on_signal(struct loop_watch *watch, unsigned events)
{
    struct top *top = CONTAINER_OF(watch, struct top, signals);
    struct signalfd_siginfo info;

    (void)events;
    while (!top->is_over && read(watch->fd, &info, sizeof(info)) == sizeof(info)) {
        switch (info.ssi_signo) {
        case SIGWINCH:
            show(top);
            break;
        case SIGCONT:
            if (top_screen_take(&top->screen) == -1)
                top->is_over = true;
            else
                show(top);
            break;
        default:
            top->is_over = true;
            break;
        }
    }
}

/* ---- beginning and end ---- */

static int watch_signals(struct top *top)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGWINCH, SIGCONT};
    sigset_t mask;

    sigemptyset(&mask);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        sigaddset(&mask, numbers[i]);
    if (sigprocmask(SIG_BLOCK, &mask, NULL) == -1)
        return -1;
    top->signals.fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    return top->signals.fd == -1 ? -1 : loop_add(top->loop, &top->signals, LOOP_READ);
}

static bool speaks_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0')
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
    }
    return false;
}

static int init(struct top *top, const struct control *control)
{
    const char *refused = getenv("NO_COLOR");

    top->view.color = refused == NULL || refused[0] == '\0';
    top->view.utf8 = speaks_utf8();
    top->board = control_open_board(control);
    if (top->board == NULL)
        return CONTROL_NOT_RUNNING;
    if (look(top) == -1) {
        control_complain("there is not enough memory");
        return CONTROL_REFUSED;
    }
    if (top->now->master_alive)
        return CONTROL_DONE;
    control_complain("%s is not running: its master (pid %d) is dead; see k0slbctl status",
                     top->name, (int)top->now->pid);
    return CONTROL_NOT_RUNNING;
}

static int run(struct top *top)
{
    top->loop = loop_new();
    top->input.fd = STDIN_FILENO;
    if (top->loop == NULL || watch_signals(top) == -1 ||
        loop_add(top->loop, &top->input, LOOP_READ) == -1 || top_screen_take(&top->screen) == -1) {
        int error = errno;

        top_screen_leave(&top->screen);
        control_complain("top: the terminal cannot be used: %s", strerror(error));
        return CONTROL_REFUSED;
    }
    on_timer(&top->timer);
    while (!top->is_over) {
        if (loop_turn(top->loop, -1) == -1)
            break;
    }
    top_screen_leave(&top->screen);
    return is_running(top) ? CONTROL_DONE : CONTROL_NOT_RUNNING;
}

static void fini(struct top *top)
{
    loop_free(top->loop);
    fd_close(&top->signals.fd);
    if (top->board != NULL)
        board_close(top->board);
    snapshot_free(top->now);
    snapshot_free(top->before);
    textbuf_fini(&top->gone);
    textbuf_fini(&top->frame);
}

static int read_interval(const struct control *control, uint64_t *out)
{
    const char *text = control->options[OPTION_INTERVAL];

    *out = INTERVAL_DEFAULT_MS;
    if (text == NULL || strnum_duration(text, INTERVAL_LEAST_MS, INTERVAL_MOST_MS, out) == 0)
        return 0;
    control_complain("top: --interval is a duration from 100ms to 1m, such as 2s");
    return -1;
}

int verb_top(const struct control *control)
{
    struct top top = {.input = {.fn = on_input, .fd = -1},
                      .signals = {.fn = on_signal, .fd = -1},
                      .timer = {.fn = on_timer}};
    int status;

    if (read_interval(control, &top.view.interval_ms) == -1)
        return CONTROL_USAGE;
    if (!top_screen_is_there()) {
        control_complain("top needs a terminal; for a file or a pipe there is k0slbctl status");
        return CONTROL_USAGE;
    }
    control_name(control, top.name);
    textbuf_init(&top.gone, 4096);
    textbuf_init(&top.frame, FRAME_LIMIT);
    status = init(&top, control);
    if (status == CONTROL_DONE)
        status = run(&top);
    fini(&top);
    return status;
}
