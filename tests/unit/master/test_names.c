#include "master/names.h"

#include <string.h>

#include "base/fd.h"
#include "unit/unit.h"

extern const struct unit_test names_tests[];

#define NOW_MS 1000000

static const struct addr one = {.family = ADDR_IPV4, .ip = {10, 0, 0, 1}};
static const struct addr two = {.family = ADDR_IPV4, .ip = {10, 0, 0, 2}};
static const struct addr six = {.family = ADDR_IPV6, .ip = {0xfd}};
static const struct addr any = {.family = ADDR_IPV4};
static const struct addr none;

/* An epoch whose backends have those hosts; "" = a literal address. */
static const struct epoch *epoch_of(const char *const *hosts, unsigned count)
{
    struct conf_service service = {.name = "s", .backend_count = (uint16_t)count};
    struct conf_backend backends[8] = {{.slot = 0}};
    struct conf conf = {.services = &service,
                        .backends = backends,
                        .service_count = 1,
                        .backend_count = (uint16_t)count};
    const struct epoch *epoch;
    int fd;

    for (unsigned i = 0; i < count; i++) {
        backends[i].slot = (uint16_t)i;
        backends[i].address.port = (uint16_t)(6443 + i);
        strcpy(backends[i].host, hosts[i]);
        if (*hosts[i] == '\0')
            backends[i].address.family = ADDR_IPV6;
    }
    fd = epoch_seal(&conf, 1);
    CU_ASSERT_FATAL(fd != -1);
    epoch = epoch_map(fd);
    fd_close(&fd);
    CU_ASSERT_FATAL(epoch != NULL);
    return epoch;
}

static bool update(struct names *names, const char *const *hosts, unsigned count, uint64_t now_ms)
{
    const struct epoch *epoch = epoch_of(hosts, count);
    bool is_new;

    CU_ASSERT_FATAL(names_reserve(names, epoch) == 0);
    is_new = names_update(names, epoch, now_ms);
    epoch_unmap(epoch);
    return is_new;
}

static struct names names_of_one(void)
{
    static const char *const hosts[] = {"a"};
    struct names names = {0};

    update(&names, hosts, 1, NOW_MS);
    ASSERT_NUMBER(names_take_due(&names, NOW_MS), 1);
    return names;
}

/* ---- which of an answer ---- */

/* Takes an answer address by address. */
static struct addr prefer(const struct addr *in_use, const struct addr *const *answer)
{
    struct addr best = {.family = ADDR_NONE};

    for (; *answer != NULL; answer++)
        best = names_prefer(in_use, &best, *answer);
    return best;
}

static void the_one_in_use_stays(void)
{
    static const struct {
        const struct addr *in_use;
        const struct addr *answer[5];
        const struct addr *wanted;
    } cases[] = {
        {&none, {&one, &two}, &one}, {&two, {&one, &two, &six}, &two},  {&one, {&one, &two}, &one},
        {&six, {&one, &two}, &one},  {&none, {&any, &six, &one}, &six}, {&any, {&any}, &none},
        {&one, {NULL}, &none},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct addr chosen = prefer(cases[i].in_use, cases[i].answer);

        CU_ASSERT_TRUE(addr_equal(&chosen, cases[i].wanted));
    }
}

/* ---- what an answer changes ---- */

static void answers_make_news(void)
{
    static const struct {
        const struct addr *address; /* NULL: a failure for that reason */
        const char *why;
        enum names_news news;
        const struct addr *in_use;
    } steps[] = {
        {NULL, "no such name", NAMES_TROUBLE, &none},
        {NULL, "no such name", NAMES_NOTHING, &none},
        {&any, NULL, NAMES_TROUBLE, &none},
        {&one, NULL, NAMES_MOVED, &one},
        {&one, NULL, NAMES_NOTHING, &one},
        {NULL, "no such name", NAMES_TROUBLE, &one},
        {NULL, "no answer", NAMES_TROUBLE, &one},
        {&one, NULL, NAMES_BETTER, &one},
        {&one, NULL, NAMES_NOTHING, &one},
        {NULL, "no answer", NAMES_TROUBLE, &one},
        {&two, NULL, NAMES_MOVED, &two},
        {&six, NULL, NAMES_MOVED, &six},
    };
    struct names names = names_of_one();
    struct name *name = names.list;

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        enum names_news news = steps[i].address != NULL
                                   ? names_resolved(name, steps[i].address, NOW_MS)
                                   : names_failed(name, steps[i].why, NOW_MS);

        ASSERT_NUMBER(news, steps[i].news);
        CU_ASSERT_TRUE(addr_equal(&name->address, steps[i].in_use));
    }
    names_free(&names);
}

/* ---- when ---- */

static void failures_are_tried_again_soon(void)
{
    static const unsigned seconds[] = {1, 2, 4, 8, 16, 30, 30, 30};
    struct names names = names_of_one();
    uint64_t now_ms = NOW_MS;

    for (size_t i = 0; i < ARRAY_LEN(seconds); i++) {
        (void)names_failed(names.list, "no answer", now_ms);
        ASSERT_NUMBER(names_next_due(&names), now_ms + seconds[i] * 1000);
        now_ms = names_next_due(&names);
        ASSERT_NUMBER(names_take_due(&names, now_ms), 1);
    }
    (void)names_resolved(names.list, &one, now_ms);
    ASSERT_NUMBER(names_next_due(&names), now_ms + NAMES_INTERVAL_MS);
    ASSERT_NUMBER(names_take_due(&names, now_ms + NAMES_INTERVAL_MS), 1);
    (void)names_failed(names.list, "no answer", now_ms);
    ASSERT_NUMBER(names_next_due(&names), now_ms + 1000);
    names_free(&names);
}

static void what_is_due_is_asked_together(void)
{
    static const char *const hosts[] = {"a", "b", "c"};
    struct names names = {0};

    ASSERT_NUMBER(names_next_due(&names), UINT64_MAX);
    update(&names, hosts, 3, NOW_MS);
    ASSERT_NUMBER(names_take_due(&names, NOW_MS), 3);
    ASSERT_NUMBER(names_next_due(&names), UINT64_MAX);
    (void)names_resolved(&names.list[0], &one, NOW_MS + 3);
    (void)names_resolved(&names.list[1], &two, NOW_MS + 400);
    (void)names_resolved(&names.list[2], &two, NOW_MS + 9000);
    ASSERT_NUMBER(names_next_due(&names), NOW_MS + 3 + NAMES_INTERVAL_MS);
    ASSERT_NUMBER(names_take_due(&names, NOW_MS + 3 + NAMES_INTERVAL_MS), 2);
    CU_ASSERT_FALSE(names.list[2].is_asked);
    ASSERT_NUMBER(names_next_due(&names), NOW_MS + 9000 + NAMES_INTERVAL_MS);
    names_give_up(&names, NOW_MS + 50000);
    CU_ASSERT_FALSE(names.list[0].is_asked);
    ASSERT_NUMBER(names.list[0].due_ms, NOW_MS + 50000);
    ASSERT_NUMBER(names.list[0].failures, 0);
    names_free(&names);
}

/* ---- which names ---- */

static void reloads_keep_what_is_known(void)
{
    static const char *const before[] = {"a", "b", "", "a"};
    static const char *const after[] = {"c", "", "b"};
    struct names names = {0};
    uint32_t id;

    CU_ASSERT_TRUE(update(&names, before, 4, NOW_MS));
    ASSERT_NUMBER(names.count, 2);
    (void)names_take_due(&names, NOW_MS);
    (void)names_resolved(&names.list[1], &one, NOW_MS);
    id = names.list[1].id;
    CU_ASSERT_TRUE(update(&names, after, 3, NOW_MS + 1));
    ASSERT_NUMBER(names.count, 2);
    CU_ASSERT_PTR_NULL(names_find(&names, "a"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(names_find(&names, "b"));
    ASSERT_NUMBER(names_find(&names, "b")->id, id);
    CU_ASSERT_TRUE(addr_equal(&names_find(&names, "b")->address, &one));
    ASSERT_NUMBER(names_find(&names, "b")->due_ms, NOW_MS + 1);
    ASSERT_NUMBER(names_find(&names, "c")->due_ms, NOW_MS + 1);
    CU_ASSERT_TRUE(names_find(&names, "c")->id > id);
    CU_ASSERT_FALSE(update(&names, after, 3, NOW_MS + 2));
    names_free(&names);
}

/* An answer that was asked for before a reload may be older than what the reload wants to know. */
static void a_reload_asks_once_more(void)
{
    static const char *const hosts[] = {"a"};
    struct names names = names_of_one();

    CU_ASSERT_FALSE(update(&names, hosts, 1, NOW_MS + 5));
    CU_ASSERT_PTR_EQUAL(names_find_asked(&names, names.list[0].id), names.list);
    (void)names_resolved(names.list, &one, NOW_MS + 10);
    CU_ASSERT_PTR_NULL(names_find_asked(&names, names.list[0].id));
    ASSERT_NUMBER(names_next_due(&names), NOW_MS + 5);
    names_free(&names);
}

static void addresses_have_their_ports(void)
{
    static const char *const hosts[] = {"a", "", "b"};
    const struct epoch *epoch = epoch_of(hosts, 3);
    struct names names = {0};
    struct addr address;

    CU_ASSERT_FATAL(names_reserve(&names, epoch) == 0);
    (void)names_update(&names, epoch, NOW_MS);
    names_learn(&names.list[0], &two);
    names_learn(&names.list[1], &any);
    address = names_address(&names, epoch_backend(epoch, 0));
    CU_ASSERT_TRUE(addr_same_ip(&address, &two));
    ASSERT_NUMBER(address.port, 6443);
    address = names_address(&names, epoch_backend(epoch, 1));
    CU_ASSERT_TRUE(addr_equal(&address, &epoch_backend(epoch, 1)->address));
    address = names_address(&names, epoch_backend(epoch, 2));
    ASSERT_NUMBER(address.family, ADDR_NONE);
    ASSERT_NUMBER(address.port, 6445);
    ASSERT_NUMBER(names_next_due(&names), NOW_MS);
    names_free(&names);
    epoch_unmap(epoch);
}

const struct unit_test names_tests[] = {
    {"the_one_in_use_stays", the_one_in_use_stays},
    {"answers_make_news", answers_make_news},
    {"failures_are_tried_again_soon", failures_are_tried_again_soon},
    {"what_is_due_is_asked_together", what_is_due_is_asked_together},
    {"reloads_keep_what_is_known", reloads_keep_what_is_known},
    {"a_reload_asks_once_more", a_reload_asks_once_more},
    {"addresses_have_their_ports", addresses_have_their_ports},
    {NULL, NULL},
};
