/* What k0s's tools and k0slb tell each other: k0sctl.yaml comes in, spec.api goes out. */
#include <stdio.h>
#include <string.h>

#include "control/yaml_tree.h"

#include "imported.h"
#include "unit/unit.h"

extern const struct unit_test k0s_config_tests[];

static struct run run;

static void controllers_of_k0sctl(void)
{
    struct conf conf;

    imported_begin_fixtures();
    imported_run(&run, "k0sctl.yaml");
    imported_end();
    ASSERT_TEXT(run.err, "k0slbctl: k0sctl.yaml: 3 comments in the result: read what is not "
                         "carried over as it was\n");
    ASSERT_NUMBER(run.status, 0);
    ASSERT_TEXT(run.out,
                "[k0slb]\nexternal_address = lb.example\n"
                "; k0sctl.yaml:31: externalAddress has a port: k0s sends the clients of the join "
                "API there, too; leave it out\n\n"
                "[controllers]\ncp1 = 10.0.0.11\nk0s-controller2 = cp2.example\n"
                "; k0sctl.yaml:19: k0s-controller3 has no address: write k0s-controller3 = "
                "ADDRESS, as this machine reaches it\n"
                "; k0sctl.yaml:23: a controller is left out: with `reset: true` it leaves the "
                "cluster\n\n"
                "[service controllerJoinAPI]\nlisten = :19443\nport = 19443\n");
    CU_ASSERT_FATAL(imported_load(&run, &conf));
    ASSERT_NUMBER(conf.backend_count, 6);
    conf_free(&conf);
}

#define HEAD "apiVersion: k0sctl.k0sproject.io/v1beta1\nkind: Cluster\nspec:\n  hosts:\n"
#define ONE  "  - {role: controller, ssh: {address: 10.0.0.1}}\n"

static void import_yaml(const char *text)
{
    imported_write("k0sctl.yaml", text, strlen(text));
    imported_run(&run, "k0sctl.yaml");
}

static void hosts_of_k0sctl(void)
{
    static const struct {
        const char *hosts;
        const char *wanted; /* behind [controllers] */
    } cases[] = {
        {ONE, "k0s-controller1 = 10.0.0.1\n"},
        {"  - role: single\n    ssh: {address: 10.0.0.1}\n    privateAddress: 10.1.0.1\n",
         "k0s-controller1 = 10.1.0.1\n"},
        {"  - {role: controller+worker, hostname: n1, winRM: {address: fd00::1}}\n",
         "n1 = fd00::1\n"},
        {"  - {role: controller, hostname: n1, ssh: {address: 10.0.0.1}}\n"
         "  - {role: controller, hostname: n1, ssh: {address: 10.0.0.2}}\n"
         "  - {role: controller, hostname: k0s-controller3, ssh: {address: 10.0.0.3}}\n",
         "n1 = 10.0.0.1\nk0s-controller2 = 10.0.0.2\nk0s-controller3 = 10.0.0.3\n"},
        {"  - {role: controller, hostname: k0s-controller2, ssh: {address: 10.0.0.1}}\n" ONE,
         "k0s-controller2 = 10.0.0.1\n"
         "; k0sctl.yaml:6: k0s-controller3 has the address of k0s-controller2 (line 5)\n"
         "k0s-controller3 = 10.0.0.1\n"},
        {ONE "  - {role: controler, ssh: {address: 10.0.0.2}}\n"
             "  - {role: etcd, ssh: {address: 10.0.0.3}}\n"
             "  - {role: worker, ssh: {address: 10.0.0.4}}\n"
             "  - {role: worker, reset: true, ssh: {address: 10.0.0.4}}\n",
         "k0s-controller1 = 10.0.0.1\n"
         "; k0sctl.yaml:6: a host is left out: its role \"controler\" is unknown; did you mean "
         "controller?\n"
         "; k0sctl.yaml:7: a host is left out: its role \"etcd\" is unknown\n"},
        {"  - {role: controller, hostname: '*', ssh: {address: 10.0.0.2}}\n"
         "  - {role: controller, ssh: {address: '10.0.0.3 weight=0'}}\n"
         "  - {role: controller, ssh: {address: [10.0.0.3]}}\n"
         "  - worker\n",
         "k0s-controller1 = 10.0.0.2\n"
         "; k0sctl.yaml:6: k0s-controller2: \"10.0.0.3 weight=0\" is not an address\n"
         "; k0sctl.yaml:7: k0s-controller3 has no address: write k0s-controller3 = ADDRESS, as "
         "this machine reaches it\n"},
    };
    char text[1024];
    struct conf conf;

    imported_begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(text, sizeof(text), "%s%s", HEAD, cases[i].hosts);
        import_yaml(text);
        ASSERT_NUMBER(run.status, 0);
        snprintf(text, sizeof(text),
                 "; k0sctl.yaml: it has no spec.api.externalAddress, which is this balancer's "
                 "address\n\n[controllers]\n%s",
                 cases[i].wanted);
        ASSERT_TEXT(run.out, text);
        CU_ASSERT_FATAL(imported_load(&run, &conf));
        conf_free(&conf);
    }
    imported_end();
}

#define CONFIG(text) HEAD ONE "  k0s:\n    config:\n      spec:\n" text

static void configuration_of_k0sctl(void)
{
    static const struct {
        const char *text;
        const char *line;
    } cases[] = {
        {CONFIG("        api: {externalAddress: 10.0.0.10}\n"), "external_address = 10.0.0.10\n"},
        {CONFIG("        api: {externalAddress: 'fd00::10'}\n"), "external_address = [fd00::10]\n"},
        {CONFIG("        api: {externalAddress: '[fd00::10]:6443'}\n"),
         "; k0sctl.yaml:9: externalAddress has a port: "},
        {CONFIG("        api: {externalAddress: 'a b'}\n"),
         "; k0sctl.yaml:9: spec.api.externalAddress: "},
        {CONFIG("        api: {externalAddress: lb.example, sans: [10.0.0.10, LB.example, "
                "'fd00::1', '*.example', [a], b.example]}\n"),
         "external_address = lb.example\nexternal_address = 10.0.0.10\n"
         "external_address = [fd00::1]\n; k0sctl.yaml:9: sans: \"*.example\" "},
        {CONFIG("        api: {externalAddress: lb.example, sans: [[a], b.example]}\n"),
         "external_address = lb.example\n; k0sctl.yaml:9: sans: it is no text\n"
         "external_address = b.example\n"},
        {CONFIG("        api: {externalAddress: lb.example, sans: a}\n"),
         "; k0sctl.yaml:9: sans is no list\n"},
        {CONFIG("        api: {sans: [a, b]}\n"),
         "; k0sctl.yaml:9: sans are not carried over: write them as external_address, behind "},
        {CONFIG("        api: {externalAddress: lb, sans: [a, b, c, d, e, f, g, h, i, j, k, l, m, "
                "n, o, p]}\n"),
         "external_address = o\n; k0sctl.yaml:9: sans: p is more than the 16 addresses that there "
         "may be\n"},
        {CONFIG("        api: {port: 7443}\n"), "[service kubeAPI]\nlisten = :7443\nport = 7443\n"},
        {CONFIG("        api: {port: 6443, k0sApiPort: x}\n"),
         "; k0sctl.yaml:9: k0sApiPort: \"x\" is not a port\n"},
        {CONFIG("        konnectivity: {agentPort: 70000}\n"),
         "; k0sctl.yaml:9: agentPort: \"70000\" is not a port\n"},
        {CONFIG("        konnectivity: {agentPort: 8133}\n"),
         "[service konnectivity]\nlisten = :8133\nport = 8133\n"},
        /* As a document of its own, and behind others. */
        {"a: 1\n---\n" HEAD ONE "---\nkind: ClusterConfig\nspec: {api: {externalAddress: lb}}\n",
         "external_address = lb\n"},
    };
    struct conf conf;

    imported_begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        import_yaml(cases[i].text);
        if (strstr(run.out, cases[i].line) == NULL)
            ASSERT_TEXT(run.out, cases[i].line);
        CU_ASSERT_FATAL(imported_load(&run, &conf));
        ASSERT_NUMBER(conf.backend_count, 3);
        conf_free(&conf);
    }
    imported_end();
}

static void bad_k0sctl(void)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {HEAD "  - {role: worker, ssh: {address: 10.0.0.1}}\n",
         ": it has no host with the role controller\n"},
        {HEAD "  - {role: controler, ssh: {address: 10.0.0.1}}\n",
         ": it has no host with the role controller\n"
         "k0slbctl: k0sctl.yaml:5: a host is left out: its role \"controler\" is unknown; did you "
         "mean controller?\n"},
        {HEAD "   {}\n", ": it has no host with the role controller\n"},
        {HEAD "  - {role: controller, ssh: {user: root}}\n",
         ": no host with the role controller has an address\n"
         "k0slbctl: k0sctl.yaml:5: k0s-controller1 has no address: write k0s-controller1 = "
         "ADDRESS, as this machine reaches it\n"},
        {HEAD "  - {role: controller\n", " has no section of a haproxy.cfg and is not YAML: line "
                                         "6, column 1: did not find expected "
                                         "',' or '}'\n"},
        {HEAD "  - &a {role: controller}\n  - *a\n",
         " has no section of a haproxy.cfg and is not YAML: line 6, column 5: aliases are not "
         "read\n"},
        {"apiVersion: k0sctl.k0sproject.io/v1beta1\nspec: {}\n",
         " is not a haproxy.cfg, a k0sctl.yaml or a kubeconfig\n"},
    };
    char wanted[512];

    imported_begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        import_yaml(cases[i].text);
        snprintf(wanted, sizeof(wanted), "k0slbctl: k0sctl.yaml%s", cases[i].message);
        ASSERT_TEXT(run.err, wanted);
        ASSERT_TEXT(run.out, "");
        ASSERT_NUMBER(run.status, 1);
    }
    imported_end();
}

static void run_config(const char *text)
{
    static const char *const args[] = {"-c", "k0slb.ini", "k0s-config", NULL};

    imported_write("k0slb.ini", text, strlen(text));
    run_control(&run, args);
}

static void fragments(void)
{
    imported_begin();
    run_config("[k0slb]\nexternal_address = lb.example, 10.0.0.10:6443, fd00::1\n"
               "[controllers]\na = 10.0.0.1\n");
    ASSERT_TEXT(run.err, "");
    ASSERT_NUMBER(run.status, 0);
    ASSERT_TEXT(run.out, "# in k0s.yaml of every controller\n"
                         "spec:\n"
                         "  api:\n"
                         "    externalAddress: lb.example\n"
                         "    sans:\n"
                         "    - lb.example\n"
                         "    - 10.0.0.10\n"
                         "    - \"fd00::1\"\n"
                         "---\n"
                         "# or in k0sctl.yaml\n"
                         "spec:\n"
                         "  k0s:\n"
                         "    config:\n"
                         "      spec:\n"
                         "        api:\n"
                         "          externalAddress: lb.example\n"
                         "          sans:\n"
                         "          - lb.example\n"
                         "          - 10.0.0.10\n"
                         "          - \"fd00::1\"\n");
    imported_end();
}

/* The text of a path of keys in one of the printed documents. */
static const char *text_at(struct yaml_tree *tree, const char *const *path)
{
    yaml_node node = yaml_tree_root(tree);

    for (; *path != NULL; path++)
        node = yaml_tree_get(tree, node, *path);
    return yaml_tree_text(tree, node);
}

/* What is printed says the same to whoever reads YAML, whatever the address looks like. */
static void addresses_as_yaml(void)
{
    static const char *const addresses[] = {"lb.example", "10.0.0.10", "fd00::1", "lb",
                                            "yes",        "null",      "1e3.x",   "0x1f.example"};
    static const char *const external[] = {"spec", "api", "externalAddress", NULL};
    static const char *const in_k0sctl[] = {
        "spec", "k0s", "config", "spec", "api", "externalAddress", NULL};
    char reason[YAML_TREE_REASON];
    char text[256];

    imported_begin();
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        for (unsigned nth = 0; nth < 2; nth++) {
            struct yaml_tree *tree;

            snprintf(text, sizeof(text),
                     "[k0slb]\nexternal_address = %s\n[controllers]\na = 10.0.0.1\n", addresses[i]);
            run_config(text);
            ASSERT_NUMBER(run.status, 0);
            tree = yaml_tree_read_nth(run.out, strlen(run.out), nth, reason);
            CU_ASSERT_PTR_NOT_NULL_FATAL(tree);
            ASSERT_TEXT(text_at(tree, nth == 0 ? external : in_k0sctl), addresses[i]);
            yaml_tree_free(tree);
        }
    }
    imported_end();
}

/* In a k0sctl.yaml with its hosts it is imported as what it was. */
static void there_and_back(void)
{
    static const char hosts[] = "spec:\n  hosts:\n" ONE;
    char text[RUN_TEXT];
    struct conf conf;
    const char *fragment;

    imported_begin();
    run_config("[k0slb]\nexternal_address = fd00::10\n[controllers]\na = 10.0.0.1\n"
               "[service kubeAPI]\nport = 7443\nlisten = :7443\n"
               "[service konnectivity]\nport = 7132\nlisten = :7132\n"
               "[service controllerJoinAPI]\nport = 7000\nlisten = :7000\n");
    ASSERT_TEXT(run.err, "");
    fragment = strstr(run.out, "spec:\n  k0s:\n");
    CU_ASSERT_PTR_NOT_NULL_FATAL(fragment);
    snprintf(text, sizeof(text), "apiVersion: k0sctl.k0sproject.io/v1beta1\n%s%s", hosts,
             fragment + strlen("spec:\n"));
    import_yaml(text);
    imported_end();
    ASSERT_TEXT(run.out, "[k0slb]\nexternal_address = [fd00::10]\n\n"
                         "[controllers]\nk0s-controller1 = 10.0.0.1\n\n"
                         "[service kubeAPI]\nlisten = :7443\nport = 7443\n\n"
                         "[service controllerJoinAPI]\nlisten = :7000\nport = 7000\n\n"
                         "[service konnectivity]\nlisten = :7132\nport = 7132\n");
    CU_ASSERT_FATAL(imported_load(&run, &conf));
    conf_free(&conf);
}

/* The ports of a service's own servers count, where they are one. */
static void ports_of_servers(void)
{
    imported_begin();
    run_config("[k0slb]\nexternal_address = lb\n[service kubeAPI]\nlisten = :7443\n"
               "server a = 10.0.0.1:7443\nserver b = 10.0.0.2:7443\n"
               "[service konnectivity]\nserver a = 10.0.0.1:1\nserver b = 10.0.0.2:2\n");
    ASSERT_TEXT(run.err, "");
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out, "\n    port: 7443\n"));
    CU_ASSERT_PTR_NULL(strstr(run.out, "agentPort"));
    imported_end();
}

static void other_ports(void)
{
    imported_begin();
    run_config("[k0slb]\nexternal_address = 10.0.0.10\n[controllers]\na = 10.0.0.1\n"
               "[service kubeAPI]\nport = 7443\nlisten = :7443\n"
               "[service konnectivity]\nport = 7132\n"
               "[service controllerJoinAPI]\nport = 7000\nenabled = no\n");
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out, "\n    port: 7443\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out, "\n  konnectivity:\n    agentPort: 7132\n"));
    CU_ASSERT_PTR_NULL(strstr(run.out, "k0sApiPort"));
    ASSERT_TEXT(run.err, "k0slbctl: warning: konnectivity does not listen at port 7132, where the "
                         "controllers are and k0s sends its clients to\n");
    imported_end();
}

static void no_address(void)
{
    imported_begin();
    run_config("[controllers]\na = 10.0.0.1\n");
    ASSERT_NUMBER(run.status, 1);
    ASSERT_TEXT(run.out, "");
    ASSERT_TEXT(run.err, "k0slbctl: k0slb.ini: [k0slb] external_address: it is not set; write the "
                         "address or name that clients use\n");
    run_config("[controllers]\na = b c\n");
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err, "k0slb.ini:2: [controllers] a: "));
    imported_end();
}

const struct unit_test k0s_config_tests[] = {
    {"controllers_of_k0sctl", controllers_of_k0sctl},
    {"hosts_of_k0sctl", hosts_of_k0sctl},
    {"configuration_of_k0sctl", configuration_of_k0sctl},
    {"bad_k0sctl", bad_k0sctl},
    {"fragments", fragments},
    {"addresses_as_yaml", addresses_as_yaml},
    {"there_and_back", there_and_back},
    {"ports_of_servers", ports_of_servers},
    {"other_ports", other_ports},
    {"no_address", no_address},
    {NULL, NULL},
};
