#include "conf/conf_resolve.h"

#include "base/defs.h"
#include "unit/unit.h"

#include "conf_test.h"

extern const struct unit_test conf_resolve_tests[];

static const struct expectation section_cases[] = {
    {CONTROLLERS "[frontend]\nbind = 1\n", "t.ini:4: [frontend]: unknown section"},
    {CONTROLLERS "[stat]\nlisten = :1\n",
     "t.ini:4: [stat]: unknown section; did you mean [stats]?"},
    {"[controlers]\na = 10.0.0.1\n",
     "t.ini:1: [controlers]: unknown section; did you mean [controllers]?"},
    {CONTROLLERS "[sevrice x]\nlisten = :1\n",
     "t.ini:4: [sevrice x]: unknown section; did you mean [service NAME]?"},
    {CONTROLLERS "[service]\nlisten = :1\n",
     "t.ini:4: [service]: the service has no name: write [service NAME]"},
    {CONTROLLERS "[service a/b]\nlisten = :1\n",
     "t.ini:4: [service a/b]: \"a/b\" is not a name of letters, digits, - _ and ."},
    {CONTROLLERS "[service a b]\nlisten = :1\n",
     "t.ini:4: [service a b]: \"a b\" is not a name of letters, digits, - _ and ."},
    {CONTROLLERS "[foo]\n[foo]\n", "t.ini:4: [foo]: unknown section\n"
                                   "t.ini:5: [foo]: unknown section"},
};

static void unknown_sections(void)
{
    expect_errors(section_cases, ARRAY_LEN(section_cases));
}

static const struct expectation key_cases[] = {
    {CONTROLLERS "[k0slb]\nnonsense = 1\n", "t.ini:5: [k0slb] nonsense: unknown key"},
    {CONTROLLERS "[k0slb]\nwokers = 1\n",
     "t.ini:5: [k0slb] wokers: unknown key; did you mean \"workers\"?"},
    {CONTROLLERS "[k0slb]\nLOG = auto\n",
     "t.ini:5: [k0slb] LOG: unknown key; did you mean \"log\"?"},
    {CONTROLLERS "[k0slb]\nbalance = leastconn\n",
     "t.ini:5: [k0slb] balance: unknown key here; it belongs to [service NAME]"},
    {CONTROLLERS "[stats]\nworkers = 1\n",
     "t.ini:5: [stats] workers: unknown key here; it belongs to [k0slb]"},
    {CONTROLLERS "[defaults]\nlisten = :1\n",
     "t.ini:5: [defaults] listen: unknown key here; it belongs to [service NAME]"},
    {CONTROLLERS "[defaults]\nenabled = no\nport = 1\nserver a = 10.0.0.1:1\n",
     "t.ini:5: [defaults] enabled: unknown key here; it belongs to [service NAME]\n"
     "t.ini:6: [defaults] port: unknown key here; it belongs to [service NAME]\n"
     "t.ini:7: [defaults] server a: unknown key here; it belongs to [service NAME]"},
    {CONTROLLERS "[service kubeAPI]\nchek = tcp\n",
     "t.ini:5: [service kubeAPI] chek: unknown key; did you mean \"check\"?"},
    {CONTROLLERS "[service kubeAPI]\nsever a = 10.0.0.1:1\n",
     "t.ini:5: [service kubeAPI] sever a: unknown key; did you mean \"server NAME\"?"},
    {CONTROLLERS "[service kubeAPI]\nserver = 10.0.0.1:1\n",
     "t.ini:5: [service kubeAPI] server: the server has no name: write server NAME = "
     "ADDRESS:PORT"},
    {CONTROLLERS "[service kubeAPI]\nserver a b = 10.0.0.1:1\n",
     "t.ini:5: [service kubeAPI] server a b: \"a b\" is not a name of letters, digits, - _ and ."},
    {"[controllers]\na b = 10.0.0.1\n",
     "t.ini:2: [controllers] a b: \"a b\" is not a name of letters, digits, - _ and ."},
};

static void unknown_keys(void)
{
    expect_errors(key_cases, ARRAY_LEN(key_cases));
}

static const struct expectation value_cases[] = {
    {CONTROLLERS "[k0slb]\nworkers =\n", "t.ini:5: [k0slb] workers: the value is empty"},
    {CONTROLLERS "[k0slb]\nworkers = ; two\n", "t.ini:5: [k0slb] workers: the value is empty"},
    {CONTROLLERS "[service kubeAPI]\nlisten =\n",
     "t.ini:5: [service kubeAPI] listen: the value is empty"},
    {CONTROLLERS "[stats]\nallow =\n", "t.ini:5: [stats] allow: the value is empty"},
    {CONTROLLERS "[stats]\nlisten =\n", ""},
    {"[controllers]\na =\n", "t.ini:2: [controllers] a: the value is empty"},
    {CONTROLLERS "[defaults]\ncheck_interval = 5x\n",
     "t.ini:5: [defaults] check_interval: \"5x\" is not a duration such as 200ms, 2s, 5m or 1h"},
    {"[controllers]\na = 127.0.0.512\n",
     "t.ini:2: [controllers] a: \"127.0.0.512\" is not an address"},
    {"[controllers]\na = cp.example\nb = cp\n", ""},
    {CONTROLLERS "[service kubeAPI]\nlisten = cp.example:6443\n",
     "t.ini:5: [service kubeAPI] listen: \"cp.example\" is a host name: write an address of this "
     "machine, or :PORT for all of them"},
    {CONTROLLERS "[service kubeAPI]\nlisten = :0\n",
     "t.ini:5: [service kubeAPI] listen: port 0 is not in 1 to 65535"},
    {CONTROLLERS "[service kubeAPI]\nlisten = :6443, :70000\n",
     "t.ini:5: [service kubeAPI] listen: port 70000 is not in 1 to 65535"},
};

static void bad_values(void)
{
    expect_errors(value_cases, ARRAY_LEN(value_cases));
}

static const struct expectation duplicate_cases[] = {
    {CONTROLLERS "[k0slb]\nworkers = 1\nlog = auto\nworkers = 2\n",
     "t.ini:7: [k0slb] workers: is set in line 5 already"},
    {CONTROLLERS "[k0slb]\nworkers = 1\n[stats]\n[k0slb]\nworkers = 1\nworkers = 1\n",
     "t.ini:8: [k0slb] workers: is set in line 5 already\n"
     "t.ini:9: [k0slb] workers: is set in line 5 already"},
    {"[controllers]\na = 10.0.0.1\na = 10.0.0.2\n",
     "t.ini:3: [controllers] a: is set in line 2 already"},
    {"[service x]\nlisten = :1\nserver a = 10.0.0.1:1\nserver \t a = 10.0.0.2:1\n",
     "t.ini:4: [service x] server a: is set in line 3 already"},
    {"[service x]\nlisten = :1\n[service  x]\nserver a = 10.0.0.1:1\nlisten = :2\nport = 1\n", ""},
    {CONTROLLERS "[stats]\nallow = private\nallow = all\nlisten = :1\nlisten = :2\n", ""},
    {CONTROLLERS "[service kubeAPI]\nretries = 1\n[service konnectivity]\nretries = 1\n", ""},
};

static void duplicates(void)
{
    expect_errors(duplicate_cases, ARRAY_LEN(duplicate_cases));
}

const struct unit_test conf_resolve_tests[] = {
    {"unknown_sections", unknown_sections},
    {"unknown_keys", unknown_keys},
    {"bad_values", bad_values},
    {"duplicates", duplicates},
    {NULL, NULL},
};
