#include "system/stream.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#define BUFFER_SIZE (64 * 1024)

static size_t piece_of(const struct pace *pace, uint64_t left)
{
    size_t piece = pace != NULL && pace->piece > 0 ? pace->piece : BUFFER_SIZE;

    return left < piece ? (size_t)left : piece;
}

static void rest(const struct pace *pace)
{
    struct timespec pause = {0};

    if (pace == NULL || pace->pause_us == 0)
        return;
    pause.tv_sec = pace->pause_us / 1000000;
    pause.tv_nsec = pace->pause_us % 1000000 * 1000L;
    nanosleep(&pause, NULL);
}

static int wait_for(int fd, short events)
{
    struct pollfd watched = {.fd = fd, .events = events};
    int ready = poll(&watched, 1, CLIENT_PATIENCE_MS);

    if (ready == 0)
        errno = ETIMEDOUT;
    return ready == 1 ? 0 : -1;
}

static int send_bytes(int fd, const uint8_t *data, size_t size, int flags)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL | flags);

        if (sent > 0) {
            data += sent;
            size -= (size_t)sent;
        } else if (errno != EAGAIN || wait_for(fd, POLLOUT) == -1) {
            return -1;
        }
    }
    return 0;
}

int stream_send(int fd, struct tagged *out, uint64_t size, const struct pace *pace)
{
    uint8_t data[BUFFER_SIZE];

    while (size > 0) {
        size_t piece = piece_of(pace, size);

        tagged_fill(out, data, piece);
        if (send_bytes(fd, data, piece, 0) == -1)
            return -1;
        size -= piece;
        rest(pace);
    }
    return 0;
}

int stream_send_last(int fd, struct tagged *out, size_t size)
{
    uint8_t data[BUFFER_SIZE];
    size_t piece = size < BUFFER_SIZE ? size : BUFFER_SIZE - 1;

    if (stream_send(fd, out, size - piece, NULL) == -1)
        return -1;
    tagged_fill(out, data, piece);
    return send_bytes(fd, data, piece, MSG_MORE) == -1 ? -1 : shutdown(fd, SHUT_WR);
}

int stream_send_urgent(int fd, struct tagged *out)
{
    uint8_t byte;

    tagged_fill(out, &byte, sizeof(byte));
    return send_bytes(fd, &byte, sizeof(byte), MSG_OOB);
}

enum client_end stream_read(int fd, struct tagged *in, uint64_t until, const struct pace *pace)
{
    uint8_t data[BUFFER_SIZE];

    while (in->offset < until) {
        ssize_t got = recv(fd, data, piece_of(pace, until - in->offset), 0);

        if (got == 0)
            return CLIENT_FIN;
        if (got > 0) {
            tagged_check(in, data, (size_t)got);
            rest(pace);
        } else if (errno != EAGAIN) {
            return CLIENT_RESET;
        } else if (wait_for(fd, POLLIN) == -1) {
            return CLIENT_STILL_OPEN;
        }
    }
    return CLIENT_DATA;
}

struct tagged stream_answer_to(const struct client *client)
{
    return (struct tagged){.id = TAGGED_ANSWER(client->id), .known = true};
}
