check_PROGRAMS += tests/unit/stats/test_stats
TESTS += tests/unit/stats/test_stats
tests_unit_stats_test_stats_SOURCES = \
	tests/unit/stats/main.c \
	tests/unit/stats/place.h \
	tests/unit/stats/place.c \
	tests/unit/stats/test_http.c \
	tests/unit/stats/test_answer.c \
	tests/unit/stats/test_eviction.c \
	tests/unit/stats/test_round.c \
	tests/unit/stats/test_connection_set.c
tests_unit_stats_test_stats_CPPFLAGS = $(unit_cppflags)
tests_unit_stats_test_stats_CFLAGS = $(unit_cflags)
tests_unit_stats_test_stats_LDADD = $(unit_libs) src/stats/libstats.a src/report/libreport.a src/role/librole.a src/channel/libchannel.a src/board/libboard.a src/conf/libconf.a src/base/libbase.a $(INIH_LIBS)
