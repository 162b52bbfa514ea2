noinst_LIBRARIES += src/report/libreport.a
src_report_libreport_a_SOURCES = \
	src/report/json.h \
	src/report/json.c \
	src/report/report.h \
	src/report/report_text.c \
	src/report/report_json.c \
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
