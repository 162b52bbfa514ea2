check_PROGRAMS += tests/unit/checker/test_checker
TESTS += tests/unit/checker/test_checker
tests_unit_checker_test_checker_SOURCES = \
	tests/unit/checker/actor.h \
	tests/unit/checker/actor.c \
	tests/unit/checker/house.h \
	tests/unit/checker/house.c \
	tests/unit/checker/main.c \
	tests/unit/checker/members.h \
	tests/unit/checker/members.c \
	tests/unit/checker/stage.h \
	tests/unit/checker/stage.c \
	tests/unit/checker/test_advise.c \
	tests/unit/checker/test_answers.c \
	tests/unit/checker/test_blocking.c \
	tests/unit/checker/test_checker.c \
	tests/unit/checker/test_closing.c \
	tests/unit/checker/test_doubt.c \
	tests/unit/checker/test_flapping.c \
	tests/unit/checker/test_group.c \
	tests/unit/checker/test_health.c \
	tests/unit/checker/test_hold.c \
	tests/unit/checker/test_identity.c \
	tests/unit/checker/test_marks.c \
	tests/unit/checker/test_policy.c \
	tests/unit/checker/test_schedule.c \
	tests/unit/probe/tls_peer.h \
	tests/unit/probe/tls_peer.c
tests_unit_checker_test_checker_CPPFLAGS = $(unit_cppflags)
tests_unit_checker_test_checker_CFLAGS = $(unit_cflags) $(OPENSSL_CFLAGS)
tests_unit_checker_test_checker_LDADD = tests/tls/libtls.a $(unit_libs) src/checker/libchecker.a src/role/librole.a src/channel/libchannel.a src/probe/libprobe.a src/advice/libadvice.a src/board/libboard.a src/conf/libconf.a src/base/libbase.a $(OPENSSL_LIBS) $(INIH_LIBS)
