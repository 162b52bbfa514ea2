#include "stream.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include <openssl/err.h>

#define FINISH_READS 64

size_t stream_read(struct stream *stream, void *buffer, size_t size)
{
    int got;

    ERR_clear_error();
    got = SSL_read(stream->ssl, buffer, size > INT_MAX ? INT_MAX : (int)size);
    return got > 0 ? (size_t)got : 0;
}

bool stream_read_all(struct stream *stream, void *buffer, size_t size)
{
    unsigned char *at = buffer;

    while (size > 0) {
        size_t got = stream_read(stream, at, size);

        if (got == 0)
            return false;
        at += got;
        size -= got;
    }
    return true;
}

bool stream_write(struct stream *stream, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    while (size > 0) {
        int sent;

        ERR_clear_error();
        sent = SSL_write(stream->ssl, at, size > INT_MAX ? INT_MAX : (int)size);
        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

bool stream_wait(struct stream *stream, int timeout_ms)
{
    long deadline_ms = now_ms() + timeout_ms;
    char unused[4096];

    for (;;) {
        struct pollfd wait = {.fd = stream->fd, .events = POLLIN};
        long left_ms = deadline_ms - now_ms();
        int ready = left_ms > 0 ? poll(&wait, 1, (int)left_ms) : 0;

        if (ready == 0)
            return true;
        if (ready == -1 ? errno != EINTR : stream_read(stream, unused, sizeof(unused)) == 0)
            return false;
    }
}

void stream_finish(struct stream *stream)
{
    struct timeval second = {.tv_sec = 1};
    char unused[4096];

    ERR_clear_error();
    if (SSL_shutdown(stream->ssl) < 0)
        return;
    if (shutdown(stream->fd, SHUT_WR) == -1 ||
        setsockopt(stream->fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second)) == -1)
        return;
    for (int i = 0; i < FINISH_READS; i++)
        if (recv(stream->fd, unused, sizeof(unused), 0) <= 0)
            return;
}
