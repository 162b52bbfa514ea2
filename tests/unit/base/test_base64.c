#include "base/base64.h"

#include <errno.h>
#include <string.h>

#include "base/defs.h"
#include "unit/unit.h"

extern const struct unit_test base64_tests[];

static void texts_of_the_rfc(void)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYg==", "foob"},
        {"Zm9vYmE=", "fooba"},
        {"Zm9vYmFy", "foobar"},
        {"Zm9v\nYmFy\r\n", "foobar"},
        {"Z\nm\n8\n=\n", "fo"},
        {"+/+/", "\xfb\xff\xbf"},
    };
    char out[32];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ssize_t got = base64_decode(cases[i][0], strlen(cases[i][0]), out);

        ASSERT_NUMBER(got, strlen(cases[i][1]));
        CU_ASSERT(got >= 0 && memcmp(out, cases[i][1], (size_t)got) == 0);
    }
}

static void what_is_none(void)
{
    static const char *const cases[] = {
        "Z",    "Zg",   "Zg=",   "Zm8",   "=",        "====",     "Z===",       "Zg=g",
        "Zh==", "Zm9=", "Zm 9v", "Zm9v=", "Zg==Zg==", "Zm9v-_==", "Zm9v\tZm9v", "Zm9\x80",
    };
    char out[32];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        errno = 0;
        if (base64_decode(cases[i], strlen(cases[i]), out) != -1)
            ASSERT_TEXT(cases[i], "refused");
        ASSERT_NUMBER(errno, EINVAL);
    }
    ASSERT_NUMBER(base64_decode("Zm\0v", 4, out), -1);
}

/* Every byte value in every place of a group of three. */
static void all_bytes_fit_their_room(void)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789+/";
    unsigned char out[BASE64_ROOM(4)];
    char text[4];

    for (unsigned i = 0; i < 256; i++) {
        unsigned value = i << 16 | (255 - i) << 8 | (i ^ 0x5a);

        for (int j = 0; j < 4; j++)
            text[j] = alphabet[value >> (18 - 6 * j) & 63];
        ASSERT_NUMBER(base64_decode(text, 4, out), 3);
        ASSERT_NUMBER(out[0] << 16 | out[1] << 8 | out[2], value);
    }
}

const struct unit_test base64_tests[] = {
    {"texts_of_the_rfc", texts_of_the_rfc},
    {"what_is_none", what_is_none},
    {"all_bytes_fit_their_room", all_bytes_fit_their_room},
    {NULL, NULL},
};
