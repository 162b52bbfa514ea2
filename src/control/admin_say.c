/* Writing an administrator's words, and looking whether they still hold good. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mono.h"
#include "base/strnum.h"
#include "board/board_admin.h"
#include "control/admin.h"
#include "control/verb.h"

#define TEXT_LIMIT 65536

/* What has been written so far: a controller has one backend in each service. */
struct said {
    struct board *board;
    struct board_admin_change changes[CONF_MAX_SERVICES + 1];
    size_t count;
};

/* Who it is: below sudo(8) the one who called it. */
static uint32_t own_uid(void)
{
    const char *sudo = getenv("SUDO_UID");
    uint64_t uid;

    if (getuid() == 0 && sudo != NULL && strnum_uint(sudo, 0, UINT32_MAX - 1, &uid) == 0)
        return (uint32_t)uid;
    return (uint32_t)getuid();
}

/* ---- writing ---- */

/* Ready is said only to whom something else was said: nobody who serves is to begin slowly. */
static void say_of_slot(struct said *said, unsigned slot, const struct board_admin_act *act)
{
    bool is_news =
        act->state != BOARD_ADMIN_READY || board_admin(said->board, slot) != BOARD_ADMIN_READY;

    if (is_news && said->count < ARRAY_LEN(said->changes))
        said->changes[said->count++] = board_set_admin(said->board, slot, act);
}

/* A reload may give the slot to another one, before and after the writing. */
static void say_of_backend(struct said *said, const struct snapshot_backend *backend,
                           const struct board_admin_act *act)
{
    const struct board_backend *slot = board_backend(said->board, backend->slot);
    uint64_t number = atomic_load(&slot->number);
    size_t before = said->count;

    if (atomic_load(&slot->state) != BOARD_SLOT_USED ||
        strncmp(slot->name, backend->name, sizeof(slot->name)) != 0)
        return;
    say_of_slot(said, backend->slot, act);
    if (said->count > before && atomic_load(&slot->number) != number)
        board_take_back_admin(said->board, &said->changes[--said->count]);
}

static void say_of_service(struct said *said, const struct admin_plan *plan,
                           const struct snapshot_service *service,
                           const struct board_admin_act *act)
{
    for (size_t i = 0; i < service->backend_count; i++) {
        if (admin_means(plan, service, &service->backends[i]))
            say_of_backend(said, &service->backends[i], act);
    }
}

static void say_of_all(struct said *said, struct admin_plan *plan, const struct snapshot *snapshot)
{
    const struct board_admin_act act = {
        .state = plan->state, .over_ms = plan->over_ms, .uid = own_uid()};

    plan->said_ms = wall_ms();
    if (plan->controller == NULL)
        say_of_slot(said, BOARD_SELF, &act);
    for (size_t i = 0; i < snapshot->service_count; i++)
        say_of_service(said, plan, &snapshot->services[i], &act);
}

static void take_back(struct said *said)
{
    while (said->count > 0)
        board_take_back_admin(said->board, &said->changes[--said->count]);
}

/* ---- before and after ---- */

/* Each danger has a line; one that is taken on has it all the same. */
static bool is_refused(const struct admin_plan *plan, const struct snapshot *before,
                       const struct snapshot *now)
{
    struct textbuf dangers;
    unsigned count;

    textbuf_init(&dangers, TEXT_LIMIT);
    count = admin_find_dangers(plan, before, now, &dangers);
    for (char *rest, *line = count > 0 ? strtok_r(dangers.data, "\n", &rest) : NULL; line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        control_complain("%s%s", plan->forces ? "warning: " : "", line);
    textbuf_fini(&dangers);
    if (count == 0 || plan->forces)
        return false;
    control_complain("nothing has been changed: get another one up first, or say --force");
    return true;
}

static bool is_same_board(const struct board *a, const struct board *b)
{
    const struct board_prefix *first = &board_master(a)->prefix;
    const struct board_prefix *second = &board_master(b)->prefix;

    return atomic_load(&first->master_pid) == atomic_load(&second->master_pid) &&
           first->master_start_time == second->master_start_time;
}

/* Another administrator may have said something at the same moment: one of us sees both. */
static enum admin_outcome look_again(struct said *said, const struct admin_plan *plan,
                                     const struct snapshot *before)
{
    struct snapshot *now = plan->forces ? NULL : snapshot_take(said->board);
    enum admin_outcome outcome = ADMIN_SAID;

    if (now != NULL && is_refused(plan, before, now)) {
        take_back(said);
        outcome = ADMIN_REFUSED;
    }
    snapshot_free(now);
    return outcome;
}

/*
 * A start that takes over reads the words once more when it has made its board known: what was
 * written to the old one before that is carried over, what came later is to be said again.
 */
static enum admin_outcome look_where(const struct said *said, const struct admin_plan *plan)
{
    struct board *named = board_open(plan->instance);
    bool is_same;

    if (named == NULL) {
        control_explain(plan->instance, errno);
        return ADMIN_GONE;
    }
    is_same = is_same_board(said->board, named);
    board_close(named);
    return is_same ? ADMIN_SAID : ADMIN_ELSEWHERE;
}

enum admin_outcome admin_say(struct board *board, struct admin_plan *plan,
                             const struct snapshot *snapshot)
{
    struct said said = {.board = board};
    enum admin_outcome outcome;

    if (is_refused(plan, snapshot, snapshot))
        return ADMIN_REFUSED;
    say_of_all(&said, plan, snapshot);
    outcome = look_again(&said, plan, snapshot);
    return outcome == ADMIN_SAID ? look_where(&said, plan) : outcome;
}
