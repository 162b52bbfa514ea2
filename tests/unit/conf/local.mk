check_PROGRAMS += tests/unit/conf/test_conf
TESTS += tests/unit/conf/test_conf
tests_unit_conf_test_conf_SOURCES = \
	tests/unit/conf/main.c \
	tests/unit/conf/conf_test.h \
	tests/unit/conf/conf_test.c \
	tests/unit/conf/test_conf_address.c \
	tests/unit/conf/test_conf_check.c \
	tests/unit/conf/test_conf_keys.c \
	tests/unit/conf/test_conf_listeners.c \
	tests/unit/conf/test_conf_load.c \
	tests/unit/conf/test_conf_reader.c \
	tests/unit/conf/test_conf_report.c \
	tests/unit/conf/test_conf_resolve.c \
	tests/unit/conf/test_conf_rules.c \
	tests/unit/conf/test_conf_rules_checks.c \
	tests/unit/conf/test_conf_rules_credentials.c \
	tests/unit/conf/test_conf_rules_requires.c \
	tests/unit/conf/test_conf_rules_twins.c \
	tests/unit/conf/test_conf_services.c \
	tests/unit/conf/test_conf_statement.c \
	tests/unit/conf/test_conf_value.c \
	tests/unit/conf/test_epoch.c
tests_unit_conf_test_conf_CPPFLAGS = $(unit_cppflags)
tests_unit_conf_test_conf_CFLAGS = $(unit_cflags)
tests_unit_conf_test_conf_LDADD = $(unit_libs) src/conf/libconf.a src/base/libbase.a $(INIH_LIBS)
