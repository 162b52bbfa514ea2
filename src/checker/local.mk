noinst_LIBRARIES += src/checker/libchecker.a
src_checker_libchecker_a_SOURCES = \
	src/checker/checker.h \
	src/checker/checker.c \
	src/checker/health.h \
	src/checker/health.c \
	src/checker/judge.h \
	src/checker/judge.c \
	src/checker/schedule.h \
	src/checker/schedule.c \
	src/checker/target.h \
	src/checker/target.c
