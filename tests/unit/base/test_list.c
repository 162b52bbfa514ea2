#include "base/defs.h"
#include "base/list.h"
#include "unit/unit.h"

extern const struct unit_test list_tests[];

struct item {
    char name;
    struct list link;
};

/* The names from first to last; the way back has to say the same, or "broken" is the answer. */
static const char *names(const struct list *head, char text[8])
{
    size_t count = 0;

    for (struct list *at = head->next; at != head && count < 7; at = at->next)
        text[count++] = CONTAINER_OF(at, struct item, link)->name;
    text[count] = '\0';
    for (struct list *at = head->prev; at != head; at = at->prev) {
        if (count == 0 || text[--count] != CONTAINER_OF(at, struct item, link)->name)
            return "broken";
    }
    return count == 0 ? text : "broken";
}

static void fill(struct list *head, struct item items[3])
{
    list_init(head);
    for (int i = 0; i < 3; i++) {
        items[i].name = (char)('a' + i);
        list_init(&items[i].link);
        list_append(head, &items[i].link);
    }
}

static void test_append(void)
{
    struct item items[3];
    struct list head;
    char text[8];

    list_init(&head);
    CU_ASSERT(list_is_empty(&head));
    ASSERT_TEXT(names(&head, text), "");
    fill(&head, items);
    CU_ASSERT(!list_is_empty(&head));
    ASSERT_TEXT(names(&head, text), "abc");
}

/* Each of three is taken out; taking it out again does nothing, and it may come back. */
static void test_remove(void)
{
    static const char *const without[] = {"bc", "ac", "ab"};
    static const char *const again[] = {"bca", "acb", "abc"};
    struct item items[3];
    struct list head;
    char text[8];

    for (int i = 0; i < 3; i++) {
        fill(&head, items);
        list_remove(&items[i].link);
        ASSERT_TEXT(names(&head, text), without[i]);
        list_remove(&items[i].link);
        ASSERT_TEXT(names(&head, text), without[i]);
        CU_ASSERT(list_is_empty(&items[i].link));
        list_append(&head, &items[i].link);
        ASSERT_TEXT(names(&head, text), again[i]);
    }
    for (int i = 0; i < 3; i++)
        list_remove(&items[i].link);
    CU_ASSERT(list_is_empty(&head));
}

static void test_move(void)
{
    struct item items[3];
    struct list from;
    struct list to;
    char text[8];

    fill(&from, items);
    list_move(&to, &from);
    CU_ASSERT(list_is_empty(&from));
    ASSERT_TEXT(names(&to, text), "abc");
    list_remove(&items[1].link); /* links know nothing of heads */
    ASSERT_TEXT(names(&to, text), "ac");
    list_append(&from, &items[1].link);
    ASSERT_TEXT(names(&from, text), "b");
    list_remove(&items[1].link);
    list_move(&to, &from); /* of nothing */
    CU_ASSERT(list_is_empty(&to) && list_is_empty(&from));
}

const struct unit_test list_tests[] = {
    {"append", test_append},
    {"remove", test_remove},
    {"move", test_move},
    {NULL, NULL},
};
