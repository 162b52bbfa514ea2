#include "master/acts.h"

#include <stdio.h>

#include "base/log.h"
#include "base/strnum.h"
#include "board/board_master.h"

/* Room for "SERVICE/BACKEND". */
#define PLACE_SIZE (2 * CONF_NAME_SIZE)

/* A quarter of the events that are kept; then one in so long a time. */
static const struct told_pace pace = {.burst = BOARD_MAX_EVENTS / 4, .every_ms = 2000};

/* "kubeAPI/cp1", or the balancer itself. */
static void name_place(const struct board *board, unsigned slot, char place[PLACE_SIZE])
{
    const struct board_backend *backend;

    if (slot == BOARD_SELF) {
        snprintf(place, PLACE_SIZE, "this balancer");
        return;
    }
    backend = board_backend(board, slot);
    snprintf(place, PLACE_SIZE, "%s/%s", board_service(board, backend->service)->name,
             backend->name);
}

static void log_act(const struct board *board, unsigned slot, const struct board_admin_act *act,
                    const char *text)
{
    const struct board_backend *backend = slot == BOARD_SELF ? NULL : board_backend(board, slot);
    struct keyvalue line;

    keyvalue_begin(&line, "admin");
    keyvalue_word(&line, "act", board_admin_name(act->state));
    keyvalue_word(&line, "service",
                  backend == NULL ? NULL : board_service(board, backend->service)->name);
    keyvalue_word(&line, "backend", backend == NULL ? NULL : backend->name);
    keyvalue_number(&line, "over_ms", act->over_ms);
    if (act->has_uid)
        keyvalue_number(&line, "uid", act->uid);
    else
        keyvalue_word(&line, "uid", NULL);
    log_event(LOG_LEVEL_NOTICE, &line, "%s", text);
}

/* One that was said to an earlier master is no act; that it holds is worth an event. */
static void tell(struct board *board, unsigned slot, const struct board_admin_act *act, bool is_new)
{
    char over[STRNUM_DURATION_SIZE] = "";
    char place[PLACE_SIZE];
    char text[BOARD_EVENT_SIZE];
    char uid[12] = "?";

    name_place(board, slot, place);
    if (act->has_uid)
        snprintf(uid, sizeof(uid), "%u", (unsigned)act->uid);
    if (act->over_ms > 0)
        strnum_format_duration(act->over_ms, over);
    if (!is_new) {
        if (act->state != BOARD_ADMIN_READY)
            board_event(board, "%s: still in %s, said to an earlier start by uid %s", place,
                        board_admin_name(act->state), uid);
        return;
    }
    snprintf(text, sizeof(text), "%s: %s%s%s by uid %s", place, board_admin_name(act->state),
             *over != '\0' ? " over " : "", over, uid);
    board_event(board, "%s", text);
    log_act(board, slot, act, text);
}

static void tell_that_they_wait(struct acts *acts, struct board *board)
{
    if (acts->is_late)
        return;
    acts->is_late = true;
    board_event(board, "administrators say more than is kept: from now on some acts are left out");
    log_warning("administrators say more than is logged: from now on some acts are left out");
}

/* Whether all has been told. A word of nobody is that of a slot which has another owner now. */
static bool note(struct acts *acts, uint64_t *seen, struct board *board, unsigned slot,
                 uint64_t now_ms)
{
    uint64_t word = board_admin_word(board, slot);
    struct board_admin_act act = board_admin_act(board, slot);
    bool is_new;

    if (word == *seen)
        return true;
    if (act.since_ms == 0) {
        *seen = word;
        return true;
    }
    if (!told_is_due(&acts->told, now_ms, pace)) {
        tell_that_they_wait(acts, board);
        return false;
    }
    /* What is said again keeps its time, however old. */
    is_new = *seen != 0 || act.since_ms >= board_master(board)->started_ms;
    *seen = word;
    tell(board, slot, &act, is_new);
    return true;
}

void acts_look(struct acts *acts, struct board *board, uint64_t now_ms)
{
    bool is_all = note(acts, &acts->seen_self, board, BOARD_SELF, now_ms);

    for (unsigned i = 0; i < board_master(board)->layout.backends; i++) {
        uint32_t state = atomic_load(&board_backend(board, i)->state);

        if (state == BOARD_SLOT_USED || state == BOARD_SLOT_REMOVED)
            is_all &= note(acts, &acts->seen[i], board, i, now_ms);
    }
    if (is_all && acts->told.until_ms <= now_ms)
        acts->is_late = false;
}
