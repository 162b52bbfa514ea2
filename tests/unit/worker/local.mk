check_PROGRAMS += tests/unit/worker/test_worker
TESTS += tests/unit/worker/test_worker
tests_unit_worker_test_worker_SOURCES = \
	tests/unit/child.h \
	tests/unit/child.c \
	tests/unit/descriptors.h \
	tests/unit/descriptors.c \
	tests/unit/hello_bytes.h \
	tests/unit/hello_bytes.c \
	tests/unit/worker/rig.h \
	tests/unit/worker/rig.c \
	tests/unit/board/scratch.h \
	tests/unit/board/scratch.c \
	tests/unit/balance/stage.h \
	tests/unit/balance/stage.c \
	tests/unit/worker/house.h \
	tests/unit/worker/house.c \
	tests/unit/worker/main.c \
	tests/unit/worker/test_dead_peer.c \
	tests/unit/worker/test_access.c \
	tests/unit/worker/test_bind_local.c \
	tests/unit/worker/test_budget.c \
	tests/unit/worker/test_closing.c \
	tests/unit/worker/test_closing_admin.c \
	tests/unit/worker/test_conn_log.c \
	tests/unit/worker/test_fullness.c \
	tests/unit/worker/test_hello.c \
	tests/unit/worker/test_limit.c \
	tests/unit/worker/test_pipe_pool.c \
	tests/unit/worker/test_pump.c \
	tests/unit/worker/test_pump_end.c \
	tests/unit/worker/test_pump_interrupt.c \
	tests/unit/worker/test_pump_urgent.c \
	tests/unit/worker/test_pump_watched.c \
	tests/unit/worker/test_session.c \
	tests/unit/worker/test_suspicion.c
tests_unit_worker_test_worker_CPPFLAGS = $(unit_cppflags)
tests_unit_worker_test_worker_CFLAGS = $(unit_cflags) $(OPENSSL_CFLAGS)
tests_unit_worker_test_worker_LDADD = $(unit_libs) src/worker/libworker.a src/role/librole.a src/channel/libchannel.a src/balance/libbalance.a src/board/libboard.a src/conf/libconf.a src/base/libbase.a $(OPENSSL_LIBS) $(INIH_LIBS)
