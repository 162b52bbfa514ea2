#include "control/import_haproxy.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* More text than the ranges have that one configuration may hold. */
#define LIST_MOST 8192

/* A list with commas while it grows. */
struct list {
    char text[LIST_MOST];
    size_t length;
    bool is_full; /* something had no room */
};

static void add(struct list *list, const char *text)
{
    int room = (int)(sizeof(list->text) - list->length);
    int length = snprintf(list->text + list->length, (size_t)room, "%s%s",
                          list->length > 0 ? ", " : "", text);

    if (length >= room)
        list->is_full = true;
    else
        list->length += (size_t)length;
}

/* The words as a list; NULL when one is no range, or there are none. */
static const char *join_ranges(struct haproxy *file, char *const *words, size_t count)
{
    struct list list = {.length = 0};

    for (size_t i = 0; i < count; i++) {
        char reason[CONF_REASON_SIZE];
        struct conf_allow range;

        if (strcmp(words[i], "--") == 0)
            continue;
        if (conf_address_allow(words[i], &range, reason) == -1 || range.kind != CONF_ALLOW_RANGE)
            return NULL;
        add(&list, words[i]);
    }
    return list.length > 0 && !list.is_full ? haproxy_keep(file, "%s", list.text) : NULL;
}

void haproxy_read_acl(struct haproxy *file, struct haproxy_proxy *proxy,
                      const struct haproxy_words *words)
{
    const char *list = NULL;
    struct haproxy_acl *acls;

    if (words->count < 3) {
        haproxy_error(file, words->line, "acl: it needs a name and a condition");
        return;
    }
    if (proxy->acl_count == HAPROXY_RULES) {
        haproxy_note(file, words->line, "acl: there are too many");
        return;
    }
    if (strcmp(words->list[2], "src") == 0)
        list = join_ranges(file, words->list + 3, words->count - 3);
    if (list == NULL)
        haproxy_note(file, words->line, "acl %s: only by addresses of clients", words->list[1]);
    acls = haproxy_grow(file, proxy->acls, proxy->acl_count, sizeof(*acls));
    if (acls == NULL)
        return;
    proxy->acls = acls;
    acls[proxy->acl_count++] = (struct haproxy_acl){haproxy_keep(file, "%s", words->list[1]), list};
}

/*
 * Several of one name are one. NULL when that is about more than addresses, or there is none, which
 * is a mistake unless HAProxy has one of its own: these are in capitals.
 */
static const char *find_acl(struct haproxy *file, const struct haproxy_proxy *proxy,
                            const char *name, unsigned line)
{
    struct list list = {.length = 0};
    bool is_known = isupper((unsigned char)*name) || proxy->acl_count == HAPROXY_RULES;

    for (size_t i = 0; i < proxy->acl_count && !list.is_full; i++) {
        if (strcmp(proxy->acls[i].name, name) != 0)
            continue;
        is_known = true;
        list.is_full = proxy->acls[i].list == NULL;
        if (!list.is_full)
            add(&list, proxy->acls[i].list);
    }
    if (!is_known)
        haproxy_error(file, line, "there is no acl \"%s\"", name);
    return list.length > 0 && !list.is_full ? haproxy_keep(file, "%s", list.text) : NULL;
}

/* ---- rules ---- */

/*
 * `if` or `unless`, and one condition: `{ src LIST }`, `!{ src LIST }`, NAME, `!NAME` or `! NAME`.
 * Returns 0, or -1 when it is another.
 */
static int read_condition(struct haproxy *file, const struct haproxy_proxy *proxy,
                          const struct haproxy_words *words, struct haproxy_rule *rule)
{
    size_t at = 4;
    size_t last = words->count - 1;
    const char *word;

    if (words->count == 3)
        return 0;
    if (words->count < 5)
        return -1;
    rule->negated = strcmp(words->list[3], "unless") == 0;
    if (!rule->negated && strcmp(words->list[3], "if") != 0)
        return -1;
    word = words->list[at];
    if (*word == '!') {
        rule->negated = !rule->negated;
        word = word[1] != '\0' ? word + 1 : words->list[++at];
    }
    if (word == NULL)
        return -1;
    if (strcmp(word, "{") != 0)
        rule->list = at == last ? find_acl(file, proxy, word, words->line) : NULL;
    else if (last > at + 2 && strcmp(words->list[at + 1], "src") == 0 &&
             strcmp(words->list[last], "}") == 0)
        rule->list = join_ranges(file, words->list + at + 2, last - at - 2);
    return rule->list != NULL ? 0 : -1;
}

static void add_rule(struct haproxy *file, struct haproxy_proxy *proxy,
                     const struct haproxy_rule *rule)
{
    struct haproxy_rule *rules =
        haproxy_grow(file, proxy->rules, proxy->rule_count, sizeof(*rules));

    if (rules == NULL)
        return;
    proxy->rules = rules;
    rules[proxy->rule_count++] = *rule;
}

void haproxy_read_tcp_request(struct haproxy *file, struct haproxy_proxy *proxy,
                              const struct haproxy_words *words)
{
    const char *phase = haproxy_word(words, 1);
    const char *action = haproxy_word(words, 2);
    struct haproxy_rule rule = {.line = words->line, .accepts = strcmp(action, "accept") == 0};

    if (strcmp(phase, "connection") == 0 && (rule.accepts || strcmp(action, "reject") == 0) &&
        (proxy->kind & HAPROXY_FRONTEND) != 0 && proxy->rule_count < HAPROXY_RULES &&
        read_condition(file, proxy, words, &rule) == 0)
        add_rule(file, proxy, &rule);
    else
        haproxy_note(file, words->line,
                     "tcp-request %s %s: `allow` and `deny` know addresses alone", phase, action);
}

/* ---- what they come to ---- */

/* What the rules so far have done, the first that fits a client being the last for it. */
struct outcome {
    struct haproxy *file;
    size_t proxy;
    struct list accepted; /* "accept if" */
    struct list denied;   /* "reject if", of those who were not accepted before */
    struct list let_in;   /* "reject unless": nobody else goes on */
    unsigned accept_line;
    unsigned deny_line;
    unsigned let_in_line;
    bool is_closed; /* "reject" of all who are left */
};

static void refuse_rule(struct outcome *outcome, unsigned line)
{
    haproxy_note_at(outcome->file, outcome->proxy, line,
                    "tcp-request connection: `allow` and `deny` cannot say that");
}

static void add_first(struct list *list, unsigned *first, const struct haproxy_rule *rule)
{
    add(list, rule->list);
    if (*first == 0)
        *first = rule->line;
}

/* Whoever is denied stays so, whatever `allow` says: what is accepted before cannot be told. */
static void take_reject(struct outcome *outcome, const struct haproxy_rule *rule)
{
    if (rule->list == NULL && outcome->accepted.length > 0)
        outcome->is_closed = true;
    else if (rule->list == NULL || (rule->negated && outcome->let_in.length > 0))
        refuse_rule(outcome, rule->line);
    else if (rule->negated)
        add_first(&outcome->let_in, &outcome->let_in_line, rule);
    else if (outcome->accepted.length == 0)
        add_first(&outcome->denied, &outcome->deny_line, rule);
    else
        refuse_rule(outcome, rule->line);
}

static void take_accept(struct outcome *outcome, const struct haproxy_rule *rule)
{
    if (rule->negated || outcome->let_in.length > 0)
        refuse_rule(outcome, rule->line);
    else
        add_first(&outcome->accepted, &outcome->accept_line, rule);
}

static void store(struct outcome *outcome, struct haproxy_value *value, const struct list *list,
                  unsigned line)
{
    if (list->length == 0)
        return;
    if (list->is_full)
        refuse_rule(outcome, line);
    else
        *value = (struct haproxy_value){haproxy_keep(outcome->file, "%s", list->text), line};
}

void haproxy_settle_rules(struct haproxy *file, size_t proxy, struct haproxy_value *allow,
                          struct haproxy_value *deny)
{
    const struct haproxy_proxy *front = &file->proxies[proxy];
    struct outcome outcome = {.file = file, .proxy = proxy};

    for (size_t i = 0; i < front->rule_count && !outcome.is_closed; i++) {
        const struct haproxy_rule *rule = &front->rules[i];

        if (rule->accepts && rule->list == NULL)
            break; /* so does everybody who is left */
        if (rule->accepts)
            take_accept(&outcome, rule);
        else
            take_reject(&outcome, rule);
    }
    store(&outcome, deny, &outcome.denied, outcome.deny_line);
    /* Whom it accepts is let in anyway unless the others are rejected. */
    if (outcome.let_in.length > 0 && outcome.accepted.length > 0)
        add(&outcome.let_in, outcome.accepted.text);
    if (outcome.let_in.length > 0)
        store(&outcome, allow, &outcome.let_in, outcome.let_in_line);
    else if (outcome.is_closed)
        store(&outcome, allow, &outcome.accepted, outcome.accept_line);
}
