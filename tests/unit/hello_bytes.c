#include "unit/hello_bytes.h"

#include <string.h>

#define RECORD_HEADER  5
#define MESSAGE_HEADER 4

#define EXTENSION_PADDING    21
#define EXTENSION_EARLY_DATA 42

struct writer {
    uint8_t *at;
    uint8_t fill;
};

static void put8(struct writer *writer, unsigned value)
{
    *writer->at++ = (uint8_t)value;
}

static void put16(struct writer *writer, size_t value)
{
    put8(writer, (unsigned)(value >> 8 & 0xff));
    put8(writer, (unsigned)(value & 0xff));
}

static void put_filling(struct writer *writer, size_t count)
{
    while (count-- > 0)
        put8(writer, writer->fill++);
}

/* The message, of exactly that size with its header. */
static void put_message(struct writer *writer, size_t size, bool early_data)
{
    const uint8_t *end = writer->at + size;

    put8(writer, 1);
    put8(writer, 0);
    put16(writer, size - MESSAGE_HEADER);
    put16(writer, 0x0303);
    put_filling(writer, 32);
    put8(writer, 32);
    put_filling(writer, 32);
    put16(writer, 4);
    put16(writer, 0x1301);
    put16(writer, 0x1302);
    put16(writer, 0x0100); /* one compression method: none */
    put16(writer, (size_t)(end - writer->at) - 2);
    if (early_data) {
        put16(writer, EXTENSION_EARLY_DATA);
        put16(writer, 0);
    }
    put16(writer, EXTENSION_PADDING);
    put16(writer, (size_t)(end - writer->at) - 2);
    put_filling(writer, (size_t)(end - writer->at));
}

size_t hello_bytes(uint8_t bytes[HELLO_BYTES_MOST], const struct hello_order *order)
{
    uint8_t message[HELLO_BYTES_MOST];
    unsigned records = order->records > 0 ? order->records : 1;
    size_t size = order->size - (size_t)records * RECORD_HEADER;
    struct writer plain = {message, order->seed};
    struct writer writer = {bytes, 0};
    const uint8_t *from = message;

    put_message(&plain, size, order->early_data);
    for (; records > 0; records--) {
        size_t share = (size_t)(message + size - from) / records;

        put8(&writer, 22);
        put16(&writer, 0x0301);
        put16(&writer, share);
        memcpy(writer.at, from, share);
        writer.at += share;
        from += share;
    }
    return (size_t)(writer.at - bytes);
}
