/*
 * Large pipes for splice(2), made while the process may still have them: an unprivileged user's
 * pipes beyond fs.pipe-user-pages-soft shrink to a page or two. A pipe is borrowed while bytes are
 * in flight and given back empty; one that still holds bytes is closed and never used again, so
 * that no client ever gets another one's bytes.
 */
#ifndef K0SLB_WORKER_PIPE_POOL_H
#define K0SLB_WORKER_PIPE_POOL_H

#include <stdbool.h>
#include <stddef.h>

#define PIPE_POOL_SIZE 32
#define PIPE_BYTES     (1024 * 1024)

struct pipe {
    int read_fd;
    int write_fd;
};

struct pipe_pool {
    struct pipe pipes[PIPE_POOL_SIZE]; /* of those that exist */
    struct pipe *idle[PIPE_POOL_SIZE];
    size_t idle_count;
    size_t existing;
};

/*
 * Makes as many pipes of PIPE_BYTES as can be had, up to PIPE_POOL_SIZE. Fewer, or none, is no
 * error: what finds no pipe is copied.
 */
void pipe_pool_init(struct pipe_pool *pool);

/* A pool without pipes, for a worker that only copies. */
void pipe_pool_init_empty(struct pipe_pool *pool);

/* Closes every pipe, borrowed ones too. */
void pipe_pool_fini(struct pipe_pool *pool);

/* An empty pipe, or NULL when none is idle. */
struct pipe *pipe_pool_borrow(struct pipe_pool *pool);

/* Gives a pipe back. One that still holds bytes is closed. */
void pipe_pool_return(struct pipe_pool *pool, struct pipe *pipe, bool is_empty);

/* Makes one of the missing pipes again, if it can be had in full size; called once a second. */
void pipe_pool_refill(struct pipe_pool *pool);

#endif
