noinst_LIBRARIES += src/report/libreport.a
src_report_libreport_a_SOURCES = \
	src/report/connect_time.h \
	src/report/connect_time.c \
	src/report/csv.h \
	src/report/csv.c \
	src/report/csv_row.h \
	src/report/csv_row.c \
	src/report/haproxy.h \
	src/report/haproxy.c \
	src/report/json.h \
	src/report/json.c \
	src/report/report.h \
	src/report/report_text.c \
	src/report/report_json.c \
	src/report/report_csv.c \
	src/report/report_metrics.c \
	src/report/report_metrics_proxies.c \
	src/report/report_metrics_servers.c \
	src/report/promtext.h \
	src/report/promtext.c \
	src/report/metric.h \
	src/report/metric.c \
	src/report/report_health.c \
	src/report/report_html.c \
	src/report/html.h \
	src/report/html.c \
	src/report/section.h \
	src/report/section.c \
	src/report/style.h \
	src/report/style.c \
	src/report/summary.h \
	src/report/summary.c \
	src/report/table.h \
	src/report/table.c \
	src/report/words.h \
	src/report/words.c
