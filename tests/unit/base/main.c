#include "unit/unit.h"

extern const struct unit_test addr_tests[];
extern const struct unit_test base64_tests[];
extern const struct unit_test certificate_names_tests[];
extern const struct unit_test cidr_tests[];
extern const struct unit_test daemonize_tests[];
extern const struct unit_test fd_tests[];
extern const struct unit_test keyvalue_tests[];
extern const struct unit_test list_tests[];
extern const struct unit_test log_tests[];
extern const struct unit_test loop_tests[];
extern const struct unit_test mono_tests[];
extern const struct unit_test pem_tests[];
extern const struct unit_test pidfile_tests[];
extern const struct unit_test process_tests[];
extern const struct unit_test rng_tests[];
extern const struct unit_test safe_file_tests[];
extern const struct unit_test strnum_tests[];
extern const struct unit_test textbuf_tests[];
extern const struct unit_test told_tests[];

int main(int argc, char **argv)
{
    const struct unit_suite suites[] = {
        {"addr", addr_tests},
        {"base64", base64_tests},
        {"certificate_names", certificate_names_tests},
        {"cidr", cidr_tests},
        {"daemonize", daemonize_tests},
        {"fd", fd_tests},
        {"keyvalue", keyvalue_tests},
        {"list", list_tests},
        {"log", log_tests},
        {"loop", loop_tests},
        {"mono", mono_tests},
        {"pem", pem_tests},
        {"pidfile", pidfile_tests},
        {"process", process_tests},
        {"rng", rng_tests},
        {"safe_file", safe_file_tests},
        {"strnum", strnum_tests},
        {"textbuf", textbuf_tests},
        {"told", told_tests},
        {NULL, NULL},
    };

    return unit_main("test_base", suites, argc, argv);
}
