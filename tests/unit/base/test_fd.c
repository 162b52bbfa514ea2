#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/defs.h"
#include "base/fd.h"
#include "unit/unit.h"

extern const struct unit_test fd_tests[];

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) != -1;
}

static void close_pair(int ends[2])
{
    fd_close(&ends[0]);
    fd_close(&ends[1]);
}

static void test_close(void)
{
    int ends[2];
    int old;

    CU_ASSERT_FATAL(fd_pipe(ends) == 0);
    old = ends[0];
    fd_close(&ends[0]);
    ASSERT_NUMBER(ends[0], -1);
    CU_ASSERT(!is_open(old));
    errno = ENOENT;
    fd_close(&ends[0]); /* once more does nothing, not even to errno */
    ASSERT_NUMBER(ends[0], -1);
    ASSERT_NUMBER(errno, ENOENT);
    fd_close(&ends[1]);
}

static void test_pipe_flags(void)
{
    int ends[2];
    char byte;

    CU_ASSERT_FATAL(fd_pipe(ends) == 0);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT((fcntl(ends[i], F_GETFL) & O_NONBLOCK) != 0);
        CU_ASSERT((fcntl(ends[i], F_GETFD) & FD_CLOEXEC) != 0);
    }
    ASSERT_NUMBER(read(ends[0], &byte, 1), -1);
    ASSERT_NUMBER(errno, EAGAIN);
    ASSERT_NUMBER(write(ends[1], "x", 1), 1);
    ASSERT_NUMBER(read(ends[0], &byte, 1), 1);
    close_pair(ends);
}

static void test_set_nonblocking(void)
{
    int ends[2];

    CU_ASSERT_FATAL(pipe(ends) == 0);
    ASSERT_NUMBER(fd_set_nonblocking(ends[0]), 0);
    CU_ASSERT((fcntl(ends[0], F_GETFL) & O_NONBLOCK) != 0);
    CU_ASSERT((fcntl(ends[1], F_GETFL) & O_NONBLOCK) == 0);
    close_pair(ends);
    ASSERT_NUMBER(fd_set_nonblocking(-1), -1);
    ASSERT_NUMBER(errno, EBADF);
}

/* Where the descriptors of the next test stand: high above anything that is open. */
enum { LOWEST = 200, HIGHEST = 210 };

/*
 * In a child: opens LOWEST to HIGHEST, keeps some, and tells by its status what is left: 0 when it
 * is exactly that.
 */
static int close_others_in_child(const int *keep, size_t count)
{
    for (int fd = LOWEST; fd <= HIGHEST; fd++) {
        if (dup2(STDOUT_FILENO, fd) == -1)
            return 1;
    }
    if (fd_close_others(LOWEST + 1, keep, count) == -1)
        return 2;
    if (!is_open(LOWEST) || !is_open(STDOUT_FILENO))
        return 3;
    for (int fd = LOWEST + 1; fd <= HIGHEST; fd++) {
        bool kept = false;

        for (size_t i = 0; i < count; i++)
            kept = kept || keep[i] == fd;
        if (kept != is_open(fd))
            return 4;
    }
    return 0;
}

static void check_close_others(const int *keep, size_t count)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0)
        _exit(close_others_in_child(keep, count));
    CU_ASSERT_FATAL(pid > 0 && waitpid(pid, &status, 0) == pid);
    CU_ASSERT_FATAL(WIFEXITED(status));
    ASSERT_NUMBER(WEXITSTATUS(status), 0);
}

static void test_close_others(void)
{
    static const int unordered[] = {207, -1, 203, 207, 1};
    static const int neighbours[] = {201, 202, 203};
    static const int ends[] = {210, 201};
    static const int below[] = {3, 200};

    check_close_others(NULL, 0);
    check_close_others(unordered, ARRAY_LEN(unordered));
    check_close_others(neighbours, ARRAY_LEN(neighbours));
    check_close_others(ends, ARRAY_LEN(ends));
    check_close_others(below, ARRAY_LEN(below));
}

/* More than a pipe holds goes through, in order, and the end of file ends it. */
/* In a child: with these closed, no number up to 2 may be given to anything else afterwards. */
static int fill_in_child(const int *closed, size_t count)
{
    int fd;

    for (size_t i = 0; i < count; i++)
        close(closed[i]);
    if (fd_fill_standard() == -1)
        return 1;
    fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i <= STDERR_FILENO; i++) {
        if (fcntl(i, F_GETFD) != 0)
            return 2;
    }
    return fd > STDERR_FILENO ? 0 : 3;
}

static void test_fill_standard(void)
{
    static const int closed[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};

    for (size_t count = 0; count <= ARRAY_LEN(closed); count++) {
        pid_t pid = fork();
        int status = -1;

        CU_ASSERT_FATAL(pid != -1);
        if (pid == 0)
            _exit(fill_in_child(closed, count));
        ASSERT_NUMBER(waitpid(pid, &status, 0), pid);
        ASSERT_NUMBER(status, 0);
    }
}

static void test_write_and_read_all(void)
{
    enum { SIZE = 300000 };
    char *data = malloc(SIZE);
    char *back = malloc(SIZE + 1);
    int ends[2];
    int status = 0;
    pid_t pid;

    CU_ASSERT_FATAL(data != NULL && back != NULL && pipe(ends) == 0);
    for (int i = 0; i < SIZE; i++)
        data[i] = (char)(i % 251);
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        _exit(fd_write_all(ends[1], data, SIZE) == 0 ? 0 : 1);
    }
    CU_ASSERT_FATAL(pid > 0);
    fd_close(&ends[1]);
    ASSERT_NUMBER(fd_read_all(ends[0], back, 1000), 1000); /* no more than asked for */
    ASSERT_NUMBER(fd_read_all(ends[0], back + 1000, SIZE + 1 - 1000), SIZE - 1000);
    CU_ASSERT(memcmp(data, back, SIZE) == 0);
    ASSERT_NUMBER(fd_read_all(ends[0], back, 1), 0);
    fd_close(&ends[0]);
    CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
    free(data);
    free(back);
}

static void test_errors(void)
{
    char byte;

    ASSERT_NUMBER(fd_write_all(-1, "x", 1), -1);
    ASSERT_NUMBER(errno, EBADF);
    ASSERT_NUMBER(fd_write_all(-1, "x", 0), 0);
    ASSERT_NUMBER(fd_read_all(-1, &byte, 1), -1);
    ASSERT_NUMBER(errno, EBADF);
}

const struct unit_test fd_tests[] = {
    {"close", test_close},
    {"pipe_flags", test_pipe_flags},
    {"set_nonblocking", test_set_nonblocking},
    {"close_others", test_close_others},
    {"fill_standard", test_fill_standard},
    {"write_and_read_all", test_write_and_read_all},
    {"errors", test_errors},
    {NULL, NULL},
};
