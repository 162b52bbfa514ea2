check_PROGRAMS += tests/unit/base/test_base
TESTS += tests/unit/base/test_base
tests_unit_base_test_base_SOURCES = \
	tests/unit/child.h \
	tests/unit/child.c \
	tests/unit/descriptors.h \
	tests/unit/descriptors.c \
	tests/unit/base/main.c \
	tests/unit/base/test_addr.c \
	tests/unit/base/test_base64.c \
	tests/unit/base/test_certificate_names.c \
	tests/unit/base/test_cidr.c \
	tests/unit/base/test_daemonize.c \
	tests/unit/base/test_fd.c \
	tests/unit/base/test_keyvalue.c \
	tests/unit/base/test_list.c \
	tests/unit/base/test_log.c \
	tests/unit/base/test_loop.c \
	tests/unit/base/test_mono.c \
	tests/unit/base/test_pem.c \
	tests/unit/base/test_pidfile.c \
	tests/unit/base/test_process.c \
	tests/unit/base/test_rng.c \
	tests/unit/base/test_safe_file.c \
	tests/unit/base/test_strnum.c \
	tests/unit/base/test_textbuf.c \
	tests/unit/base/test_told.c
tests_unit_base_test_base_CPPFLAGS = $(unit_cppflags)
tests_unit_base_test_base_CFLAGS = $(unit_cflags)
tests_unit_base_test_base_LDADD = $(unit_libs) src/base/libbase.a 
