#include "unit/unit.h"

#include <stdio.h>

#include "base/certificate_names.h"
#include "base/defs.h"

static const struct {
    const char *names;
    const char *wanted;
    bool match;
} rows[] = {
    {"kubernetes localhost k8s.example.com", "k8s.example.com", true},
    {"kubernetes localhost k8s.example.com", "localhost", true},
    {"K8S.Example.COM", "k8s.example.com", true},
    {"k8s.example.com", "K8S.EXAMPLE.COM.", true},
    {"kubernetes.default.svc.", "kubernetes.default.svc", true},
    {"k8s.example.com", "example.com", false},
    {"example.com", "k8s.example.com", false},
    {"k8s.example.com", "k8s.example.co", false},
    {"k8s.example.com", "", false},
    {"", "k8s.example.com", false},
    {"   ", "k8s.example.com", false},

    {"*.example.com", "k8s.example.com", true},
    {"*.EXAMPLE.com", "k8s.example.COM.", true},
    {"*.example.com", "a.k8s.example.com", false},
    {"*.example.com", "example.com", false},
    {"*.example.com", ".example.com", false},
    {"*.com", "example.com", false},
    {"*", "example", false},
    {"k*.example.com", "k8s.example.com", false},
    {"k8s.*.com", "k8s.example.com", false},
    {"*.example.com", "*.example.com", false},

    {"localhost 10.0.0.5", "10.0.0.5", true},
    {"localhost 10.0.0.5", "10.0.0.50", false},
    {"localhost 10.0.0.50", "10.0.0.5", false},
    {"fd00::5", "fd00:0:0:0:0:0:0:5", true},
    {"fd00:0:0::5", "fd00::5", true},
    {"10.0.0.5", "::ffff:10.0.0.5", true},
    {"fd00::5", "fd00::6", false},
    {"*.0.0.5", "10.0.0.5", false},
    {"10.0.0.5", "host", false},
};

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (certificate_names_have(rows[i].names, rows[i].wanted) != rows[i].match)
            printf("\"%s\" and \"%s\"\n", rows[i].names, rows[i].wanted);
        CU_ASSERT_EQUAL(certificate_names_have(rows[i].names, rows[i].wanted), rows[i].match);
    }
}

/* Longer than any name: neither read nor believed. */
static void test_overlong_name(void)
{
    char names[1000];

    snprintf(names, sizeof(names), "%0600d localhost", 7);
    CU_ASSERT_TRUE(certificate_names_have(names, "localhost"));
    CU_ASSERT_FALSE(certificate_names_have("localhost", names));
}

const struct unit_test certificate_names_tests[] = {
    {"rows", test_rows},
    {"overlong_name", test_overlong_name},
    {NULL, NULL},
};
