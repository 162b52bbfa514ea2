#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/rng.h"
#include "probe/h2_frame.h"

static const struct {
    uint8_t header[H2_FRAME_HEADER_SIZE];
    const char *problem; /* "": none */
} rows[] = {
    {{0, 0, 0, 4, 0, 0, 0, 0, 0}, ""},
    {{0, 0, 18, 4, 0, 0, 0, 0, 0}, ""},
    {{0, 0, 18, 4, 0, 0x80, 0, 0, 0}, ""},   /* the reserved bit is nobody's business */
    {{0, 0, 18, 4, 0xfe, 0, 0, 0, 0}, ""},   /* and so are flags without a meaning */
    {{0, 0x3f, 0xfc, 4, 0, 0, 0, 0, 0}, ""}, /* 16,380 */
    {{0, 0x40, 2, 4, 0, 0, 0, 0, 0}, "not HTTP/2: its SETTINGS have a wrong length"},
    {{1, 0, 0, 4, 0, 0, 0, 0, 0}, "not HTTP/2: its SETTINGS have a wrong length"},
    {{0, 0, 5, 4, 0, 0, 0, 0, 0}, "not HTTP/2: its SETTINGS have a wrong length"},
    {{0, 0, 0, 4, 1, 0, 0, 0, 0}, "not HTTP/2: its first frame acknowledges settings"},
    {{0, 0, 0, 4, 0, 0, 0, 0, 1}, "not HTTP/2: its SETTINGS are of a stream"},
    {{0, 0, 0, 4, 0, 1, 0, 0, 0}, "not HTTP/2: its SETTINGS are of a stream"},
    {{0, 0, 8, 7, 0, 0, 0, 0, 0}, "not HTTP/2: its first frame is not SETTINGS"}, /* GOAWAY */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0}, "not HTTP/2: its first frame is not SETTINGS"},
    {{'H', 'T', 'T', 'P', '/', '1', '.', '1', ' '}, "not HTTP/2: answers as HTTP/1"},
    {{'S', 'S', 'H', '-', '2', '.', '0', '-', 'O'}, "not HTTP/2: its first frame is not SETTINGS"},
};

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *problem = h2_frame_problem(rows[i].header);

        ASSERT_TEXT(problem == NULL ? "" : problem, rows[i].problem);
    }
}

/* Whatever else is said of it: a frame of any other type is never taken for SETTINGS. */
static void test_any_bytes(void)
{
    struct rng rng;

    rng_seed(&rng, 6);
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t header[H2_FRAME_HEADER_SIZE];

        for (size_t at = 0; at < sizeof(header); at++)
            header[at] = (uint8_t)rng_below(&rng, 256);
        if (i % 2 == 0)
            header[3] = 4;
        if (h2_frame_problem(header) == NULL)
            CU_ASSERT_TRUE(header[0] == 0 && header[3] == 4 && (header[4] & 1) == 0);
    }
}

const struct unit_test h2_frame_tests[] = {
    {"rows", test_rows},
    {"any_bytes", test_any_bytes},
    {NULL, NULL},
};
