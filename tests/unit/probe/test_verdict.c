#include "unit/unit.h"

#include <errno.h>

#include "probe/probe_ops.h"

/* What connect(2) may end with, and what that says about the backend. */
static void test_connect_errors(void)
{
    static const struct {
        int error;
        enum board_check_code code;
        bool no_verdict;
        const char *description;
    } rows[] = {
        {ECONNREFUSED, CHECKED_L4CON, false, "connection refused"},
        {ECONNRESET, CHECKED_L4CON, false, "connection reset"},
        {EHOSTUNREACH, CHECKED_L4CON, false, "no route to host"},
        {ENETUNREACH, CHECKED_L4CON, false, "network unreachable"},
        {ETIMEDOUT, CHECKED_L4TOUT, false, "connection timed out"},
        {EMFILE, CHECKED_NONE, true, NULL},
        {ENFILE, CHECKED_NONE, true, NULL},
        {ENOMEM, CHECKED_NONE, true, NULL},
        {ENOBUFS, CHECKED_NONE, true, NULL},
        {EADDRNOTAVAIL, CHECKED_NONE, true, NULL},
        {EADDRINUSE, CHECKED_NONE, true, NULL},
        {EPERM, CHECKED_NONE, true, NULL},
        {EACCES, CHECKED_NONE, true, NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct probe probe = {.state = PROBE_CONNECTING};

        probe_decide_connect(&probe, rows[i].error);
        ASSERT_NUMBER(probe.state, PROBE_DECIDED);
        ASSERT_NUMBER(probe.result.code, rows[i].code);
        ASSERT_NUMBER(probe.result.no_verdict, rows[i].no_verdict);
        ASSERT_NUMBER(probe.result.refused, rows[i].error == ECONNREFUSED);
        CU_ASSERT_FALSE(probe.result.good);
        if (rows[i].description != NULL)
            ASSERT_TEXT(probe.result.description, rows[i].description);
    }
}

/* The same while TLS is spoken: what is not of this machine counts as a broken handshake. */
static void test_later_errors(void)
{
    struct probe probe = {.state = PROBE_SHAKING};

    probe_decide_error(&probe, CHECKED_L6RSP, EHOSTUNREACH);
    ASSERT_NUMBER(probe.result.code, CHECKED_L6RSP);
    probe_decide_error(&probe, CHECKED_L6RSP, ENOBUFS);
    CU_ASSERT_TRUE(probe.result.no_verdict);
}

const struct unit_test verdict_tests[] = {
    {"connect_errors", test_connect_errors},
    {"later_errors", test_later_errors},
    {NULL, NULL},
};
