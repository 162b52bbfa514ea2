#include "control/admin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mono.h"
#include "base/strnum.h"
#include "board/board_admin.h"
#include "control/members.h"
#include "control/verb.h"
#include "report/words.h"

#define TEXT_LIMIT      65536
#define TIMEOUT_MOST_MS (7 * 24 * UINT64_C(3600000))

/* ---- the command line ---- */

static int read_time(const struct control *control, enum control_option option, uint64_t most,
                     uint64_t *out)
{
    const char *text = control->options[option];

    *out = 0;
    if (text == NULL || strnum_duration(text, 1, most, out) == 0)
        return 0;
    if (errno == ERANGE) {
        char longest[STRNUM_DURATION_SIZE];

        control_complain("%s is not between 1ms and %s", text,
                         strnum_format_duration(most, longest));
    } else {
        control_complain("\"%s\" is not a duration such as 200ms, 30s, 5m or 1h", text);
    }
    return -1;
}

static int complain_about_line(const char *verb, const char *what)
{
    control_complain("%s: %s; try k0slbctl %s --help", verb, what, verb);
    return -1;
}

static int check_operands(const struct control *control, const char *verb)
{
    if (control->options[OPTION_SELF] == NULL)
        return control->operand_count > 0 ? 0 : complain_about_line(verb, "which controller?");
    if (control->operand_count > 0)
        return complain_about_line(verb, "--self is this balancer, and takes no controller");
    if (control->options[OPTION_WAIT] != NULL || control->options[OPTION_FORCE] != NULL)
        return complain_about_line(verb, "--self takes no other option");
    return 0;
}

static int read_plan(const struct control *control, struct admin_plan *plan)
{
    const char *verb = board_admin_name(plan->state);
    uint64_t over_ms;

    if (check_operands(control, verb) == -1 ||
        read_time(control, OPTION_OVER, BOARD_OVER_MOST_MS, &over_ms) == -1 ||
        read_time(control, OPTION_TIMEOUT, TIMEOUT_MOST_MS, &plan->timeout_ms) == -1)
        return -1;
    plan->over_ms = (uint32_t)over_ms;
    plan->waits = control->options[OPTION_WAIT] != NULL;
    plan->forces = control->options[OPTION_FORCE] != NULL;
    if (plan->timeout_ms > 0 && !plan->waits)
        return complain_about_line(verb, "--timeout is about --wait");
    if (control->operand_count > 0)
        plan->controller = control->operands[0];
    if (control->operand_count > 1)
        plan->service = control->operands[1];
    return 0;
}

/* ---- saying it ---- */

/* Who it is: below sudo(8) the one who called it. */
static uint32_t own_uid(void)
{
    const char *sudo = getenv("SUDO_UID");
    uint64_t uid;

    if (getuid() == 0 && sudo != NULL && strnum_uint(sudo, 0, UINT32_MAX - 1, &uid) == 0)
        return (uint32_t)uid;
    return (uint32_t)getuid();
}

/* A reload may have given the slot to another one since the snapshot. */
static bool is_still_there(const struct board *board, const struct snapshot_backend *backend)
{
    const struct board_backend *slot = board_backend(board, backend->slot);

    return atomic_load(&slot->state) == BOARD_SLOT_USED &&
           strncmp(slot->name, backend->name, sizeof(slot->name)) == 0;
}

static void say_of_service(struct board *board, const struct admin_plan *plan,
                           const struct snapshot_service *service,
                           const struct board_admin_act *act)
{
    for (size_t i = 0; i < service->backend_count; i++) {
        const struct snapshot_backend *backend = &service->backends[i];

        if (admin_means(plan, service, backend) && is_still_there(board, backend))
            board_set_admin(board, backend->slot, act);
    }
}

static void say_of_all(struct board *board, struct admin_plan *plan,
                       const struct snapshot *snapshot)
{
    const struct board_admin_act act = {
        .state = plan->state, .over_ms = plan->over_ms, .uid = own_uid()};

    plan->said_ms = wall_ms();
    if (plan->controller == NULL)
        board_set_admin(board, BOARD_SELF, &act);
    for (size_t i = 0; i < snapshot->service_count; i++)
        say_of_service(board, plan, &snapshot->services[i], &act);
}

/* ---- before and after ---- */

static void name_controllers(const struct snapshot *snapshot, const char *service,
                             struct textbuf *out)
{
    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *one = &snapshot->services[i];

        if (service != NULL && strcmp(one->name, service) != 0)
            continue;
        for (size_t j = 0; j < one->backend_count; j++) {
            words_separate(out, 0, ", ");
            words_safe(out, one->backends[j].name);
        }
        return;
    }
}

static int complain_about_names(const struct admin_plan *plan, const struct snapshot *snapshot)
{
    struct textbuf others;

    textbuf_init(&others, TEXT_LIMIT);
    name_controllers(snapshot, plan->service, &others);
    if (plan->service != NULL && others.length == 0)
        control_complain("there is no service %s", plan->service);
    else if (others.length > 0)
        control_complain("there is no controller %s%s%s; there are %s", plan->controller,
                         plan->service != NULL ? " in " : "",
                         plan->service != NULL ? plan->service : "", others.data);
    else
        control_complain("there is no controller %s", plan->controller);
    textbuf_fini(&others);
    return CONTROL_REFUSED;
}

/* Each danger has a line; one that is taken on has it all the same. */
static int refuse_dangers(const struct admin_plan *plan, const struct snapshot *snapshot)
{
    struct textbuf dangers;
    unsigned count;

    textbuf_init(&dangers, TEXT_LIMIT);
    count = admin_find_dangers(plan, snapshot, &dangers);
    for (char *rest, *line = count > 0 ? strtok_r(dangers.data, "\n", &rest) : NULL; line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        control_complain("%s%s", plan->forces ? "warning: " : "", line);
    textbuf_fini(&dangers);
    if (count == 0 || plan->forces)
        return 0;
    control_complain("nothing has been changed; --force does it all the same");
    return -1;
}

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

static void put_said(const struct admin_plan *plan, const struct snapshot *snapshot,
                     const struct textbuf *services, struct textbuf *out)
{
    char over[STRNUM_DURATION_SIZE];

    if (plan->controller == NULL) {
        textbuf_printf(out, "%s: %s\n", plan->instance,
                       plan->state == BOARD_ADMIN_READY
                           ? "ready"
                           : "maint: it goes on serving, and /healthz answers 503");
        return;
    }
    textbuf_printf(out, "%s: %s", plan->controller, board_admin_name(plan->state));
    if (plan->over_ms > 0)
        textbuf_printf(out, " over %s", strnum_format_duration(plan->over_ms, over));
    textbuf_printf(out, " in %s", services->data);
    if (plan->state != BOARD_ADMIN_READY)
        textbuf_printf(out, "; open sessions: %u", (unsigned)count_sessions(plan, snapshot));
    textbuf_puts(out, "\n");
}

static int say_with(struct board *board, struct admin_plan *plan, const struct snapshot *snapshot)
{
    struct textbuf services;
    struct textbuf text;
    int status = CONTROL_REFUSED;

    textbuf_init(&services, TEXT_LIMIT);
    textbuf_init(&text, TEXT_LIMIT);
    if (plan->controller != NULL && admin_name_services(plan, snapshot, &services) == 0) {
        status = complain_about_names(plan, snapshot);
    } else if (refuse_dangers(plan, snapshot) == 0) {
        say_of_all(board, plan, snapshot);
        put_said(plan, snapshot, &services, &text);
        status = control_print(&text);
    }
    textbuf_fini(&text);
    textbuf_fini(&services);
    return status;
}

/* ---- the verbs ---- */

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
    control_complain("%s cannot be changed: run this as root, or as the user who started it", name);
    *status = CONTROL_REFUSED;
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

static int say(struct board *board, struct admin_plan *plan)
{
    struct snapshot *snapshot = snapshot_take(board);
    int status;

    if (snapshot == NULL) {
        control_complain("there is not enough memory");
        return CONTROL_REFUSED;
    }
    status = say_with(board, plan, snapshot);
    snapshot_free(snapshot);
    return status;
}

static int run(const struct control *control, enum board_admin_state state)
{
    char name[CONF_NAME_SIZE];
    struct admin_plan plan = {.instance = name, .state = state};
    struct board *board;
    int status;

    if (read_plan(control, &plan) == -1)
        return CONTROL_USAGE;
    board = open_board(control_name(control, name), &status);
    if (board == NULL)
        return status;
    if (does_anything_run(name))
        status = say(board, &plan);
    board_close(board);
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
