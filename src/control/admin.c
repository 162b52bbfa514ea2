#include "control/admin.h"

#include <errno.h>

#include "base/strnum.h"
#include "board/board_admin.h"
#include "control/members.h"
#include "control/verb.h"

#define TEXT_LIMIT 65536

/* So often in a row nobody starts anew. */
#define STARTS_MOST 5

/* ---- what has been said ---- */

static uint32_t count_sessions(const struct admin_plan *plan, const struct snapshot *snapshot)
{
    uint32_t count = 0;

    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        for (size_t j = 0; j < service->backend_count; j++) {
            if (admin_means(plan, service, &service->backends[j]))
                count += service->backends[j].counts.active;
        }
    }
    return count;
}

static void put_self(const struct admin_plan *plan, struct textbuf *out)
{
    textbuf_printf(out, "%s: %s\n", plan->instance,
                   plan->state == BOARD_ADMIN_READY
                       ? "ready"
                       : "maint: it goes on serving, and /healthz answers 503");
}

/* What ends by itself may take days. */
static void put_waiting(const struct admin_plan *plan, uint32_t sessions, struct textbuf *out)
{
    if (!plan->waits || plan->state != BOARD_ADMIN_DRAIN || plan->over_ms > 0 || sessions == 0)
        return;
    textbuf_printf(out, "%u session%s left; --over TIME closes %s\n", (unsigned)sessions,
                   sessions == 1 ? "" : "s", sessions == 1 ? "it" : "them");
}

static void put_controller(const struct admin_plan *plan, const struct snapshot *snapshot,
                           struct textbuf *out)
{
    char over[STRNUM_DURATION_SIZE];

    textbuf_printf(out, "%s: %s", plan->controller, board_admin_name(plan->state));
    if (plan->over_ms > 0)
        textbuf_printf(out, " over %s", strnum_format_duration(plan->over_ms, over));
    textbuf_puts(out, " in ");
    (void)admin_name_services(plan, snapshot, out);
    if (plan->state != BOARD_ADMIN_READY)
        textbuf_printf(out, "; open sessions: %u", (unsigned)count_sessions(plan, snapshot));
    textbuf_puts(out, "\n");
    put_waiting(plan, count_sessions(plan, snapshot), out);
}

static int print_said(const struct admin_plan *plan, const struct snapshot *snapshot)
{
    struct textbuf text;
    int status;

    textbuf_init(&text, TEXT_LIMIT);
    if (plan->controller == NULL)
        put_self(plan, &text);
    else
        put_controller(plan, snapshot, &text);
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

/* ---- saying it ---- */

static bool means_anything(const struct admin_plan *plan, const struct snapshot *snapshot)
{
    struct textbuf services;
    unsigned count;

    textbuf_init(&services, TEXT_LIMIT);
    count = admin_name_services(plan, snapshot, &services);
    textbuf_fini(&services);
    return plan->controller == NULL || count > 0;
}

/* Returns the exit status; *again when another board is the one to say it to. */
static int say_with(struct board *board, struct admin_plan *plan, const struct snapshot *snapshot,
                    bool *again)
{
    if (!means_anything(plan, snapshot)) {
        admin_complain_about_names(plan, snapshot);
        return CONTROL_REFUSED;
    }
    switch (admin_say(board, plan, snapshot)) {
    case ADMIN_SAID:
        return print_said(plan, snapshot);
    case ADMIN_GONE:
        return CONTROL_NOT_RUNNING;
    case ADMIN_ELSEWHERE:
        *again = true;
        break;
    case ADMIN_REFUSED:
        break;
    }
    return CONTROL_REFUSED;
}

/* ---- the board ---- */

/* NULL with the exit status in *status. */
static struct board *open_board(const char *name, int *status)
{
    struct board *board = board_open_admin(name);

    *status = CONTROL_NOT_RUNNING;
    if (board != NULL)
        return board;
    if (errno != EACCES) {
        control_explain(name, errno);
        return NULL;
    }
    *status = control_refuse_stranger(name, "cannot be changed");
    return NULL;
}

/* Without its master it is obeyed too, and the next start goes on with it. */
static bool does_anything_run(const char *name)
{
    struct members members;

    if (members_read(&members, name) == 0 && members_alive(&members) > 0)
        return true;
    control_complain("%s is not running: its master is dead, and nothing of it is left", name);
    return false;
}

static int say_to(struct board *board, struct admin_plan *plan, bool *again)
{
    struct snapshot *snapshot = snapshot_take(board);
    int status;

    if (snapshot == NULL) {
        control_complain("there is not enough memory");
        return CONTROL_REFUSED;
    }
    status = say_with(board, plan, snapshot, again);
    snapshot_free(snapshot);
    return status;
}

static int say_once(struct admin_plan *plan, bool *again)
{
    int status;
    struct board *board = open_board(plan->instance, &status);

    *again = false;
    if (board == NULL)
        return status;
    if (does_anything_run(plan->instance))
        status = say_to(board, plan, again);
    board_close(board);
    return status;
}

static int say(struct admin_plan *plan)
{
    for (unsigned i = 0; i < STARTS_MOST; i++) {
        bool again;
        int status = say_once(plan, &again);

        if (!again)
            return status;
    }
    control_complain("%s is started again and again; try once more", plan->instance);
    return CONTROL_REFUSED;
}

/* ---- the verbs ---- */

static int run(const struct control *control, enum board_admin_state state)
{
    char name[CONF_NAME_SIZE];
    struct admin_plan plan = {.instance = name, .state = state};
    int status;

    if (admin_read_plan(control, &plan) == -1)
        return CONTROL_USAGE;
    control_name(control, name);
    status = say(&plan);
    if (status == CONTROL_DONE && plan.waits)
        status = admin_wait(&plan);
    return status;
}

int verb_drain(const struct control *control)
{
    return run(control, BOARD_ADMIN_DRAIN);
}

int verb_ready(const struct control *control)
{
    return run(control, BOARD_ADMIN_READY);
}

int verb_maint(const struct control *control)
{
    return run(control, BOARD_ADMIN_MAINT);
}
