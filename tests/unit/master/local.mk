check_PROGRAMS += tests/unit/master/test_master
TESTS += tests/unit/master/test_master
tests_unit_master_test_master_SOURCES = \
	tests/unit/descriptors.h \
	tests/unit/descriptors.c \
	tests/unit/board/scratch.h \
	tests/unit/board/scratch.c \
	tests/unit/master/main.c \
	tests/unit/master/desk.h \
	tests/unit/master/desk.c \
	tests/unit/master/test_acts.c \
	tests/unit/master/test_backoff.c \
	tests/unit/master/test_line_queue.c \
	tests/unit/master/test_logger.c \
	tests/unit/master/test_monitor.c \
	tests/unit/master/test_names.c \
	tests/unit/master/test_sink.c \
	tests/unit/master/test_port_holder.c
tests_unit_master_test_master_CPPFLAGS = $(unit_cppflags)
tests_unit_master_test_master_CFLAGS = $(unit_cflags)
tests_unit_master_test_master_LDADD = $(unit_libs) src/master/libmaster.a src/role/librole.a src/channel/libchannel.a src/board/libboard.a src/conf/libconf.a src/base/libbase.a $(INIH_LIBS) -lpthread
