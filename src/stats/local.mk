noinst_LIBRARIES += src/stats/libstats.a
src_stats_libstats_a_SOURCES = \
	src/stats/stats.h \
	src/stats/stats.c \
	src/stats/connection_set.h \
	src/stats/connection_set.c \
	src/stats/connection.h \
	src/stats/connection.c \
	src/stats/eviction.h \
	src/stats/eviction.c \
	src/stats/round.h \
	src/stats/round.c \
	src/stats/routes.h \
	src/stats/routes.c \
	src/stats/http.h \
	src/stats/http.c \
	src/stats/answer.h \
	src/stats/answer.c
