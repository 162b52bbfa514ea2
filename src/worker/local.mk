noinst_LIBRARIES += src/worker/libworker.a
src_worker_libworker_a_SOURCES = \
	src/worker/worker.h \
	src/worker/worker_state.h \
	src/worker/worker.c \
	src/worker/acceptor.h \
	src/worker/acceptor.c \
	src/worker/session.h \
	src/worker/session.c \
	src/worker/connect.h \
	src/worker/connect.c \
	src/worker/hello.h \
	src/worker/hello.c \
	src/worker/budget.h \
	src/worker/budget.c \
	src/worker/replay.h \
	src/worker/replay.c \
	src/worker/suspicion.h \
	src/worker/suspicion.c \
	src/worker/pump.h \
	src/worker/pump.c \
	src/worker/pipe_pool.h \
	src/worker/pipe_pool.c \
	src/worker/idle.h \
	src/worker/idle.c \
	src/worker/leave.h \
	src/worker/leave.c \
	src/worker/retire.h \
	src/worker/retire.c \
	src/worker/limit.h \
	src/worker/limit.c \
	src/worker/access.h \
	src/worker/access.c \
	src/worker/bind_local.h \
	src/worker/bind_local.c \
	src/worker/conn_log.h \
	src/worker/conn_log.c
