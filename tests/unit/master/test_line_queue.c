#include "master/line_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

extern const struct unit_test line_queue_tests[];

static void add(struct line_queue *queue, const char *line)
{
    CU_ASSERT(line_queue_add(queue, line, strlen(line)));
}

static void expect_first(struct line_queue *queue, const char *wanted)
{
    size_t size = 0;
    const char *line = line_queue_first(queue, &size);
    char text[64] = "";

    if (line != NULL && size < sizeof(text))
        memcpy(text, line, size);
    ASSERT_TEXT(text, wanted);
    line_queue_drop_first(queue);
}

static void test_order(void)
{
    struct line_queue *queue = calloc(1, sizeof(*queue));
    size_t size;

    CU_ASSERT_FATAL(queue != NULL);
    CU_ASSERT(line_queue_is_empty(queue));
    CU_ASSERT(line_queue_first(queue, &size) == NULL);
    add(queue, "one");
    add(queue, "");
    add(queue, "two");
    CU_ASSERT(!line_queue_is_empty(queue));
    expect_first(queue, "one");
    expect_first(queue, "");
    add(queue, "three");
    expect_first(queue, "two");
    expect_first(queue, "three");
    CU_ASSERT(line_queue_is_empty(queue));
    free(queue);
}

/* Room that was given back at the front is used again, for ever. */
static void test_goes_round(void)
{
    enum { DEPTH = 100, ROUNDS = 20000 };
    struct line_queue *queue = calloc(1, sizeof(*queue));
    char line[64];

    CU_ASSERT_FATAL(queue != NULL);
    for (int i = 0; i < ROUNDS + DEPTH; i++) {
        snprintf(line, sizeof(line), "a line with the number %d", i);
        if (i < ROUNDS)
            add(queue, line);
        snprintf(line, sizeof(line), "a line with the number %d", i - DEPTH);
        if (i >= DEPTH)
            expect_first(queue, line);
    }
    CU_ASSERT(line_queue_is_empty(queue));
    free(queue);
}

static void test_full(void)
{
    static const char big[LINE_QUEUE_SIZE + 100];
    struct line_queue *queue = calloc(1, sizeof(*queue));
    unsigned count = 0;

    CU_ASSERT_FATAL(queue != NULL);
    CU_ASSERT(!line_queue_add(queue, big, LINE_QUEUE_SIZE));
    CU_ASSERT(!line_queue_add(queue, big, LINE_QUEUE_SIZE - 1));
    CU_ASSERT(line_queue_is_empty(queue));
    CU_ASSERT(line_queue_add(queue, big, LINE_QUEUE_SIZE - 2));
    CU_ASSERT(!line_queue_add(queue, big, 0));
    ASSERT_NUMBER(line_queue_clear(queue), 1);
    while (line_queue_add(queue, big, 98))
        count++;
    ASSERT_NUMBER(count, LINE_QUEUE_SIZE / 100);
    ASSERT_NUMBER(line_queue_clear(queue), count);
    CU_ASSERT(line_queue_is_empty(queue));
    free(queue);
}

const struct unit_test line_queue_tests[] = {
    {"order", test_order},
    {"goes_round", test_goes_round},
    {"full", test_full},
    {NULL, NULL},
};
