noinst_LIBRARIES += src/report/libreport.a
src_report_libreport_a_SOURCES = \
	src/report/report.h \
	src/report/report_text.c \
	src/report/report_json.c \
	src/report/report_health.c \
	src/report/table.h \
	src/report/table.c \
	src/report/words.h \
	src/report/words.c
