#include "worker/hello.h"

#include <stdbool.h>

#define RECORD_HEADER    5
#define RECORD_HANDSHAKE 22
#define RECORD_MOST      (16 * 1024)

#define MESSAGE_HEADER 4
#define CLIENT_HELLO   1

#define EXTENSION_EARLY_DATA 42

/* ---- the message, across the records that carry it ---- */

/*
 * A place in the message. Only records that hello_look() has accepted are walked; `ok` is false
 * from the first read beyond the end on, and every read after that is 0.
 */
struct reader {
    const uint8_t *at;     /* in the present record */
    const uint8_t *end;    /* of all bytes */
    size_t left_in_record; /* bytes from `at` */
    size_t left;           /* of the message, or of a part of it */
    bool ok;
};

static unsigned number16(const uint8_t *bytes)
{
    return (unsigned)bytes[0] << 8 | bytes[1];
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Whether there is a byte to read, in this record or in the next one. */
static bool enter_record(struct reader *reader)
{
    while (reader->left_in_record == 0) {
        if ((size_t)(reader->end - reader->at) < RECORD_HEADER)
            return false;
        reader->left_in_record = number16(reader->at + 3);
        reader->at += RECORD_HEADER;
    }
    return reader->at < reader->end;
}

static void skip(struct reader *reader, size_t count)
{
    while (count > 0) {
        size_t step = count;

        if (!reader->ok || reader->left < count || !enter_record(reader)) {
            reader->ok = false;
            return;
        }
        step = smaller(step, reader->left_in_record);
        step = smaller(step, (size_t)(reader->end - reader->at));
        reader->at += step;
        reader->left_in_record -= step;
        reader->left -= step;
        count -= step;
    }
}

static unsigned read8(struct reader *reader)
{
    skip(reader, 1);
    return reader->ok ? reader->at[-1] : 0;
}

static unsigned read16(struct reader *reader)
{
    unsigned high = read8(reader);

    return high << 8 | read8(reader);
}

static size_t read24(struct reader *reader)
{
    size_t high = read16(reader);

    return high << 8 | read8(reader);
}

/*
 * What follows the random numbers: session, cipher suites, compression methods and extensions, each
 * with its length. Whether all of it is there and fits, and no extension announces early data.
 */
static bool is_without_early_data(struct reader *reader)
{
    skip(reader, MESSAGE_HEADER + 2 + 32); /* legacy_version, random */
    skip(reader, read8(reader));
    skip(reader, read16(reader));
    skip(reader, read8(reader));
    if (!reader->ok || reader->left == 0)
        return reader->ok; /* TLS 1.2 and before: extensions may be missing */
    if (read16(reader) != reader->left)
        return false;
    while (reader->ok && reader->left > 0) {
        if (read16(reader) == EXTENSION_EARLY_DATA)
            return false;
        skip(reader, read16(reader));
    }
    return reader->ok;
}

/* ---- the records ---- */

/* Whether so many bytes, perhaps fewer than a header, begin a record that carries a handshake. */
static bool is_handshake_record(const uint8_t *header, size_t size)
{
    static const unsigned major = 3; /* of SSL 3.0 and of every TLS */

    if (header[0] != RECORD_HANDSHAKE || (size > 1 && header[1] != major))
        return false;
    if (size < RECORD_HEADER)
        return true;
    return number16(header + 3) > 0 && number16(header + 3) <= RECORD_MOST;
}

static struct reader reader_at_start(const uint8_t *bytes, size_t size)
{
    return (struct reader){.at = bytes, .end = bytes + size, .left = HELLO_MOST, .ok = true};
}

/*
 * The length of the message with its own header, as soon as it is known; 0 until then. Returns
 * false when it is no ClientHello.
 */
static bool message_length(const uint8_t *bytes, size_t size, size_t *length)
{
    struct reader reader = reader_at_start(bytes, size);
    unsigned type = read8(&reader);
    size_t body = 0;

    *length = 0;
    if (!reader.ok)
        return true;
    body = read24(&reader);
    if (reader.ok)
        *length = MESSAGE_HEADER + body;
    return type == CLIENT_HELLO;
}

/* All records are there, and hold so many bytes of message. */
static enum hello_verdict judge(const uint8_t *bytes, size_t size, size_t length, size_t carried)
{
    struct reader reader = reader_at_start(bytes, size);

    if (length == 0 || carried < length)
        return HELLO_PART;
    reader.left = length;
    return is_without_early_data(&reader) ? HELLO_WHOLE : HELLO_NONE;
}

/*
 * The fewest bytes that there can be in all. `at` is the end of the records seen, which may lie
 * ahead; what they do not carry comes in one more record, if not in more.
 */
static size_t expect(size_t at, size_t size, size_t length, size_t carried)
{
    if (carried < length)
        return at + RECORD_HEADER + length - carried;
    return at > size ? at : size;
}

enum hello_verdict hello_look(const uint8_t *bytes, size_t size, size_t *expected)
{
    size_t at = 0;      /* the end of the records seen */
    size_t carried = 0; /* bytes of message in them, also those to come */
    size_t length;

    while (at < size) {
        if (!is_handshake_record(bytes + at, size - at))
            return HELLO_NONE;
        if (size - at < RECORD_HEADER)
            break;
        carried += number16(bytes + at + 3);
        at += RECORD_HEADER + number16(bytes + at + 3);
    }
    if (!message_length(bytes, size, &length))
        return HELLO_NONE;
    if (length > 0 && (carried > length || (carried == length && at < size)))
        return HELLO_NONE;
    *expected = expect(at, size, length, carried);
    if (*expected > HELLO_MOST)
        return HELLO_NONE;
    return at == size ? judge(bytes, size, length, carried) : HELLO_PART;
}
