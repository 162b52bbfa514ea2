EXTRA_DIST += tests/fixtures/haproxy-2.6.csv
check_PROGRAMS += tests/unit/report/test_report
TESTS += tests/unit/report/test_report
tests_unit_report_test_report_SOURCES = \
	tests/unit/report/main.c \
	tests/unit/report/sample.h \
	tests/unit/report/sample.c \
	tests/unit/report/json_checker.h \
	tests/unit/report/json_checker.c \
	tests/unit/report/csv_reader.h \
	tests/unit/report/csv_reader.c \
	tests/unit/report/metrics_reader.h \
	tests/unit/report/metrics_reader.c \
	tests/unit/report/html_checker.h \
	tests/unit/report/html_checker.c \
	tests/unit/report/test_report_html.c \
	tests/unit/report/test_sentence.c \
	tests/unit/report/test_tunnel.c \
	tests/unit/report/test_words.c \
	tests/unit/report/test_hostile.c \
	tests/unit/report/test_table.c \
	tests/unit/report/test_report_text.c \
	tests/unit/report/test_select.c \
	tests/unit/report/test_report_json.c \
	tests/unit/report/test_report_csv.c \
	tests/unit/report/test_csv_readers.c \
	tests/unit/report/test_report_metrics.c \
	tests/unit/report/test_connect_time.c \
	tests/unit/report/test_lying_region.c \
	tests/unit/report/test_report_health.c
tests_unit_report_test_report_CPPFLAGS = $(unit_cppflags)
tests_unit_report_test_report_CFLAGS = $(unit_cflags) $(OPENSSL_CFLAGS)
tests_unit_report_test_report_LDADD = $(unit_libs) src/report/libreport.a src/board/libboard.a src/conf/libconf.a src/base/libbase.a $(OPENSSL_LIBS) $(INIH_LIBS)
