#include "master/line_queue.h"

#include <stdint.h>
#include <string.h>

/* Moves the lines to the front when there is no room behind them. */
static bool make_room(struct line_queue *queue, size_t size)
{
    size_t used = queue->end - queue->first;

    if (sizeof(queue->data) - queue->end >= size)
        return true;
    if (sizeof(queue->data) - used < size)
        return false;
    memmove(queue->data, queue->data + queue->first, used);
    queue->first = 0;
    queue->end = used;
    return true;
}

bool line_queue_add(struct line_queue *queue, const char *line, size_t size)
{
    uint16_t length = (uint16_t)size;

    if (size > UINT16_MAX || !make_room(queue, sizeof(length) + size))
        return false;
    memcpy(queue->data + queue->end, &length, sizeof(length));
    memcpy(queue->data + queue->end + sizeof(length), line, size);
    queue->end += sizeof(length) + size;
    return true;
}

static size_t first_length(const struct line_queue *queue)
{
    uint16_t length;

    memcpy(&length, queue->data + queue->first, sizeof(length));
    return length;
}

const char *line_queue_first(const struct line_queue *queue, size_t *size)
{
    if (line_queue_is_empty(queue))
        return NULL;
    *size = first_length(queue);
    return queue->data + queue->first + sizeof(uint16_t);
}

void line_queue_drop_first(struct line_queue *queue)
{
    queue->first += sizeof(uint16_t) + first_length(queue);
}

bool line_queue_is_empty(const struct line_queue *queue)
{
    return queue->first == queue->end;
}

unsigned line_queue_clear(struct line_queue *queue)
{
    unsigned count = 0;

    for (; !line_queue_is_empty(queue); count++)
        line_queue_drop_first(queue);
    queue->first = queue->end = 0;
    return count;
}
