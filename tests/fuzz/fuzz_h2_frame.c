/* Any bytes as the first frame of a server, and as a list of names and one that is looked for. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/certificate_names.h"
#include "probe/h2_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match_names(const uint8_t *data, size_t size)
{
    char text[512];
    size_t middle;

    if (size >= sizeof(text))
        return;
    memcpy(text, data, size);
    text[size] = '\0';
    middle = strcspn(text, "\n");
    text[middle] = '\0';
    (void)certificate_names_have(text, middle < size ? text + middle + 1 : "localhost");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= H2_FRAME_HEADER_SIZE && h2_frame_problem(data) == NULL &&
        (data[0] != 0 || data[3] != 4 || (data[4] & 1) != 0))
        abort();
    match_names(data, size);
    return 0;
}
