#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "worker/pipe_pool.h"

#include "unit/child.h"
#include "unit/descriptors.h"
#include "unit/unit.h"

extern const struct unit_test pipe_pool_tests[];

#define OTHER 64124 /* a user that nobody is */

/* Whether this process may have a whole pool; else the test is skipped. */
static bool pool_open(struct pipe_pool *pool)
{
    pipe_pool_init(pool);
    if (pool->existing == PIPE_POOL_SIZE)
        return true;
    pipe_pool_fini(pool);
    unit_skip("pipes of 1 MiB cannot be had here");
    return false;
}

static int bytes_in(const struct pipe *pipe)
{
    int bytes = -1;

    CU_ASSERT(ioctl(pipe->read_fd, FIONREAD, &bytes) == 0);
    return bytes;
}

static bool is_good(const struct pipe *pipe)
{
    return fcntl(pipe->read_fd, F_GETPIPE_SZ) >= PIPE_BYTES &&
           descriptor_is_nonblocking(pipe->read_fd) && descriptor_is_nonblocking(pipe->write_fd) &&
           descriptor_is_cloexec(pipe->read_fd) && descriptor_is_cloexec(pipe->write_fd);
}

static void test_whole_pool(void)
{
    unsigned before = descriptors_open();
    struct pipe *borrowed[PIPE_POOL_SIZE];
    struct pipe_pool pool;

    if (!pool_open(&pool))
        return;
    ASSERT_NUMBER(descriptors_open(), before + 2 * PIPE_POOL_SIZE);
    for (size_t i = 0; i < PIPE_POOL_SIZE; i++) {
        borrowed[i] = pipe_pool_borrow(&pool);
        CU_ASSERT_FATAL(borrowed[i] != NULL);
        CU_ASSERT(is_good(borrowed[i]));
        for (size_t k = 0; k < i; k++)
            CU_ASSERT(borrowed[i] != borrowed[k] && borrowed[i]->read_fd != borrowed[k]->read_fd);
    }
    CU_ASSERT(pipe_pool_borrow(&pool) == NULL);
    pipe_pool_return(&pool, borrowed[7], true);
    CU_ASSERT(pipe_pool_borrow(&pool) == borrowed[7]);
    CU_ASSERT(pipe_pool_borrow(&pool) == NULL);
    pipe_pool_fini(&pool);
    ASSERT_NUMBER(descriptors_open(), before);
}

static void test_empty_pool(void)
{
    unsigned before = descriptors_open();
    struct pipe_pool pool;

    pipe_pool_init_empty(&pool);
    ASSERT_NUMBER(descriptors_open(), before);
    CU_ASSERT(pipe_pool_borrow(&pool) == NULL);
    pipe_pool_fini(&pool);
    ASSERT_NUMBER(descriptors_open(), before);
}

/* Nobody ever gets another one's bytes: a pipe that holds some is gone, a new one in its place. */
static void test_bytes_left(void)
{
    unsigned before = descriptors_open();
    struct pipe_pool pool;
    struct pipe *pipe;

    if (!pool_open(&pool))
        return;
    for (int round = 0; round < 100; round++) {
        pipe = pipe_pool_borrow(&pool);
        CU_ASSERT_FATAL(pipe != NULL);
        ASSERT_NUMBER(bytes_in(pipe), 0);
        ASSERT_NUMBER(write(pipe->write_fd, "somebody's", 10), 10);
        pipe_pool_return(&pool, pipe, false);
        ASSERT_NUMBER(pool.existing, PIPE_POOL_SIZE);
    }
    for (size_t i = 0; i < PIPE_POOL_SIZE; i++) {
        pipe = pipe_pool_borrow(&pool);
        CU_ASSERT_FATAL(pipe != NULL);
        CU_ASSERT(is_good(pipe));
        ASSERT_NUMBER(bytes_in(pipe), 0);
    }
    CU_ASSERT(pipe_pool_borrow(&pool) == NULL);
    pipe_pool_fini(&pool);
    ASSERT_NUMBER(descriptors_open(), before);
}

/* ---- when a new pipe cannot be had at once ---- */

static bool allow_descriptors(rlim_t count)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return false;
    limit.rlim_cur = count;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static int lose_and_refill(void *context)
{
    struct pipe_pool pool;
    struct pipe *borrowed[3];

    (void)context;
    pipe_pool_init(&pool);
    if (pool.existing != PIPE_POOL_SIZE)
        return CHILD_SKIP;
    for (int i = 0; i < 3; i++)
        borrowed[i] = pipe_pool_borrow(&pool);
    CHILD_EXPECT(allow_descriptors(3));
    for (int i = 0; i < 3; i++)
        pipe_pool_return(&pool, borrowed[i], false);
    CHILD_EXPECT(pool.existing == PIPE_POOL_SIZE - 3);
    pipe_pool_refill(&pool);
    CHILD_EXPECT(pool.existing == PIPE_POOL_SIZE - 3);
    CHILD_EXPECT(allow_descriptors(256));
    for (size_t i = 1; i <= 5; i++) {
        size_t wanted = PIPE_POOL_SIZE - 3 + (i < 3 ? i : 3);

        pipe_pool_refill(&pool);
        CHILD_EXPECT(pool.existing == wanted && pool.idle_count == wanted);
    }
    for (size_t i = 0; i < PIPE_POOL_SIZE; i++) {
        struct pipe *pipe = pipe_pool_borrow(&pool);

        CHILD_EXPECT(pipe != NULL && is_good(pipe) && bytes_in(pipe) == 0);
    }
    CHILD_EXPECT(pipe_pool_borrow(&pool) == NULL);
    pipe_pool_fini(&pool);
    return 0;
}

static void run_child(child_fn *fn)
{
    int status = child_run(fn, NULL);

    if (status == CHILD_SKIP)
        unit_skip("needs root, pipes of 1 MiB and fs.pipe-user-pages-soft");
    else
        ASSERT_NUMBER(status, 0);
}

static void test_refill(void)
{
    run_child(lose_and_refill);
}

static unsigned long soft_limit_pages(void)
{
    FILE *file = fopen("/proc/sys/fs/pipe-user-pages-soft", "re");
    unsigned long pages = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages;
}

/*
 * A user beyond the soft limit gets pipes of a page or two: those are none. What there is is whole,
 * and nothing is left of what was refused.
 */
static int open_many_as_user(void *context)
{
    enum { POOLS = 6 };
    size_t allowed = soft_limit_pages() * 4096 / PIPE_BYTES;
    struct pipe_pool *pools = calloc(POOLS, sizeof(*pools));
    unsigned before;
    size_t sum = 0;

    (void)context;
    if (allowed == 0 || allowed > (POOLS - 1) * PIPE_POOL_SIZE || pools == NULL ||
        !allow_descriptors(1024) || !child_become(OTHER, OTHER))
        return CHILD_SKIP;
    before = descriptors_open();
    for (int i = 0; i < POOLS; i++) {
        pipe_pool_init(&pools[i]);
        sum += pools[i].existing;
        CHILD_EXPECT(pools[i].idle_count == pools[i].existing);
    }
    CHILD_EXPECT(sum > 0 && sum <= allowed);
    CHILD_EXPECT(descriptors_open() == before + 2 * sum);
    CHILD_EXPECT(pipe_pool_borrow(&pools[POOLS - 1]) == NULL);
    pipe_pool_refill(&pools[POOLS - 1]);
    CHILD_EXPECT(descriptors_open() == before + 2 * sum);
    for (size_t i = 0; i < pools[0].existing; i++)
        CHILD_EXPECT(is_good(pipe_pool_borrow(&pools[0])));
    for (int i = 0; i < POOLS; i++)
        pipe_pool_fini(&pools[i]);
    CHILD_EXPECT(descriptors_open() == before);
    free(pools);
    return 0;
}

static void test_soft_limit(void)
{
    run_child(open_many_as_user);
}

/* Pipes that root made stay whole when it becomes another user: that is why they are made early. */
static int keep_after_drop(void *context)
{
    struct pipe_pool pools[4];

    (void)context;
    for (int i = 0; i < 4; i++) {
        pipe_pool_init(&pools[i]);
        if (pools[i].existing != PIPE_POOL_SIZE)
            return CHILD_SKIP;
    }
    if (!child_become(OTHER, OTHER))
        return CHILD_SKIP;
    for (int i = 0; i < 4; i++) {
        for (size_t k = 0; k < PIPE_POOL_SIZE; k++)
            CHILD_EXPECT(is_good(pipe_pool_borrow(&pools[i])));
        pipe_pool_fini(&pools[i]);
    }
    return 0;
}

static void test_after_drop(void)
{
    run_child(keep_after_drop);
}

const struct unit_test pipe_pool_tests[] = {
    {"whole_pool", test_whole_pool},
    {"empty_pool", test_empty_pool},
    {"bytes_left", test_bytes_left},
    {"refill", test_refill},
    {"soft_limit", test_soft_limit},
    {"after_drop", test_after_drop},
    {NULL, NULL},
};
