noinst_LIBRARIES += src/advice/libadvice.a
src_advice_libadvice_a_SOURCES = \
	src/advice/advice.h \
	src/advice/advice.c \
	src/advice/advice_list.h \
	src/advice/advice_list.c \
	src/advice/advice_rules.h \
	src/advice/advice_certificates.c \
	src/advice/advice_dates.c \
	src/advice/advice_names.c \
	src/advice/advice_health.c \
	src/advice/advice_risks.c
