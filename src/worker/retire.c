#include "worker/retire.h"

#include <string.h>

#include "base/addr.h"
#include "worker/closing.h"
#include "worker/session.h"

static unsigned backend_slots(const struct worker *worker)
{
    return board_master(worker->board)->layout.backends;
}

/* The sessions of a backend that moved are no longer the backend's: they form a list of their own,
 * which drains from the last such move on. */
static void move_away(struct worker *worker, unsigned slot)
{
    struct list *head = &worker->at_backend[slot];

    closing_forget(worker, slot);
    while (!list_is_empty(head)) {
        struct list *link = head->next;

        list_remove(link);
        list_append(&worker->moved, link);
    }
    worker->moved_at_ms = loop_now_ms(worker->loop);
}

static bool has_moved(const struct conf_backend *before, const struct conf_backend *after)
{
    return !addr_equal(&before->address, &after->address) || strcmp(before->host, after->host) != 0;
}

/* A backend that may get sessions in that epoch; one of a service that is not enabled may not. */
static const struct conf_backend *in_service(const struct epoch *epoch, unsigned slot)
{
    const struct conf_backend *backend = epoch_backend_by_slot(epoch, slot);

    return backend != NULL && epoch_service(epoch, backend->service)->enabled ? backend : NULL;
}

static void look_at_slot(struct worker *worker, const struct role_change *change, unsigned slot)
{
    const struct conf_backend *before = in_service(change->before, slot);
    const struct conf_backend *after = in_service(change->after, slot);

    if (after == NULL) {
        if (before != NULL)
            worker->retired_at_ms[slot] = loop_now_ms(worker->loop);
        return;
    }
    /* Who leaves goes on leaving. */
    if (!worker->draining)
        worker->retired_at_ms[slot] = 0;
    if (before == NULL) {
        worker->avoided_at_ms[slot] = 0;
        closing_forget(worker, slot);
    } else if (has_moved(before, after)) {
        move_away(worker, slot);
    }
}

void retire_change(struct worker *worker, const struct role_change *change)
{
    for (unsigned slot = 0; slot < backend_slots(worker); slot++)
        look_at_slot(worker, change, slot);
}

void retire_all(struct worker *worker)
{
    for (unsigned slot = 0; slot < backend_slots(worker); slot++) {
        if (worker->retired_at_ms[slot] == 0)
            worker->retired_at_ms[slot] = loop_now_ms(worker->loop);
    }
}

static void end_list(struct list *head)
{
    while (!list_is_empty(head))
        session_end(CONTAINER_OF(head->next, struct session, at_backend), BOARD_END_DRAINED);
}

void retire_look(struct worker *worker)
{
    uint64_t now = loop_now_ms(worker->loop);
    uint64_t timeout = worker->epoch->global.drain_timeout;

    if (timeout == 0)
        return;
    for (unsigned slot = 0; slot < backend_slots(worker); slot++) {
        uint64_t since = worker->retired_at_ms[slot];

        if (since == 0 || now - since < timeout)
            continue;
        closing_stop(worker, slot);
        end_list(&worker->at_backend[slot]);
    }
    if (now - worker->moved_at_ms >= timeout)
        end_list(&worker->moved);
}
