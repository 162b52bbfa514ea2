/* One TLS connection of a client to a stand-in, read and written by the thread that owns it. */
#ifndef K0SLB_TESTS_STANDIN_STREAM_H
#define K0SLB_TESTS_STANDIN_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <openssl/ssl.h>

struct stream {
    SSL *ssl;
    int fd;
    const char *controller; /* whose connection this is */
    char peer[64];          /* ADDRESS:PORT of the client */
};

/* Reads what is there, up to SIZE bytes; waits for it. Returns 0 at the end or on any failure. */
size_t stream_read(struct stream *stream, void *buffer, size_t size);

/* Reads SIZE bytes. Returns false when the client has left before. */
bool stream_read_all(struct stream *stream, void *buffer, size_t size);

/* Writes all bytes. Returns false when the client has left. */
bool stream_write(struct stream *stream, const void *bytes, size_t size);

/*
 * Waits for TIMEOUT_MS while what the client sends is thrown away. Returns false as soon as the
 * client has left.
 */
bool stream_wait(struct stream *stream, int timeout_ms);

/*
 * Says goodbye and waits up to a second for the client's: a socket that is closed with unread
 * bytes resets the connection, and the client could lose the answer.
 */
void stream_finish(struct stream *stream);

#endif
