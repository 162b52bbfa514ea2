/* What k0s's tools and k0slb tell each other: k0sctl.yaml comes in, spec.api goes out. */
#include <string.h>

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
    ASSERT_TEXT(run.err, "");
    ASSERT_NUMBER(run.status, 0);
    ASSERT_TEXT(run.out, "[k0slb]\nexternal_address = lb.example\n\n"
                         "[controllers]\ncp1 = 10.0.0.11\nk0s-controller2 = cp2.example\n"
                         "; k0sctl.yaml: k0s-controller3 has no address: write k0s-controller3 = "
                         "ADDRESS, as this machine reaches it\n\n"
                         "[service controllerJoinAPI]\nlisten = :19443\nport = 19443\n");
    CU_ASSERT_FATAL(imported_load(&run, &conf));
    ASSERT_NUMBER(conf.backend_count, 6);
    conf_free(&conf);
}

#define HEAD "apiVersion: k0sctl.k0sproject.io/v1beta1\nkind: Cluster\nspec:\n  hosts:\n"

static void import_yaml(const char *text)
{
    imported_write("k0sctl.yaml", text, strlen(text));
    imported_run(&run, "k0sctl.yaml");
}

static void bad_k0sctl(void)
{
    imported_begin();
    import_yaml(HEAD "  - {role: worker, ssh: {address: 10.0.0.1}}\n");
    ASSERT_NUMBER(run.status, 1);
    ASSERT_TEXT(run.err, "k0slbctl: k0sctl.yaml: it has no host with the role controller\n");
    import_yaml(HEAD "  - {role: controller, ssh: {address: 'a b'}}\n"
                     "  - {role: controller, hostname: '*', ssh: {address: 10.0.0.2}}\n");
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out, "\n; k0sctl.yaml: k0s-controller1 = a b: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out, "\nk0s-controller2 = 10.0.0.2\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out, "k0sctl.yaml: it has no spec.api.externalAddress"));
    import_yaml(HEAD "  - {role: controller, ssh: {user: root}}\n");
    ASSERT_NUMBER(run.status, 1);
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
    {"bad_k0sctl", bad_k0sctl},
    {"fragments", fragments},
    {"other_ports", other_ports},
    {"no_address", no_address},
    {NULL, NULL},
};
