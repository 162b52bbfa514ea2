#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "board/board.h"
#include "checker/health.h"
#include "checker/hold.h"
#include "members.h"

#define WINDOW_MS 5000

/* ---- all small states ---- */

static bool is_asked(const struct group_member *member)
{
    return member->admin != BOARD_ADMIN_MAINT;
}

static bool is_bad(const struct group_member *member)
{
    return is_asked(member) && member->answer == GROUP_BADLY;
}

/* It could go down: it is up or suspect. */
static bool can_fall(const struct group_member *member)
{
    return member->health == BOARD_UP || member->health == BOARD_SUSPECT;
}

static bool are_together(const struct group_member *a, const struct group_member *b)
{
    return llabs((long long)a->since_ms - (long long)b->since_ms) <= WINDOW_MS;
}

/* Whether one speaks against a hold whatever the others do. */
static bool forbids(const struct group_member *member, bool holds)
{
    if (!is_asked(member))
        return false;
    return member->answer == GROUP_GOOD ||
           (!holds && member->answer == GROUP_NO_ANSWER && member->health != BOARD_DOWN);
}

/* What the words say, pair by pair. */
static bool expect(const struct group *group, bool holds)
{
    bool has_pair = false;

    for (unsigned i = 0; i < group->count; i++) {
        const struct group_member *one = &group->members[i];

        if (forbids(one, holds))
            return false;
        for (unsigned k = 0; k < group->count; k++) {
            const struct group_member *other = &group->members[k];

            if (k == i || !is_bad(one) || !is_bad(other) || !can_fall(one))
                continue;
            if (!holds && can_fall(other) && !are_together(one, other))
                return false;
            has_pair = has_pair || can_fall(other) || are_together(one, other);
        }
    }
    return has_pair;
}

static unsigned wrong;
static unsigned held;

static bool wrong_if(bool is_wrong, const struct group *group, const char *what)
{
    if (is_wrong)
        members_print(group, what);
    wrong += is_wrong;
    return !is_wrong;
}

static bool try_words(const struct group *group)
{
    bool begins = hold_next(group, WINDOW_MS, false);
    bool goes_on = hold_next(group, WINDOW_MS, true);

    held += begins;
    return wrong_if(begins != expect(group, false), group, "begins otherwise than it should") &&
           wrong_if(goes_on != expect(group, true), group, "goes on otherwise than it should") &&
           wrong_if(begins && !goes_on, group, "begins, and ends at once");
}

static void test_all_small_states(void)
{
    wrong = held = 0;
    members_try_all(try_words);
    ASSERT_NUMBER(wrong, 0);
    CU_ASSERT_TRUE(held > 100);
}

/* What must hold whatever the words: a hold is of two at least, and lifts nobody. */
static bool try_safety(const struct group *group)
{
    bool holds = hold_next(group, WINDOW_MS, true);
    unsigned bad = 0;
    unsigned good = 0;

    for (unsigned i = 0; i < group->count; i++) {
        const struct group_member *member = &group->members[i];
        bool keeps = hold_keeps(member, holds);

        bad += is_bad(member);
        good += is_asked(member) && member->answer == GROUP_GOOD;
        if (!wrong_if(keeps && (!holds || member->health == BOARD_DOWN ||
                                member->answer != GROUP_BADLY || !is_asked(member)),
                      group, "keeps one that it should not") ||
            !wrong_if(holds && is_bad(member) && can_fall(member) && !keeps, group,
                      "keeps one less than it should"))
            return false;
    }
    return wrong_if(holds && bad < 2, group, "holds fewer than two") &&
           wrong_if(holds && good > 0, group, "holds though one answers well");
}

static void test_safety(void)
{
    wrong = 0;
    members_try_all(try_safety);
    ASSERT_NUMBER(wrong, 0);
}

/* Neither the order matters nor what one in maint was. */
static bool try_same(const struct group *group)
{
    struct group_member members[MEMBERS_COUNT];
    const struct group other = {members, MEMBERS_COUNT};

    for (unsigned i = 0; i < MEMBERS_COUNT; i++) {
        members[i] = group->members[MEMBERS_COUNT - 1 - i];
        if (members[i].admin == BOARD_ADMIN_MAINT)
            members[i] = members_state(MEMBERS_STATES - 1);
    }
    return wrong_if(hold_next(group, WINDOW_MS, false) != hold_next(&other, WINDOW_MS, false) ||
                        hold_next(group, WINDOW_MS, true) != hold_next(&other, WINDOW_MS, true),
                    group, "is another one in another order");
}

static void test_same(void)
{
    ASSERT_NUMBER(members_state(MEMBERS_STATES - 1).admin, BOARD_ADMIN_MAINT);
    wrong = 0;
    members_try_all(try_same);
    ASSERT_NUMBER(wrong, 0);
}

static void test_window(void)
{
    ASSERT_NUMBER(hold_window(1000), 5000);
    ASSERT_NUMBER(hold_window(5000), 5000);
    ASSERT_NUMBER(hold_window(10000), 10000);
}

/* ---- stories ---- */

/* A service of up to three backends with check_fall = 3, as a checker would lead it. */
struct story {
    struct group_member members[3];
    struct health healths[3];
    struct group group;
    bool holds;
};

static void begin(struct story *story, unsigned count)
{
    memset(story, 0, sizeof(*story));
    story->group = (struct group){story->members, count};
    for (unsigned i = 0; i < count; i++) {
        story->members[i] = members_good();
        story->healths[i].state = BOARD_UP;
    }
}

static void look(struct story *story)
{
    bool before = story->holds;

    story->holds = hold_next(&story->group, WINDOW_MS, before);
    for (unsigned i = 0; i < story->group.count; i++)
        if (before && !story->holds && hold_keeps(&story->members[i], true))
            story->healths[i].bad = 0;
}

static void verdict(struct story *story, unsigned index, enum group_answer answer, uint64_t now_ms)
{
    static const enum health_event events[] = {
        [GROUP_GOOD] = HEALTH_GOOD,
        [GROUP_BADLY] = HEALTH_BADLY,
        [GROUP_NOT_THERE] = HEALTH_NOT_THERE,
    };
    struct health_rule rule = {.rise = 2, .fall = 3};
    struct group_member *member = &story->members[index];
    struct health *health = &story->healths[index];

    group_note(member, answer, now_ms);
    look(story);
    rule.hold = hold_keeps(member, story->holds);
    health_apply(health, &rule, events[answer]);
    member->health = health->state;
    look(story);
}

/* A letter of those below. */
static enum group_answer answer_of(char letter)
{
    if (letter == 'g')
        return GROUP_GOOD;
    return letter == 'b' ? GROUP_BADLY : GROUP_NOT_THERE;
}

/*
 * Verdicts: a letter for each backend in turn, g good, b badly, n not there, . none; a round takes
 * a second, and the backends are asked a third of it apart. What they are after each round: u up,
 * s suspect, d down; a capital where a hold keeps it.
 */
static void tell(struct story *story, const char *rounds, const char *wanted)
{
    static const char states[] = "-usd";
    char got[160] = "";
    size_t length = 0;
    uint64_t now_ms = 10000;
    unsigned index = 0;

    for (const char *c = rounds; *c != '\0'; c++) {
        if (*c == ' ') {
            index = 0;
            got[length++] = ' ';
            continue;
        }
        if (*c != '.')
            verdict(story, index, answer_of(*c), now_ms);
        now_ms += 1000 / story->group.count;
        if (++index < story->group.count)
            continue;
        for (unsigned i = 0; i < story->group.count; i++)
            got[length++] = hold_keeps(&story->members[i], story->holds)
                                ? 'S'
                                : states[story->members[i].health];
    }
    got[length] = '\0';
    if (strcmp(got, wanted) != 0)
        printf("    verdicts %s\n", rounds);
    ASSERT_TEXT(got, wanted);
}

static void test_stories(void)
{
    static const struct {
        unsigned count;
        const char *rounds;
        const char *wanted;
    } rows[] = {
        /* An election: all three for four rounds, and back. */
        {3, "ggg bbb bbb bbb bbb ggg", "uuu SSS SSS SSS SSS uuu"},
        /* One alone goes down. */
        {3, "bgg bgg bgg bgg", "suu suu duu duu"},
        /* Two of three as well. */
        {3, "bbg bbg bbg", "ssu ssu ddu"},
        /* One recovers: the others have three more answers. */
        {3, "bbb bbb bbb bbb gbb gbb gbb", "SSS SSS SSS SSS uss uss udd"},
        /* One recovers after one round; what they answered before does not count. */
        {3, "bbb gbb gbb gbb", "SSS uss uss udd"},
        /* Nor what was counted before it. */
        {3, "bbg bbb gbb gbb gbb", "ssu SSS uss uss udd"},
        /* The third joins late, but within the window. */
        {3, "bbg bbg bbb bbb bbb", "ssu ssu ddS ddS ddS"},
        /* It joins after more than five seconds: it is alone. */
        {3, "bbg bbg bbg bbg bbg bbg bbb bbb bbb", "ssu ssu ddu ddu ddu ddu dds dds ddd"},
        /* One that is not there is no part of it, and goes down. */
        {3, "nbb nbb nbb nbb", "sSS sSS dSS dSS"},
        /* One that stops being there meanwhile leaves the hold, and goes down by itself. */
        {3, "bbb bbb bbb nbb nbb nbb", "SSS SSS SSS sSS sSS dSS"},
        /* It is there again and answers badly: held again. */
        {3, "bbb bbb bbb nbb bbb bbb bbb", "SSS SSS SSS sSS SSS SSS SSS"},
        /* One that comes back from being down and answers badly changes nothing for the others. */
        {3, "nbb nbb nbb nbb nbb nbb nbb bbb bbb bbb bbb",
         "sSS sSS dSS dSS dSS dSS dSS dSS dSS dSS dSS"},
        /* One left of two has no company any more. */
        {2, "bb bb bb nb nb nb", "SS SS SS ss ss dd"},
        /* One backend is never held. */
        {1, "b b b", "s s d"},
        /* One that has been down for long is no part of it. */
        {3, "bgg bgg bgg bgg bgg bgg bgg bbb bbb bbb bbb",
         "suu suu duu duu duu duu duu dSS dSS dSS dSS"},
        /* Its first good answer, still down, ends it all the same. */
        {3, "bgg bgg bgg bgg bgg bgg bbb bbb bbb gbb bbb bbb bbb",
         "suu suu duu duu duu duu dSS dSS dSS dss dSS dSS dSS"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct story story;

        begin(&story, rows[i].count);
        tell(&story, rows[i].rounds, rows[i].wanted);
    }
}

/* In maint it is not asked, whatever it answered before; in drain it is. */
static void test_administrators(void)
{
    struct story story;

    begin(&story, 3);
    story.members[0].admin = BOARD_ADMIN_MAINT;
    story.members[1].admin = BOARD_ADMIN_DRAIN;
    tell(&story, ".bb .bb .bb .bb", "uSS uSS uSS uSS");
    begin(&story, 3);
    story.members[0].admin = BOARD_ADMIN_DRAIN;
    tell(&story, "gbb gbb gbb", "uss uss udd");
    begin(&story, 2);
    story.members[0].admin = BOARD_ADMIN_MAINT;
    tell(&story, ".b .b .b", "us us ud");
}

/* What has not been asked may be the one that is well. */
static void test_unasked(void)
{
    struct story story;

    begin(&story, 3);
    group_forget(&story.members[0]);
    tell(&story, ".bb .bb .bb", "uss uss udd");
    begin(&story, 3);
    tell(&story, "bbb bbb bbb", "SSS SSS SSS");
    group_forget(&story.members[0]);
    tell(&story, ".bb .bb .bb bbb", "sSS sSS sSS SSS");
}

extern const struct unit_test hold_tests[];
const struct unit_test hold_tests[] = {
    {"all_small_states", test_all_small_states},
    {"safety", test_safety},
    {"same", test_same},
    {"window", test_window},
    {"stories", test_stories},
    {"administrators", test_administrators},
    {"unasked", test_unasked},
    {NULL, NULL},
};
