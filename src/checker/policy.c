#include "checker/policy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mono.h"

#include "checker/blocking.h"
#include "checker/closing.h"
#include "checker/doubt.h"
#include "checker/hold.h"
#include "checker/target.h"

static struct policy *policy_of(const struct target *target)
{
    return &target->shared->policies[target->backend->service];
}

static struct group group_of(const struct target *target)
{
    return (struct group){
        .members = target->shared->members + target->service->first_backend,
        .count = target->service->backend_count,
    };
}

static uint64_t now_ms(const struct target *target)
{
    return loop_now_ms(target->shared->loop);
}

/* ---- what is judged of one ---- */

/* Whether one of its service was held: nobody else is suspect, answers badly and has no count. */
static bool was_held(const struct target *target)
{
    const struct target *targets = target->shared->targets + target->service->first_backend;

    for (unsigned i = 0; i < target->service->backend_count; i++)
        if (hold_keeps(&group_of(target).members[i], true) && targets[i].health.bad == 0)
            return true;
    return false;
}

/* What the earlier checker has said of all goes on in silence, once the last one is taken up. */
static void take_up_all(const struct target *target)
{
    struct policy *policy = policy_of(target);
    const struct conf_service *service = target->service;
    struct group group = group_of(target);

    policy->holds = hold_next(&group, hold_window(service->check_interval), was_held(target));
    policy->doubts = doubt_next(&group, service->check_interval, false);
}

void policy_take_up(struct target *target, unsigned marks)
{
    const struct board_check *check = &target->check;
    const struct conf_backend *backend = target->backend;
    struct group_member *member = target->member;
    enum group_answer answer = group_answer_of(check->good > 0, check->code);

    if ((marks & BOARD_MARK_BADLY) != 0)
        answer = GROUP_BADLY;
    *member = (struct group_member){
        .health = target->health.state,
        .admin = board_admin(target->shared->board, backend->slot),
        .weight = backend->weight,
        .required = backend->required,
        .is_blocked = (marks & BOARD_MARK_BLOCKED) != 0,
        .is_unproven = answer == GROUP_NOT_THERE && (marks & BOARD_MARK_CLOSE) == 0,
        .worse_ms = now_ms(target),
    };
    group_note(member, answer, board_health_since(target->shared->board, backend->slot));
    take_up_all(target);
    if (target->health.state != BOARD_UNCHECKED)
        policy_of(target)->serves = true;
    policy_of(target)->is_stale = true;
}

/* A hold has ended: what was counted of those whom it kept, before it too, says nothing any more.
 */
static void count_anew(const struct target *target)
{
    struct target *targets = target->shared->targets + target->service->first_backend;

    for (unsigned i = 0; i < target->service->backend_count; i++)
        if (hold_keeps(targets[i].member, true))
            targets[i].health.bad = 0;
}

/* Whether what concerns the whole service is to be said. */
static bool is_due(const struct target *target)
{
    return told_is_due(&policy_of(target)->worries, now_ms(target), SAY_SELDOM_PACE);
}

static void add_service(struct keyvalue *line, const struct target *target)
{
    keyvalue_word(line, "service", target->service->name);
    keyvalue_number(line, "suppressed", policy_of(target)->worries.reported);
}

static void say_hold(const struct target *target)
{
    struct keyvalue line;

    if (!is_due(target))
        return;
    keyvalue_begin(&line, "hold");
    add_service(&line, target);
    log_event(LOG_LEVEL_WARNING, &line,
              "all backends of %s answer badly at once: what stands behind them has failed (etcd "
              "without a leader?), so they stay suspect and none is taken out",
              target->service->name);
}

static void say_doubt(const struct target *target)
{
    struct keyvalue line;

    if (!is_due(target))
        return;
    keyvalue_begin(&line, "doubt");
    add_service(&line, target);
    log_event(LOG_LEVEL_WARNING, &line,
              "all backends of %s are not there, found within %llu ms: perhaps it is me, and this "
              "machine has lost its network",
              target->service->name, (unsigned long long)target->service->check_interval);
}

static void look_for_hold(const struct target *target)
{
    struct policy *policy = policy_of(target);
    struct group group = group_of(target);
    uint64_t window_ms = hold_window(target->service->check_interval);
    bool held = policy->holds;

    policy->holds = hold_next(&group, window_ms, held);
    if (policy->holds && !held)
        say_hold(target);
    if (held && !policy->holds)
        count_anew(target);
}

static void look_for_doubt(const struct target *target)
{
    struct policy *policy = policy_of(target);
    struct group group = group_of(target);
    bool doubted = policy->doubts;

    policy->doubts = doubt_next(&group, target->service->check_interval, doubted);
    if (policy->doubts && !doubted)
        say_doubt(target);
}

/*
 * One that is not there is dead, or this machine has lost its network for a moment. Its sessions
 * are not closed before another one has answered well since, and it has failed after that.
 */
static void look_for_proof(const struct target *target, enum group_answer before)
{
    struct group group = group_of(target);
    struct group_member *member = target->member;
    bool was_unproven = member->is_unproven;

    if (member->answer != GROUP_NOT_THERE)
        member->is_unproven = false;
    else if (before != GROUP_NOT_THERE || was_unproven)
        member->is_unproven = !group_has_proof(&group, (unsigned)(member - group.members));
    if (member->is_unproven != was_unproven)
        policy_of(target)->is_stale = true;
}

bool policy_note_verdict(struct target *target, bool good, enum board_check_code code)
{
    struct policy *policy = policy_of(target);
    enum group_answer before = target->member->answer;
    enum group_answer answer = group_answer_of(good, code);

    group_note(target->member, answer, now_ms(target));
    if (target->member->health == BOARD_UP && answer == GROUP_NOT_THERE)
        target->member->worse_ms = now_ms(target);
    look_for_proof(target, before);
    if (answer != before)
        policy->is_stale = true;
    if (answer != GROUP_GOOD || policy->holds)
        look_for_hold(target);
    if (answer == GROUP_NOT_THERE || policy->doubts)
        look_for_doubt(target);
    return hold_keeps(target->member, policy->holds);
}

void policy_note_health(struct target *target)
{
    struct policy *policy = policy_of(target);

    if (target->health.state == BOARD_DOWN && target->member->health != BOARD_DOWN &&
        target->is_probed)
        flapping_note(&target->flapping, now_ms(target));
    if (target->member->health == BOARD_UP)
        target->member->worse_ms = now_ms(target);
    target->member->health = target->health.state;
    policy->is_stale = true;
    if (policy->holds)
        look_for_hold(target);
}

void policy_forget(struct target *target)
{
    group_forget(target->member);
    target->member->health = target->health.state;
    target->flapping = (struct flapping){0};
    policy_of(target)->is_stale = true;
}

void policy_look(struct target *target)
{
    struct group_member *member = target->member;
    enum board_admin_state before = member->admin;

    member->admin = board_admin(target->shared->board, target->backend->slot);
    if (member->admin == before)
        return;
    if (before == BOARD_ADMIN_MAINT)
        group_forget(member);
    policy_of(target)->is_stale = true;
    if (policy_of(target)->holds)
        look_for_hold(target);
}

/* ---- what follows for all ---- */

void policy_announce(const struct target_shared *shared)
{
    static const uint64_t one = 1;

    if (write(shared->health_event, &one, sizeof(one)) == -1 && errno != EAGAIN)
        log_warning("cannot wake the workers: %s", strerror(errno));
}

static struct closing_rule rule_of(const struct conf_service *service)
{
    return (struct closing_rule){
        .on_down = service->on_down,
        .unready_close_ms = service->unready_close,
    };
}

bool policy_publish(struct target *target)
{
    struct group group = group_of(target);
    struct closing_rule rule = rule_of(target->service);
    unsigned index = (unsigned)(target->member - group.members);
    unsigned marks = group_marks(target->member);

    marks |= closing_mark(&group, index, &rule, now_ms(target));
    if (now_ms(target) >= target->up_ms + target->service->slow_start)
        target->is_ramping = false;
    if (target->is_ramping)
        marks |= BOARD_MARK_RAMP;
    if (target->is_verified)
        marks |= BOARD_MARK_VERIFIED;
    return board_set_health(target->shared->board, target->backend->slot, target->life,
                            target->health.state, marks, mono_ms());
}

static bool publish_service(struct target_shared *shared, unsigned index)
{
    const struct conf_service *service = epoch_service(shared->epoch, index);
    struct target *targets = shared->targets + service->first_backend;
    struct closing_rule rule = rule_of(service);
    const struct group group = {
        .members = shared->members + service->first_backend,
        .count = service->backend_count,
    };
    bool changed = false;

    shared->policies[index].is_stale = false;
    shared->policies[index].next_ms = closing_next(&group, &rule, loop_now_ms(shared->loop));
    for (unsigned i = 0; i < service->backend_count; i++)
        changed |= policy_publish(&targets[i]);
    say_service(shared, index);
    return changed;
}

/* Whether anything has changed; what time alone changes does so when it is noted. */
static bool find_stale(struct target_shared *shared)
{
    bool found = false;

    for (unsigned i = 0; i < shared->epoch->service_count; i++) {
        struct policy *policy = &shared->policies[i];

        if (!policy->is_stale && policy->next_ms <= loop_now_ms(shared->loop))
            policy->is_stale = epoch_service(shared->epoch, i)->enabled;
        found |= policy->is_stale;
    }
    return found;
}

void policy_settle(struct target_shared *shared)
{
    bool blocking_changed;
    bool changed = false;

    if (!find_stale(shared))
        return;
    blocking_changed = blocking_apply(shared->members, shared->epoch->backend_count);
    for (unsigned i = 0; i < shared->epoch->service_count; i++) {
        bool enabled = epoch_service(shared->epoch, i)->enabled;

        if (enabled && (blocking_changed || shared->policies[i].is_stale))
            changed |= publish_service(shared, i);
    }
    if (changed)
        policy_announce(shared);
}

void policy_shift(struct target_shared *shared, uint64_t gap_ms)
{
    for (unsigned i = 0; i < shared->epoch->backend_count; i++)
        group_shift(&shared->members[i], gap_ms);
    for (unsigned i = 0; i < shared->epoch->service_count; i++)
        if (shared->policies[i].next_ms != UINT64_MAX)
            shared->policies[i].next_ms += gap_ms;
}
