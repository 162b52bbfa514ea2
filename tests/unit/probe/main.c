#include "unit/unit.h"

extern const struct unit_test asking_tests[];
extern const struct unit_test credentials_tests[];
extern const struct unit_test engine_tests[];
extern const struct unit_test h2_frame_tests[];
extern const struct unit_test http_answer_tests[];
extern const struct unit_test http_date_tests[];
extern const struct unit_test http_request_tests[];
extern const struct unit_test kept_tests[];
extern const struct unit_test keyring_tests[];
extern const struct unit_test probe_h2_tests[];
extern const struct unit_test probe_http_tests[];
extern const struct unit_test probe_session_tests[];
extern const struct unit_test probe_tcp_tests[];
extern const struct unit_test probe_tls_tests[];
extern const struct unit_test trust_tests[];
extern const struct unit_test verdict_tests[];

int main(int argc, char **argv)
{
    const struct unit_suite suites[] = {
        {"http_date", http_date_tests},
        {"http_request", http_request_tests},
        {"http_answer", http_answer_tests},
        {"h2_frame", h2_frame_tests},
        {"asking", asking_tests},
        {"keyring", keyring_tests},
        {"credentials", credentials_tests},
        {"trust", trust_tests},
        {"engine", engine_tests},
        {"probe_tcp", probe_tcp_tests},
        {"probe_tls", probe_tls_tests},
        {"probe_http", probe_http_tests},
        {"probe_h2", probe_h2_tests},
        {"probe_session", probe_session_tests},
        {"kept", kept_tests},
        {"verdict", verdict_tests},
        {NULL, NULL},
    };

    return unit_main("test_probe", suites, argc, argv);
}
