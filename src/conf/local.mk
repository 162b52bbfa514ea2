noinst_LIBRARIES += src/conf/libconf.a
src_conf_libconf_a_SOURCES = \
	src/conf/conf.h \
	src/conf/conf.c \
	src/conf/conf_address.h \
	src/conf/conf_address.c \
	src/conf/conf_check.h \
	src/conf/conf_check.c \
	src/conf/conf_keys.h \
	src/conf/conf_keys.c \
	src/conf/conf_listeners.h \
	src/conf/conf_listeners.c \
	src/conf/conf_load.h \
	src/conf/conf_load.c \
	src/conf/conf_named.h \
	src/conf/conf_named.c \
	src/conf/conf_reader.h \
	src/conf/conf_reader.c \
	src/conf/conf_report.h \
	src/conf/conf_report.c \
	src/conf/conf_resolve.h \
	src/conf/conf_resolve.c \
	src/conf/conf_rules.h \
	src/conf/conf_rules_checks.c \
	src/conf/conf_rules_credentials.c \
	src/conf/conf_rules_requires.c \
	src/conf/conf_rules_services.c \
	src/conf/conf_rules_sources.c \
	src/conf/conf_rules_twins.c \
	src/conf/conf_services.h \
	src/conf/conf_services.c \
	src/conf/conf_statement.h \
	src/conf/conf_statement.c \
	src/conf/conf_value.h \
	src/conf/conf_value.c \
	src/conf/epoch.h \
	src/conf/epoch.c
src_conf_libconf_a_CFLAGS = $(AM_CFLAGS) $(INIH_CFLAGS)
