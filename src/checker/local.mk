noinst_LIBRARIES += src/checker/libchecker.a
src_checker_libchecker_a_SOURCES = \
	src/checker/checker.h \
	src/checker/checker.c \
	src/checker/health.h \
	src/checker/health.c
