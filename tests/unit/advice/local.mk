check_PROGRAMS += tests/unit/advice/test_advice
TESTS += tests/unit/advice/test_advice
tests_unit_advice_test_advice_SOURCES = \
	tests/unit/advice/main.c \
	tests/unit/advice/cluster.h \
	tests/unit/advice/cluster.c \
	tests/unit/advice/test_advice.c \
	tests/unit/advice/test_advice_certificates.c \
	tests/unit/advice/test_advice_dates.c \
	tests/unit/advice/test_advice_names.c \
	tests/unit/advice/test_advice_health.c \
	tests/unit/advice/test_advice_risks.c
tests_unit_advice_test_advice_CPPFLAGS = $(unit_cppflags)
tests_unit_advice_test_advice_CFLAGS = $(unit_cflags)
tests_unit_advice_test_advice_LDADD = $(unit_libs) src/advice/libadvice.a src/board/libboard.a src/conf/libconf.a src/base/libbase.a $(INIH_LIBS)
