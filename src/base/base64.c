#include "base/base64.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Four letters at a time make three bytes. */
struct group {
    uint32_t bits;
    unsigned letters; /* padding included */
    unsigned padding;
};

/* The six bits of a letter; -1 = none of the alphabet. */
static int value_of(char letter)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789+/";
    const char *found = letter != '\0' ? strchr(alphabet, letter) : NULL;

    return found != NULL ? (int)(found - alphabet) : -1;
}

static int add_letter(struct group *group, char letter)
{
    int value = value_of(letter);

    if (letter == '=' && group->letters >= 2) {
        group->padding++;
        value = 0;
    } else if (value == -1 || group->padding > 0) {
        return -1;
    }
    group->bits = group->bits << 6 | (uint32_t)value;
    group->letters++;
    return 0;
}

/* Returns how many bytes a full group is, or -1 when its padding covers bits that are set. */
static int take_bytes(const struct group *group, uint8_t *out)
{
    if ((group->bits & ((1u << (8 * group->padding)) - 1)) != 0)
        return -1;
    for (unsigned i = 0; i < 3 - group->padding; i++)
        out[i] = (uint8_t)(group->bits >> (16 - 8 * i));
    return (int)(3 - group->padding);
}

ssize_t base64_decode(const char *text, size_t length, void *out)
{
    struct group group = {0};
    uint8_t *bytes = out;
    bool ended = false;
    size_t count = 0;

    errno = EINVAL;
    for (size_t i = 0; i < length; i++) {
        int taken;

        if (text[i] == '\n' || text[i] == '\r')
            continue;
        if (ended || add_letter(&group, text[i]) == -1)
            return -1;
        if (group.letters < 4)
            continue;
        taken = take_bytes(&group, bytes + count);
        if (taken == -1)
            return -1;
        count += (size_t)taken;
        ended = group.padding > 0;
        group = (struct group){0};
    }
    return group.letters == 0 ? (ssize_t)count : -1;
}
