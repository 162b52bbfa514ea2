#include "control/top.h"

#define CTRL(letter) ((letter)&0x1f)
#define ESCAPE       0x1b

static enum top_key plain_key(unsigned char byte)
{
    switch (byte) {
    case 'q':
    case 'Q':
    case CTRL('c'):
    case CTRL('d'):
        return TOP_KEY_QUIT;
    case CTRL('z'):
        return TOP_KEY_SUSPEND;
    case 'p':
    case ' ':
        return TOP_KEY_PAUSE;
    case 's':
        return TOP_KEY_SORT;
    case 'k':
        return TOP_KEY_UP;
    case 'j':
        return TOP_KEY_DOWN;
    default:
        return TOP_KEY_NONE;
    }
}

/* "ESC [ 5 ~" and its like. */
static enum top_key numbered_key(unsigned number)
{
    switch (number) {
    case 1:
    case 7:
        return TOP_KEY_HOME;
    case 4:
    case 8:
        return TOP_KEY_END;
    case 5:
        return TOP_KEY_PAGE_UP;
    case 6:
        return TOP_KEY_PAGE_DOWN;
    default:
        return TOP_KEY_NONE;
    }
}

static enum top_key last_of_sequence(unsigned char byte, unsigned number)
{
    switch (byte) {
    case 'A':
        return TOP_KEY_UP;
    case 'B':
        return TOP_KEY_DOWN;
    case 'H':
        return TOP_KEY_HOME;
    case 'F':
        return TOP_KEY_END;
    case '~':
        return numbered_key(number);
    default:
        return TOP_KEY_NONE;
    }
}

static enum top_key feed_sequence(struct top_keys *keys, unsigned char byte)
{
    if (byte >= '0' && byte <= '9') {
        keys->number = keys->number < 100 ? keys->number * 10 + (byte - '0') : keys->number;
        return TOP_KEY_NONE;
    }
    /* Its bytes between, such as that before a modifier. */
    if (byte >= 0x20 && byte < 0x40)
        return TOP_KEY_NONE;
    keys->state = TOP_GROUND;
    return last_of_sequence(byte, keys->number);
}

enum top_key top_keys_feed(struct top_keys *keys, unsigned char byte)
{
    if (byte == ESCAPE) {
        keys->state = TOP_ESCAPE;
        return TOP_KEY_NONE;
    }
    switch (keys->state) {
    case TOP_ESCAPE:
        keys->state = byte == '[' || byte == 'O' ? TOP_SEQUENCE : TOP_GROUND;
        keys->number = 0;
        return keys->state == TOP_GROUND ? plain_key(byte) : TOP_KEY_NONE;
    case TOP_SEQUENCE:
        return feed_sequence(keys, byte);
    case TOP_GROUND:
        break;
    }
    return plain_key(byte);
}
