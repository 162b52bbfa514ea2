#include "report/paint.h"

const char *paint_begin(enum paint paint)
{
    static const char *const sequences[PAINT_COUNT] = {
        [PAINT_PLAIN] = "",       [PAINT_GOOD] = "\033[32m",  [PAINT_DOUBT] = "\033[33m",
        [PAINT_BAD] = "\033[31m", [PAINT_STRONG] = "\033[1m", [PAINT_FAINT] = "\033[2m",
    };

    return paint < PAINT_COUNT ? sequences[paint] : "";
}

const char *paint_end(enum paint paint)
{
    return paint == PAINT_PLAIN ? "" : "\033[0m";
}

void paint_put(struct textbuf *out, bool color, enum paint paint, const char *text)
{
    textbuf_puts(out, color ? paint_begin(paint) : "");
    textbuf_puts(out, text);
    textbuf_puts(out, color ? paint_end(paint) : "");
}

enum paint paint_of_status(enum snapshot_status status)
{
    switch (status) {
    case STATUS_UP:
        return PAINT_GOOD;
    case STATUS_DOWN:
        return PAINT_BAD;
    case STATUS_MAINT:
    case STATUS_DRAIN:
    case STATUS_BLOCKED:
    case STATUS_UNCHECKED:
    case STATUS_SUSPECT:
        break;
    }
    return PAINT_DOUBT;
}

enum paint paint_of_service(enum snapshot_service_status status)
{
    switch (status) {
    case SERVICE_UP:
        return PAINT_GOOD;
    case SERVICE_DOWN:
        return PAINT_BAD;
    case SERVICE_DISABLED:
        return PAINT_FAINT;
    case SERVICE_DEGRADED:
        break;
    }
    return PAINT_DOUBT;
}
