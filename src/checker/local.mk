noinst_LIBRARIES += src/checker/libchecker.a
src_checker_libchecker_a_SOURCES = \
	src/checker/advise.h \
	src/checker/advise.c \
	src/checker/blocking.h \
	src/checker/blocking.c \
	src/checker/checker.h \
	src/checker/checker.c \
	src/checker/closing.h \
	src/checker/closing.c \
	src/checker/doubt.h \
	src/checker/doubt.c \
	src/checker/flapping.h \
	src/checker/flapping.c \
	src/checker/group.h \
	src/checker/group.c \
	src/checker/health.h \
	src/checker/health.c \
	src/checker/hold.h \
	src/checker/hold.c \
	src/checker/identity.h \
	src/checker/identity.c \
	src/checker/judge.h \
	src/checker/judge.c \
	src/checker/memory.h \
	src/checker/memory.c \
	src/checker/policy.h \
	src/checker/policy.c \
	src/checker/questions.h \
	src/checker/questions.c \
	src/checker/say.h \
	src/checker/say.c \
	src/checker/schedule.h \
	src/checker/schedule.c \
	src/checker/target.h \
	src/checker/target.c
