/*
 * One direction of a connection, at a pace of the test's choosing: a tagged stream that is sent in
 * pieces, or read in sips, with all that the other side is to notice: an urgent byte, the last
 * bytes in one segment with the FIN, the way the stream ends.
 */
#ifndef K0SLB_TESTS_SYSTEM_STREAM_H
#define K0SLB_TESTS_SYSTEM_STREAM_H

#include <stdint.h>

#include "base/defs.h"

#include "system/client.h"
#include "system/tagged.h"

/* NULL in its place: as much, and as soon, as can be. */
struct pace {
    size_t piece;      /* bytes at a time, at most 64 KiB */
    unsigned pause_us; /* after each of them */
};

/*
 * Sends the next `size` bytes on a non-blocking descriptor. Returns 0, or -1 with errno of send(2);
 * ETIMEDOUT when nothing was taken for as long as a client is patient.
 */
int stream_send(int fd, struct tagged *out, uint64_t size, const struct pace *pace) MUST_CHECK;

/* The same, and the FIN in one segment with the last of it: at most a segment's worth. */
int stream_send_last(int fd, struct tagged *out, size_t size) MUST_CHECK;

/* Sends the next byte as urgent data. */
int stream_send_urgent(int fd, struct tagged *out) MUST_CHECK;

/*
 * Reads and checks until the stream has `until` bytes, or has ended. Returns CLIENT_DATA for the
 * first, CLIENT_STILL_OPEN when nothing came for as long as a client is patient.
 */
enum client_end stream_read(int fd, struct tagged *in, uint64_t until, const struct pace *pace);

/* A reader that knows whose answer it gets. */
struct tagged stream_answer_to(const struct client *client);

#endif
