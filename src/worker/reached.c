#include "worker/reached.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

void reached_say(const struct reached *reached, const char *format, ...)
{
    char words[KEYVALUE_SIZE];
    struct keyvalue line;
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    keyvalue_begin(&line, "limit");
    keyvalue_word(&line, "limit", reached->limit);
    keyvalue_word(&line, "service", reached->service);
    keyvalue_address(&line, "client", reached->client);
    keyvalue_number(&line, "at", reached->at);
    keyvalue_number(&line, "suppressed", reached->told->reported);
    log_event(LOG_LEVEL_WARNING, &line, "%s", words);
}
