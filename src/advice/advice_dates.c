/* Certificates that end or have ended, of others and our own; and clocks. */
#include "advice/advice_rules.h"

#include <string.h>

#define DAY_S 86400

/* ---- ends ---- */

/* The end of one certificate of a backend; 0 = it cannot be told. */
typedef int64_t end_fn(const struct advice_case *what, unsigned backend);

static int64_t end_of_leaf(const struct advice_case *what, unsigned backend)
{
    return what->backends[backend].certificate->not_after_s;
}

/* Of whoever signed it, unless that is `ca` itself, which is told about by itself. */
static int64_t end_of_issuer(const struct advice_case *what, unsigned backend)
{
    int64_t end_s = what->backends[backend].certificate->issuer_not_after_s;

    return what->authority != NULL && what->authority->not_after_s == end_s ? 0 : end_s;
}

static bool has_ended(const struct advice_case *what, int64_t end_s)
{
    return end_s != 0 && end_s <= what->now_s;
}

static bool will_end(const struct advice_case *what, int64_t end_s)
{
    return end_s > what->now_s && end_s - what->now_s <= (int64_t)ADVICE_ENDING_DAYS * DAY_S;
}

/* Whole days since then; or days until then, a part of one counted as one. */
static int days_of(const struct advice_case *what, int64_t end_s)
{
    if (end_s <= what->now_s)
        return (int)((what->now_s - end_s) / DAY_S);
    return (int)((end_s - what->now_s + DAY_S - 1) / DAY_S);
}

/* "ends in 12 days" or "ended 3 days ago"; of several, the first. */
static void say_end(const struct advice_case *what, struct advice *advice, unsigned count,
                    int64_t first_s)
{
    bool ended = has_ended(what, first_s);
    int days = days_of(what, first_s);
    const char *unit = days == 1 ? "day" : "days";

    if (count > 1)
        advice_say(advice, ended ? "s ended, the first %d %s ago" : "s end, the first in %d %s",
                   days, unit);
    else
        advice_say(advice, ended ? " ended %d %s ago" : " ends in %d %s", days, unit);
}

/* Those whose certificate has ended, or will; and when the first of them ends. */
struct ends {
    struct advice_group group;
    int64_t first_s;
};

static void find_ends(const struct advice_case *what, end_fn *end_of, bool ended, struct ends *ends)
{
    ends->group.count = 0;
    ends->first_s = 0;
    for (unsigned i = 0; i < what->epoch->backend_count; i++) {
        int64_t end_s;

        if (what->backends[i].certificate == NULL)
            continue;
        end_s = end_of(what, i);
        if (!(ended ? has_ended(what, end_s) : will_end(what, end_s)))
            continue;
        if (ends->group.count == 0 || end_s < ends->first_s)
            ends->first_s = end_s;
        advice_group_add(&ends->group, i);
    }
}

/* ---- what is told ---- */

static void tell_leaves(const struct advice_case *what, struct advice_list *list, bool ended)
{
    struct advice *advice;
    struct ends ends;

    find_ends(what, end_of_leaf, ended, &ends);
    if (ends.group.count == 0)
        return;
    advice = advice_list_add(list, ended ? ADVICE_CERTIFICATE_ENDED : ADVICE_CERTIFICATE_ENDS);
    advice_say(advice, "certificate");
    say_end(what, advice, ends.group.count, ends.first_s);
    advice_say(advice, ": ");
    advice_say_group(list, advice, &ends.group);
    advice_remedy(
        advice, "restart k0s on these controllers, one by one: each start makes a new certificate");
}

static void tell_issuers(const struct advice_case *what, struct advice_list *list, bool ended)
{
    struct advice *advice;
    struct ends ends;

    find_ends(what, end_of_issuer, ended, &ends);
    if (ends.group.count == 0)
        return;
    advice = advice_list_add(list, ended ? ADVICE_CERTIFICATE_ENDED : ADVICE_CERTIFICATE_ENDS);
    advice_say(advice, "the CA's certificate");
    say_end(what, advice, 1, ends.first_s);
    advice_say(advice, ", which signed: ");
    advice_say_group(list, advice, &ends.group);
    advice_remedy(advice,
                  "renew pki/ca.crt on all controllers, restart k0s there, and import it again");
}

static void tell_authority(const struct advice_case *what, struct advice_list *list, bool ended)
{
    const struct certificate *ca = what->authority;
    struct advice *advice;

    if (ca == NULL || !(ended ? has_ended(what, ca->not_after_s) : will_end(what, ca->not_after_s)))
        return;
    advice = advice_list_add(list, ended ? ADVICE_CERTIFICATE_ENDED : ADVICE_CERTIFICATE_ENDS);
    advice_say(advice, "the CA's certificate in ca");
    say_end(what, advice, 1, ca->not_after_s);
    advice_remedy(advice, "renew the CA; " ADVICE_IMPORT);
}

/* Several services mostly show the same one: it is told about once. */
static bool is_told(const struct advice_case *what, unsigned service)
{
    const struct certificate *ours = what->identities[service];

    for (unsigned i = 0; i < service; i++) {
        const struct certificate *other = what->identities[i];

        if (other != NULL &&
            memcmp(other->fingerprint, ours->fingerprint, sizeof(ours->fingerprint)) == 0)
            return true;
    }
    return false;
}

static void tell_identities(const struct advice_case *what, struct advice_list *list, bool ended)
{
    for (unsigned i = 0; i < what->epoch->service_count; i++) {
        const struct certificate *ours = what->identities[i];
        struct advice *advice;

        if (ours == NULL || is_told(what, i) ||
            !(ended ? has_ended(what, ours->not_after_s) : will_end(what, ours->not_after_s)))
            continue;
        advice = advice_list_add(list, ended ? ADVICE_CERTIFICATE_ENDED : ADVICE_CERTIFICATE_ENDS);
        advice_say(advice, "our client certificate");
        say_end(what, advice, 1, ours->not_after_s);
        advice_say(advice, ", which is shown to: ");
        advice_say_service(list, advice, i);
        advice_remedy(advice, "make a new one, " ADVICE_IMPORT);
    }
}

static void tell_all(const struct advice_case *what, struct advice_list *list, bool ended)
{
    tell_leaves(what, list, ended);
    tell_authority(what, list, ended);
    tell_issuers(what, list, ended);
    tell_identities(what, list, ended);
}

void advice_certificate_ended(const struct advice_case *what, struct advice_list *list)
{
    tell_all(what, list, true);
}

void advice_certificate_ends(const struct advice_case *what, struct advice_list *list)
{
    tell_all(what, list, false);
}

/* ---- clocks ---- */

static bool is_ahead(const struct advice_backend *backend)
{
    return backend->has_clock && backend->clock_ms > ADVICE_CLOCK_MS;
}

static bool is_behind(const struct advice_backend *backend)
{
    return backend->has_clock && backend->clock_ms < -ADVICE_CLOCK_MS;
}

/* How far, in words that do not change with every probe. */
static const char *words_of(int64_t ms)
{
    int64_t minutes = (ms < 0 ? -ms : ms) / 60000;

    if (minutes >= (int64_t)24 * 60)
        return "more than a day";
    return minutes >= 60 ? "more than an hour" : "more than a minute";
}

/* The machines with a clock, and those of them that are ahead, or behind. */
struct clocks {
    unsigned known;
    struct advice_group off;
    int64_t least_ms; /* by which they are */
};

static void find_clocks(const struct advice_case *what, bool ahead, struct clocks *clocks)
{
    clocks->known = 0;
    clocks->off.count = 0;
    clocks->least_ms = 0;
    for (unsigned i = 0; i < what->epoch->backend_count; i++) {
        const struct advice_backend *backend = &what->backends[i];
        int64_t ms = ahead ? backend->clock_ms : -backend->clock_ms;

        clocks->known += backend->has_clock;
        if (!(ahead ? is_ahead(backend) : is_behind(backend)))
            continue;
        if (clocks->off.count == 0 || ms < clocks->least_ms)
            clocks->least_ms = ms;
        advice_group_add(&clocks->off, i);
    }
}

/* Whether these are the clocks of two machines or more. */
static bool is_many(const struct epoch *epoch, const struct advice_group *group)
{
    for (unsigned i = 1; i < group->count; i++) {
        if (strcmp(epoch_backend(epoch, group->members[0])->name,
                   epoch_backend(epoch, group->members[i])->name) != 0)
            return true;
    }
    return false;
}

static void tell_clocks(const struct advice_case *what, struct advice_list *list, bool ahead)
{
    struct advice *advice;
    struct clocks clocks;
    bool ours;

    find_clocks(what, ahead, &clocks);
    if (clocks.off.count == 0)
        return;
    /* When all others agree, it is this machine. */
    ours = clocks.off.count == clocks.known && is_many(what->epoch, &clocks.off);
    advice = advice_list_add(list, ADVICE_CLOCK_OFF);
    if (ours)
        advice_say(advice,
                   "the clock of this machine is %s %s those of: ", words_of(clocks.least_ms),
                   ahead ? "behind" : "ahead of");
    else
        advice_say(advice, "the clock is %s %s ours: ", words_of(clocks.least_ms),
                   ahead ? "ahead of" : "behind");
    advice_say_group(list, advice, &clocks.off);
    advice_remedy(advice,
                  "set %s by NTP (chrony, systemd-timesyncd): tokens and certificates need it",
                  ours ? "it" : "all clocks");
}

void advice_clock_off(const struct advice_case *what, struct advice_list *list)
{
    tell_clocks(what, list, true);
    tell_clocks(what, list, false);
}
