check_PROGRAMS += tests/unit/role/test_role
TESTS += tests/unit/role/test_role
tests_unit_role_test_role_SOURCES = \
	tests/unit/child.h \
	tests/unit/child.c \
	tests/unit/descriptors.h \
	tests/unit/descriptors.c \
	tests/unit/board/scratch.h \
	tests/unit/board/scratch.c \
	tests/unit/role/status.h \
	tests/unit/role/status.c \
	tests/unit/role/nursery.h \
	tests/unit/role/nursery.c \
	tests/unit/role/main.c \
	tests/unit/role/test_role.c \
	tests/unit/role/test_role_birth.c \
	tests/unit/role/test_privileges.c \
	tests/unit/role/test_transaction.c
tests_unit_role_test_role_CPPFLAGS = $(unit_cppflags)
tests_unit_role_test_role_CFLAGS = $(unit_cflags)
tests_unit_role_test_role_LDADD = $(unit_libs) src/role/librole.a src/channel/libchannel.a src/board/libboard.a src/conf/libconf.a src/base/libbase.a $(INIH_LIBS)
