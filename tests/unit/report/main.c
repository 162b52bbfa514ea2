#include "unit/unit.h"

extern const struct unit_test words_tests[];
extern const struct unit_test table_tests[];
extern const struct unit_test report_text_tests[];
extern const struct unit_test report_html_tests[];
extern const struct unit_test sentence_tests[];
extern const struct unit_test tunnel_tests[];
extern const struct unit_test select_tests[];
extern const struct unit_test report_json_tests[];
extern const struct unit_test report_csv_tests[];
extern const struct unit_test csv_readers_tests[];
extern const struct unit_test report_metrics_tests[];
extern const struct unit_test connect_time_tests[];
extern const struct unit_test lying_region_tests[];
extern const struct unit_test report_health_tests[];
extern const struct unit_test hostile_tests[];

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"words", words_tests},
        {"table", table_tests},
        {"report_text", report_text_tests},
        {"report_html", report_html_tests},
        {"sentence", sentence_tests},
        {"tunnel", tunnel_tests},
        {"select", select_tests},
        {"report_json", report_json_tests},
        {"report_csv", report_csv_tests},
        {"csv_readers", csv_readers_tests},
        {"report_metrics", report_metrics_tests},
        {"connect_time", connect_time_tests},
        {"lying_region", lying_region_tests},
        {"report_health", report_health_tests},
        {"hostile", hostile_tests},
        {NULL, NULL},
    };

    return unit_main("report", suites, argc, argv);
}
