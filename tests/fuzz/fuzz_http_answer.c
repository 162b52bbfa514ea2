/* Any bytes as the answer to an HTTP request: all at once, and in pieces as the first byte says. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/http_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void describe(const struct http_answer *answer)
{
    char words[96];

    if (answer->body_size > sizeof(answer->body) || answer->head_size > HTTP_ANSWER_MOST_HEAD + 1)
        abort();
    if (answer->state == HTTP_INVALID && answer->problem == NULL)
        abort();
    http_answer_describe(answer, words, sizeof(words));
    for (size_t i = 0; words[i] != '\0'; i++) {
        if (words[i] < ' ' || words[i] > '~')
            abort();
    }
}

/* However the chunks are, what is put together is no more than there was. */
static void join(struct http_answer *answer)
{
    size_t before = answer->body_size;

    if (http_answer_join(answer) && answer->body_size > before)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_answer whole;
    struct http_answer pieces;
    size_t step;

    if (size == 0)
        return 0;
    step = 1 + data[0] % 32;
    data++;
    size--;
    http_answer_init(&whole, false);
    http_answer_init(&pieces, false);
    http_answer_take(&whole, (const char *)data, size);
    for (size_t at = 0; at < size; at += step)
        http_answer_take(&pieces, (const char *)data + at, size - at < step ? size - at : step);
    if (http_answer_is_whole(&pieces) &&
        (!http_answer_is_whole(&whole) || http_answer_will_end(&pieces)))
        abort();
    http_answer_close(&whole);
    http_answer_close(&pieces);
    if (whole.state != pieces.state || whole.status != pieces.status ||
        whole.has_date != pieces.has_date)
        abort();
    describe(&whole);
    describe(&pieces);
    join(&whole);
    join(&pieces);
    return 0;
}
