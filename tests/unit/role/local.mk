check_PROGRAMS += tests/unit/role/test_role
TESTS += tests/unit/role/test_role
tests_unit_role_test_role_SOURCES = \
	tests/unit/role/main.c \
	tests/unit/role/test_role.c \
	tests/unit/role/test_privileges.c
tests_unit_role_test_role_CPPFLAGS = $(unit_cppflags)
tests_unit_role_test_role_CFLAGS = $(unit_cflags)
tests_unit_role_test_role_LDADD = $(unit_libs) src/role/librole.a src/channel/libchannel.a src/board/libboard.a src/conf/libconf.a src/base/libbase.a $(INIH_LIBS)
