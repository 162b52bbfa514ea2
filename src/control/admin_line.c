/* The command line of drain, ready and maint. */
#include "control/admin.h"

#include <errno.h>

#include "base/strnum.h"
#include "board/board_admin.h"
#include "control/verbs.h"

#define TIMEOUT_MOST_MS (7 * 24 * UINT64_C(3600000))

static int complain(const char *verb, const char *what)
{
    control_complain("%s: %s; try k0slbctl %s --help", verb, what, verb);
    return -1;
}

static int read_time(const struct control *control, const char *verb, enum control_option option,
                     uint64_t most, uint64_t *out)
{
    const char *text = control->options[option];
    char longest[STRNUM_DURATION_SIZE];

    *out = 0;
    if (text == NULL || strnum_duration(text, 1, most, out) == 0)
        return 0;
    if (errno == ERANGE)
        control_complain("%s: --%s: %s is not between 1ms and %s", verb, verb_options[option].name,
                         text, strnum_format_duration(most, longest));
    else
        control_complain("%s: --%s: \"%s\" is not a duration such as 200ms, 30s, 5m or 1h", verb,
                         verb_options[option].name, text);
    return -1;
}

/* A question ends by itself. */
static int ask_for_controller(const char *verb)
{
    control_complain("%s: which controller? try k0slbctl %s --help", verb, verb);
    return -1;
}

static int check_operands(const struct control *control, const char *verb)
{
    if (control->options[OPTION_SELF] == NULL)
        return control->operand_count > 0 ? 0 : ask_for_controller(verb);
    if (control->operand_count > 0)
        return complain(verb, "--self is this balancer, and takes no controller");
    if (control->options[OPTION_WAIT] != NULL || control->options[OPTION_TIMEOUT] != NULL ||
        control->options[OPTION_FORCE] != NULL)
        return complain(verb, "--self takes no other option");
    return 0;
}

int admin_read_plan(const struct control *control, struct admin_plan *plan)
{
    const char *verb = board_admin_name(plan->state);
    uint64_t over_ms;

    if (check_operands(control, verb) == -1 ||
        read_time(control, verb, OPTION_OVER, BOARD_OVER_MOST_MS, &over_ms) == -1 ||
        read_time(control, verb, OPTION_TIMEOUT, TIMEOUT_MOST_MS, &plan->timeout_ms) == -1)
        return -1;
    plan->over_ms = (uint32_t)over_ms;
    plan->waits = control->options[OPTION_WAIT] != NULL;
    plan->forces = control->options[OPTION_FORCE] != NULL;
    if (plan->timeout_ms > 0 && !plan->waits)
        return complain(verb, "--timeout is about --wait");
    if (control->operand_count > 0)
        plan->controller = control->operands[0];
    if (control->operand_count > 1)
        plan->service = control->operands[1];
    return 0;
}
