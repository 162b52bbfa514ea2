#include "base/mono.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static uint64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t mono_us(void)
{
    return clock_us(CLOCK_MONOTONIC) + 1000; /* never 0, not even in the first millisecond */
}

uint64_t mono_ms(void)
{
    return mono_us() / 1000;
}

uint64_t wall_ms(void)
{
    return clock_us(CLOCK_REALTIME) / 1000;
}

char *wall_format(uint64_t ms, char text[WALL_TEXT_SIZE])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    if (gmtime_r(&seconds, &tm) == NULL ||
        strftime(text, WALL_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        strcpy(text, "-");
    return text;
}

char *age_format(uint64_t seconds, char text[AGE_TEXT_SIZE])
{
    unsigned long long s = seconds;

    if (s < 60)
        snprintf(text, AGE_TEXT_SIZE, "%llus", s);
    else if (s < 3600)
        snprintf(text, AGE_TEXT_SIZE, "%llum %llus", s / 60, s % 60);
    else if (s < 86400)
        snprintf(text, AGE_TEXT_SIZE, "%lluh %llum", s / 3600, s % 3600 / 60);
    else
        snprintf(text, AGE_TEXT_SIZE, "%llud %lluh", s / 86400, s % 86400 / 3600);
    return text;
}
