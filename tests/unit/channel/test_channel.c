#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "channel/channel.h"

#include "unit/descriptors.h"
#include "unit/unit.h"

extern const struct unit_test channel_tests[];

/* The most that a message of unix(7) can carry at all. */
#define KERNEL_MAX_FDS 253

struct pair {
    int ends[2];
    unsigned before; /* descriptors that were open */
};

static void pair_open(struct pair *pair)
{
    pair->before = descriptors_open();
    CU_ASSERT_FATAL(channel_open(pair->ends) == 0);
}

/* Closes both ends; nothing may be left over. */
static void pair_close(struct pair *pair)
{
    fd_close(&pair->ends[0]);
    fd_close(&pair->ends[1]);
    ASSERT_NUMBER(descriptors_open(), pair->before);
}

static void test_open(void)
{
    struct pair pair;
    int type = 0;
    socklen_t length = sizeof(type);

    pair_open(&pair);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT(descriptor_is_cloexec(pair.ends[i]));
        CU_ASSERT(descriptor_is_nonblocking(pair.ends[i]));
        CU_ASSERT(getsockopt(pair.ends[i], SOL_SOCKET, SO_TYPE, &type, &length) == 0);
        ASSERT_NUMBER(type, SOCK_SEQPACKET);
    }
    pair_close(&pair);
}

static void test_messages(void)
{
    struct channel_message ready = {.type = CHANNEL_READY, .transaction = UINT64_MAX};
    struct channel_message done = {.type = CHANNEL_CHECKS_DONE, .transaction = 7};
    struct channel_message got;
    int fds[CHANNEL_MAX_FDS];
    struct pair pair;

    pair_open(&pair);
    CU_ASSERT(channel_send(pair.ends[0], &ready, NULL) == 0);
    CU_ASSERT(channel_send(pair.ends[0], &done, NULL) == 0);
    ASSERT_NUMBER(channel_receive(pair.ends[1], &got, fds), 1);
    CU_ASSERT(memcmp(&got, &ready, sizeof(got)) == 0);
    ASSERT_NUMBER(channel_receive(pair.ends[1], &got, fds), 1);
    CU_ASSERT(memcmp(&got, &done, sizeof(got)) == 0);
    CU_ASSERT(channel_send(pair.ends[1], &ready, NULL) == 0);
    ASSERT_NUMBER(channel_receive(pair.ends[0], &got, fds), 1);
    ASSERT_NUMBER(got.type, CHANNEL_READY);
    pair_close(&pair);
}

static void test_nothing_there(void)
{
    struct channel_message got;
    int fds[CHANNEL_MAX_FDS];
    struct pair pair;

    pair_open(&pair);
    errno = 0;
    ASSERT_NUMBER(channel_receive(pair.ends[1], &got, fds), -1);
    ASSERT_NUMBER(errno, EAGAIN);
    pair_close(&pair);
}

/* ---- descriptors ---- */

/* Whether two descriptors lead to one file. */
static bool is_same_file(int a, int b)
{
    struct stat first;
    struct stat second;

    return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_ino == second.st_ino &&
           first.st_dev == second.st_dev;
}

static void send_descriptors(unsigned count)
{
    struct channel_message message = {.type = 5, .fd_count = count, .transaction = 3};
    struct channel_message got = {0};
    int sent[CHANNEL_MAX_FDS];
    int fds[CHANNEL_MAX_FDS];
    struct pair pair;
    unsigned wrong = 0;

    pair_open(&pair);
    for (unsigned i = 0; i < count; i++) {
        sent[i] = memfd_create("k0slb-unit", 0);
        CU_ASSERT_FATAL(sent[i] != -1);
    }
    CU_ASSERT(channel_send(pair.ends[0], &message, sent) == 0);
    CU_ASSERT(count == 0 || descriptor_is_open(sent[0]));
    ASSERT_NUMBER(channel_receive(pair.ends[1], &got, fds), 1);
    ASSERT_NUMBER(got.fd_count, count);
    for (unsigned i = 0; i < count; i++) {
        wrong += fds[i] == sent[i] || !is_same_file(fds[i], sent[i]);
        wrong += !descriptor_is_cloexec(fds[i]);
        fd_close(&fds[i]);
        fd_close(&sent[i]);
    }
    ASSERT_NUMBER(wrong, 0);
    pair_close(&pair);
}

static void test_descriptors(void)
{
    send_descriptors(0);
    send_descriptors(1);
    send_descriptors(2);
    send_descriptors(CHANNEL_MAX_FDS);
}

static void test_too_many_to_send(void)
{
    struct channel_message message = {.fd_count = CHANNEL_MAX_FDS + 1};
    int fds[CHANNEL_MAX_FDS + 1] = {0};
    struct pair pair;

    pair_open(&pair);
    errno = 0;
    ASSERT_NUMBER(channel_send(pair.ends[0], &message, fds), -1);
    ASSERT_NUMBER(errno, EINVAL);
    pair_close(&pair);
}

static void test_closed_descriptor(void)
{
    struct channel_message message = {.fd_count = 1};
    struct pair pair;
    int closed;

    pair_open(&pair);
    closed = dup(pair.ends[0]);
    close(closed);
    ASSERT_NUMBER(channel_send(pair.ends[0], &message, &closed), -1);
    ASSERT_NUMBER(errno, EBADF);
    pair_close(&pair);
}

/* ---- what is no message ---- */

/* Sends bytes and descriptors as something else than channel_send() would. */
static void send_raw(int fd, const void *bytes, size_t size, unsigned count)
{
    int fds[KERNEL_MAX_FDS];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(fds))];
    } control = {.align = {0}};
    char nothing[1];
    struct iovec part = {.iov_base = nothing, .iov_len = 0};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    char copy[200];
    struct cmsghdr *cmsg;

    if (size > 0) {
        memcpy(copy, bytes, size);
        part = (struct iovec){.iov_base = copy, .iov_len = size};
    }
    for (unsigned i = 0; i < count; i++)
        fds[i] = STDOUT_FILENO;
    if (count > 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        cmsg = CMSG_FIRSTHDR(&header);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(cmsg), fds, count * sizeof(int));
    }
    ASSERT_NUMBER(sendmsg(fd, &header, 0), size);
}

static void refuse_raw(const void *bytes, size_t size, unsigned count)
{
    struct channel_message good = {.type = CHANNEL_READY};
    struct channel_message got;
    int fds[CHANNEL_MAX_FDS];
    struct pair pair;
    unsigned open;

    pair_open(&pair);
    open = descriptors_open();
    send_raw(pair.ends[0], bytes, size, count);
    errno = 0;
    ASSERT_NUMBER(channel_receive(pair.ends[1], &got, fds), -1);
    ASSERT_NUMBER(errno, EBADMSG);
    ASSERT_NUMBER(descriptors_open(), open);
    /* The next one is none the worse for it. */
    CU_ASSERT(channel_send(pair.ends[0], &good, NULL) == 0);
    ASSERT_NUMBER(channel_receive(pair.ends[1], &got, fds), 1);
    pair_close(&pair);
}

static void test_wrong_size(void)
{
    char bytes[200] = {0};

    for (size_t size = 1; size < sizeof(bytes); size++) {
        if (size == sizeof(struct channel_message))
            continue;
        refuse_raw(bytes, size, 0);
    }
    refuse_raw(bytes, 1, 3);
    refuse_raw(bytes, sizeof(struct channel_message) - 1, 3);
    refuse_raw(bytes, sizeof(struct channel_message) + 1, CHANNEL_MAX_FDS);
}

static void test_wrong_count(void)
{
    struct channel_message lie = {.type = CHANNEL_READY, .fd_count = 2};

    refuse_raw(&lie, sizeof(lie), 0);
    refuse_raw(&lie, sizeof(lie), 1);
    refuse_raw(&lie, sizeof(lie), 3);
    lie.fd_count = UINT32_MAX;
    refuse_raw(&lie, sizeof(lie), 1);
    lie.fd_count = 0;
    refuse_raw(&lie, sizeof(lie), 5);
    /* More than a message may have: what the kernel could not hand over is no excuse. */
    lie.fd_count = KERNEL_MAX_FDS;
    refuse_raw(&lie, sizeof(lie), KERNEL_MAX_FDS);
    lie.fd_count = CHANNEL_MAX_FDS;
    refuse_raw(&lie, sizeof(lie), KERNEL_MAX_FDS);
}

/* An empty packet cannot be told from the end, but what came with it must not pile up. */
static void test_empty_packet(void)
{
    struct channel_message got;
    int fds[CHANNEL_MAX_FDS];
    struct pair pair;
    unsigned open;

    pair_open(&pair);
    open = descriptors_open();
    send_raw(pair.ends[0], NULL, 0, 9);
    CU_ASSERT(channel_receive(pair.ends[1], &got, fds) != 1);
    ASSERT_NUMBER(descriptors_open(), open);
    pair_close(&pair);
}

/* ---- the other end ---- */

static void test_end(void)
{
    struct channel_message message = {.type = CHANNEL_READY};
    struct channel_message got;
    int fds[CHANNEL_MAX_FDS];
    struct pair pair;

    pair_open(&pair);
    CU_ASSERT(channel_send(pair.ends[0], &message, NULL) == 0);
    fd_close(&pair.ends[0]);
    ASSERT_NUMBER(channel_receive(pair.ends[1], &got, fds), 1);
    ASSERT_NUMBER(channel_receive(pair.ends[1], &got, fds), 0);
    ASSERT_NUMBER(channel_receive(pair.ends[1], &got, fds), 0);
    errno = 0;
    ASSERT_NUMBER(channel_send(pair.ends[1], &message, NULL), -1);
    ASSERT_NUMBER(errno, EPIPE);
    pair_close(&pair);
}

/* An end that dies with unread messages is the end as well, not an error. */
static void test_end_with_unread_messages(void)
{
    struct channel_message message = {.type = CHANNEL_READY};
    struct channel_message got;
    int fds[CHANNEL_MAX_FDS];
    struct pair pair;

    pair_open(&pair);
    CU_ASSERT(channel_send(pair.ends[1], &message, NULL) == 0);
    fd_close(&pair.ends[0]);
    ASSERT_NUMBER(channel_receive(pair.ends[1], &got, fds), 0);
    ASSERT_NUMBER(channel_receive(pair.ends[1], &got, fds), 0);
    pair_close(&pair);
}

/* One that does not read makes nobody wait. */
static void test_full(void)
{
    struct channel_message message = {.type = CHANNEL_READY};
    struct channel_message got;
    int fds[CHANNEL_MAX_FDS];
    struct pair pair;
    unsigned sent = 0;
    unsigned received = 0;

    pair_open(&pair);
    while (sent < 100000 && channel_send(pair.ends[0], &message, NULL) == 0)
        message.transaction = ++sent;
    CU_ASSERT(sent > 0 && sent < 100000);
    ASSERT_NUMBER(errno, EAGAIN);
    while (channel_receive(pair.ends[1], &got, fds) == 1) {
        if (got.transaction != received)
            break;
        received++;
    }
    ASSERT_NUMBER(received, sent);
    pair_close(&pair);
}

const struct unit_test channel_tests[] = {
    {"open", test_open},
    {"messages", test_messages},
    {"nothing_there", test_nothing_there},
    {"descriptors", test_descriptors},
    {"too_many_to_send", test_too_many_to_send},
    {"closed_descriptor", test_closed_descriptor},
    {"wrong_size", test_wrong_size},
    {"wrong_count", test_wrong_count},
    {"empty_packet", test_empty_packet},
    {"end", test_end},
    {"end_with_unread_messages", test_end_with_unread_messages},
    {"full", test_full},
    {NULL, NULL},
};
