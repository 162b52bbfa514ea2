#include "worker/pipe_pool.h"

#include <fcntl.h>

#include "base/fd.h"

/* A pipe that is smaller than asked for is of no use: copying is faster than splicing a page. */
static bool open_pipe(struct pipe *pipe)
{
    int ends[2];

    if (fd_pipe(ends) == -1)
        return false;
    if (fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES) < PIPE_BYTES) {
        fd_close(&ends[0]);
        fd_close(&ends[1]);
        return false;
    }
    *pipe = (struct pipe){.read_fd = ends[0], .write_fd = ends[1]};
    return true;
}

static void close_pipe(struct pipe *pipe)
{
    fd_close(&pipe->read_fd);
    fd_close(&pipe->write_fd);
}

static struct pipe *missing_pipe(struct pipe_pool *pool)
{
    for (size_t i = 0; i < PIPE_POOL_SIZE; i++) {
        if (pool->pipes[i].read_fd == -1)
            return &pool->pipes[i];
    }
    return NULL;
}

static bool add_one(struct pipe_pool *pool)
{
    struct pipe *pipe = missing_pipe(pool);

    if (pipe == NULL || !open_pipe(pipe))
        return false;
    pool->existing++;
    pool->idle[pool->idle_count++] = pipe;
    return true;
}

void pipe_pool_init_empty(struct pipe_pool *pool)
{
    pool->idle_count = pool->existing = 0;
    for (size_t i = 0; i < PIPE_POOL_SIZE; i++)
        pool->pipes[i] = (struct pipe){.read_fd = -1, .write_fd = -1};
}

void pipe_pool_init(struct pipe_pool *pool)
{
    pipe_pool_init_empty(pool);
    while (add_one(pool))
        continue;
}

void pipe_pool_fini(struct pipe_pool *pool)
{
    for (size_t i = 0; i < PIPE_POOL_SIZE; i++)
        close_pipe(&pool->pipes[i]);
    pool->idle_count = pool->existing = 0;
}

struct pipe *pipe_pool_borrow(struct pipe_pool *pool)
{
    return pool->idle_count == 0 ? NULL : pool->idle[--pool->idle_count];
}

void pipe_pool_return(struct pipe_pool *pool, struct pipe *pipe, bool is_empty)
{
    if (is_empty) {
        pool->idle[pool->idle_count++] = pipe;
        return;
    }
    close_pipe(pipe);
    pool->existing--;
    add_one(pool);
}

void pipe_pool_refill(struct pipe_pool *pool)
{
    if (pool->existing < PIPE_POOL_SIZE)
        add_one(pool);
}
