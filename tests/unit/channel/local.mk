check_PROGRAMS += tests/unit/channel/test_channel
TESTS += tests/unit/channel/test_channel
tests_unit_channel_test_channel_SOURCES = \
	tests/unit/descriptors.h \
	tests/unit/descriptors.c \
	tests/unit/channel/main.c \
	tests/unit/channel/test_channel.c
tests_unit_channel_test_channel_CPPFLAGS = $(unit_cppflags)
tests_unit_channel_test_channel_CFLAGS = $(unit_cflags)
tests_unit_channel_test_channel_LDADD = $(unit_libs) src/channel/libchannel.a src/board/libboard.a src/conf/libconf.a src/base/libbase.a $(INIH_LIBS)
