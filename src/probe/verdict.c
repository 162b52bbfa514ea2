#include "probe/probe_ops.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mono.h"

PRINTF_LIKE(3, 0)
static void decide(struct probe *probe, enum board_check_code code, const char *format,
                   va_list args)
{
    struct probe_result *result = &probe->result;

    probe->state = PROBE_DECIDED;
    result->code = code;
    result->duration_us = (uint32_t)(mono_us() - probe->began_us);
    vsnprintf(result->description, sizeof(result->description), format, args);
}

void probe_decide_good(struct probe *probe, enum board_check_code code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    decide(probe, code, format, args);
    va_end(args);
    probe->result.good = true;
}

void probe_decide_bad(struct probe *probe, enum board_check_code code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    decide(probe, code, format, args);
    va_end(args);
}

void probe_decide_nothing(struct probe *probe, int error)
{
    probe_decide_bad(probe, CHECKED_NONE, "%s", strerror(error));
    probe->result.no_verdict = true;
}

/* Troubles of this machine, for which no backend is to blame. */
static bool is_local(int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EADDRNOTAVAIL:
    case EADDRINUSE:
    case EPERM:
    case EACCES:
        return true;
    default:
        return false;
    }
}

void probe_decide_error(struct probe *probe, enum board_check_code code, int error)
{
    if (is_local(error))
        probe_decide_nothing(probe, error);
    else
        probe_decide_bad(probe, code, "%s", strerror(error));
}

void probe_decide_connect(struct probe *probe, int error)
{
    switch (error) {
    case ECONNREFUSED:
        probe_decide_bad(probe, CHECKED_L4CON, "connection refused");
        probe->result.refused = true;
        break;
    case ETIMEDOUT:
        probe_decide_bad(probe, CHECKED_L4TOUT, "connection timed out");
        break;
    case EHOSTUNREACH:
        probe_decide_bad(probe, CHECKED_L4CON, "no route to host");
        break;
    case ENETUNREACH:
        probe_decide_bad(probe, CHECKED_L4CON, "network unreachable");
        break;
    case ECONNRESET:
    case EPIPE:
        probe_decide_bad(probe, CHECKED_L4CON, "connection reset");
        break;
    default:
        probe_decide_error(probe, CHECKED_L4CON, error);
    }
}
