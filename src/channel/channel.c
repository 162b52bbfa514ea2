#include "channel/channel.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"

/* Room for the descriptors of one message, aligned as cmsg(3) wants it. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(CHANNEL_MAX_FDS * sizeof(int))];
};

int channel_open(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

static void attach(struct msghdr *header, union control *control, const int *fds, size_t count)
{
    struct cmsghdr *cmsg;

    if (count == 0)
        return;
    header->msg_control = control->bytes;
    header->msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsg = CMSG_FIRSTHDR(header);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(cmsg), fds, count * sizeof(int));
}

int channel_send(int fd, const struct channel_message *message, const int *fds)
{
    struct channel_message copy = *message;
    struct iovec part = {.iov_base = &copy, .iov_len = sizeof(copy)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    union control control = {0};

    if (message->fd_count > CHANNEL_MAX_FDS) {
        errno = EINVAL;
        return -1;
    }
    attach(&header, &control, fds, message->fd_count);
    return sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) == -1 ? -1 : 0;
}

/* Takes the descriptors out of a message; returns how many. */
static size_t detach(struct msghdr *header, int *fds)
{
    size_t count = 0;

    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg != NULL;
         cmsg = CMSG_NXTHDR(header, cmsg)) {
        size_t size = cmsg->cmsg_len - CMSG_LEN(0);

        if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
            continue;
        memcpy(fds + count, CMSG_DATA(cmsg), size);
        count += size / sizeof(int);
    }
    return count;
}

int channel_receive(int fd, struct channel_message *message, int *fds)
{
    struct iovec part = {.iov_base = message, .iov_len = sizeof(*message)};
    union control control = {0};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof(control.bytes)};
    ssize_t got = recvmsg(fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    bool is_short_of_room;
    size_t count;

    if (got == -1 && errno == ECONNRESET)
        return 0;
    if (got == -1)
        return -1;
    count = detach(&header, fds);
    if (got == (ssize_t)sizeof(*message) && message->fd_count == count &&
        (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0)
        return 1;
    is_short_of_room = got == (ssize_t)sizeof(*message) && count < message->fd_count &&
                       message->fd_count <= CHANNEL_MAX_FDS &&
                       (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == MSG_CTRUNC;
    for (size_t i = 0; i < count; i++)
        fd_close(&fds[i]);
    /* An empty packet looks like the end, but descriptors may have come with it. */
    if (got == 0)
        return 0;
    errno = is_short_of_room ? EMFILE : EBADMSG;
    return -1;
}
