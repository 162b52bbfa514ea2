#include "system/tagged.h"

#include <endian.h>
#include <string.h>

static void make_block(const struct tagged *stream, uint8_t block[TAGGED_BLOCK])
{
    uint64_t words[2] = {htobe64(stream->id), htobe64(stream->offset / TAGGED_BLOCK)};

    memcpy(block, words, TAGGED_BLOCK);
}

/* How many of `size` bytes still belong to the block at the stream's offset. */
static size_t part_of_block(const struct tagged *stream, size_t size)
{
    size_t left = TAGGED_BLOCK - stream->offset % TAGGED_BLOCK;

    return size < left ? size : left;
}

void tagged_fill(struct tagged *stream, uint8_t *data, size_t size)
{
    uint8_t block[TAGGED_BLOCK];

    while (size > 0) {
        size_t part = part_of_block(stream, size);

        make_block(stream, block);
        memcpy(data, block + stream->offset % TAGGED_BLOCK, part);
        stream->offset += part;
        data += part;
        size -= part;
    }
}

/* Takes the id out of the first eight bytes; returns how many bytes that used. */
static size_t learn_id(struct tagged *stream, const uint8_t *data, size_t size)
{
    size_t used = 0;

    while (!stream->known && used < size) {
        stream->id = stream->id << 8 | data[used++];
        stream->offset++;
        stream->known = stream->offset == sizeof(stream->id);
    }
    return used;
}

void tagged_check(struct tagged *stream, const uint8_t *data, size_t size)
{
    uint8_t block[TAGGED_BLOCK];
    size_t used = learn_id(stream, data, size);

    data += used;
    size -= used;
    while (size > 0) {
        size_t part = part_of_block(stream, size);

        make_block(stream, block);
        if (memcmp(data, block + stream->offset % TAGGED_BLOCK, part) != 0)
            stream->bad = true;
        stream->offset += part;
        data += part;
        size -= part;
    }
}
