#include "control/import_haproxy.h"

#include <string.h>

/* Who a rule of `tcp-request connection` is for. */
struct condition {
    const char *list; /* of ranges; NULL = everybody */
    bool negated;
};

/* The rest of the words as a list with commas; NULL when one is no range. */
static const char *join_ranges(struct haproxy *file, char *const *words, size_t count)
{
    const char *list = NULL;

    for (size_t i = 0; i < count; i++) {
        char reason[CONF_REASON_SIZE];
        struct conf_allow range;

        if (strcmp(words[i], "--") == 0)
            continue;
        if (conf_address_allow(words[i], &range, reason) == -1 || range.kind != CONF_ALLOW_RANGE)
            return NULL;
        list = list == NULL ? haproxy_keep(file, "%s", words[i])
                            : haproxy_keep(file, "%s, %s", list, words[i]);
    }
    return list;
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
    if (strcmp(words->list[2], "src") == 0)
        list = join_ranges(file, words->list + 3, words->count - 3);
    if (list == NULL) {
        haproxy_note(file, words->line, "acl %s: only by addresses of clients", words->list[1]);
        return;
    }
    acls = haproxy_grow(file, proxy->acls, proxy->acl_count, sizeof(*acls));
    if (acls == NULL)
        return;
    proxy->acls = acls;
    acls[proxy->acl_count++] = (struct haproxy_acl){haproxy_keep(file, "%s", words->list[1]), list};
}

static const char *find_acl(struct haproxy *file, const struct haproxy_proxy *proxy,
                            const char *name)
{
    const char *list = NULL;

    /* Several of one name are one. */
    for (size_t i = 0; i < proxy->acl_count; i++) {
        if (strcmp(proxy->acls[i].name, name) == 0)
            list = list == NULL ? proxy->acls[i].list
                                : haproxy_keep(file, "%s, %s", list, proxy->acls[i].list);
    }
    return list;
}

/* `{ src LIST }`, `!{ src LIST }`, NAME, !NAME or `! NAME`, behind if or unless; -1 = another. */
static int read_condition(struct haproxy *file, const struct haproxy_proxy *proxy,
                          const struct haproxy_words *words, struct condition *out)
{
    size_t at = 4;
    size_t last = words->count - 1;
    const char *word;

    *out = (struct condition){NULL, false};
    if (words->count == 3)
        return 0;
    if (words->count < 5)
        return -1;
    out->negated = strcmp(words->list[3], "unless") == 0;
    if (!out->negated && strcmp(words->list[3], "if") != 0)
        return -1;
    word = words->list[at];
    if (*word == '!') {
        out->negated = !out->negated;
        word = word[1] != '\0' ? word + 1 : words->list[++at];
    }
    if (word == NULL)
        return -1;
    if (strcmp(word, "{") != 0)
        out->list = at == last ? find_acl(file, proxy, word) : NULL;
    else if (last > at + 2 && strcmp(words->list[at + 1], "src") == 0 &&
             strcmp(words->list[last], "}") == 0)
        out->list = join_ranges(file, words->list + at + 2, last - at - 2);
    return out->list != NULL ? 0 : -1;
}

/* Stores it where nothing stands yet: of several rules the order would count. */
static bool store_once(struct haproxy_value *value, const char *list, unsigned line)
{
    if (value->text != NULL)
        return false;
    *value = (struct haproxy_value){list, line};
    return true;
}

/*
 * "reject unless A" is allow = A, "reject if A" is deny = A, and "accept if A" before a "reject"
 * for everybody is allow = A. Returns whether it was one of these.
 */
static bool take_rule(struct haproxy_proxy *proxy, const struct condition *who, bool accepts,
                      unsigned line)
{
    struct haproxy_value *allow = &proxy->values[HAPROXY_ALLOW];
    struct haproxy_value *deny = &proxy->values[HAPROXY_DENY];

    if (accepts)
        return who->list != NULL && !who->negated && store_once(allow, who->list, line);
    if (who->list == NULL)
        return allow->text != NULL; /* everybody else, who is not let in anyway */
    return store_once(who->negated ? allow : deny, who->list, line);
}

void haproxy_read_tcp_request(struct haproxy *file, struct haproxy_proxy *proxy,
                              const struct haproxy_words *words)
{
    const char *action = words->count > 2 ? words->list[2] : "";
    bool accepts = strcmp(action, "accept") == 0;
    struct condition who;

    if (words->count > 2 && strcmp(words->list[1], "connection") == 0 &&
        (accepts || strcmp(action, "reject") == 0) && (proxy->kind & HAPROXY_FRONTEND) != 0 &&
        read_condition(file, proxy, words, &who) == 0 &&
        take_rule(proxy, &who, accepts, words->line))
        return;
    haproxy_note(file, words->line, "tcp-request %s %s: `allow` and `deny` know addresses alone",
                 words->count > 1 ? words->list[1] : "", action);
}
