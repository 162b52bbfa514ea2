#include "probe/h2_frame.h"

#include <string.h>

#define TYPE_SETTINGS 4
#define FLAG_ACK      1
#define SETTING_SIZE  6u

/* Nobody may send more before we have allowed it, and we never do. */
#define MOST_LENGTH 16384u

const char *h2_frame_problem(const uint8_t header[H2_FRAME_HEADER_SIZE])
{
    uint32_t length = (uint32_t)header[0] << 16 | (uint32_t)header[1] << 8 | header[2];
    uint32_t stream = ((uint32_t)header[5] & 0x7f) << 24 | (uint32_t)header[6] << 16 |
                      (uint32_t)header[7] << 8 | header[8];

    if (memcmp(header, "HTTP/1.", 7) == 0)
        return "not HTTP/2: answers as HTTP/1";
    if (header[3] != TYPE_SETTINGS)
        return "not HTTP/2: its first frame is not SETTINGS";
    if ((header[4] & FLAG_ACK) != 0)
        return "not HTTP/2: its first frame acknowledges settings";
    if (stream != 0)
        return "not HTTP/2: its SETTINGS are of a stream";
    if (length > MOST_LENGTH || length % SETTING_SIZE != 0)
        return "not HTTP/2: its SETTINGS have a wrong length";
    return NULL;
}
