check_PROGRAMS += tests/unit/balance/test_balance
TESTS += tests/unit/balance/test_balance
tests_unit_balance_test_balance_SOURCES = \
	tests/unit/child.h \
	tests/unit/child.c \
	tests/unit/board/scratch.h \
	tests/unit/board/scratch.c \
	tests/unit/balance/stage.h \
	tests/unit/balance/stage.c \
	tests/unit/balance/main.c \
	tests/unit/balance/test_balance.c \
	tests/unit/balance/test_properties.c \
	tests/unit/balance/test_round_robin.c \
	tests/unit/balance/test_least_conn.c \
	tests/unit/balance/test_random.c \
	tests/unit/balance/test_source_hash.c \
	tests/unit/balance/test_source_spread.c \
	tests/unit/balance/test_slow_start.c
tests_unit_balance_test_balance_CPPFLAGS = $(unit_cppflags)
tests_unit_balance_test_balance_CFLAGS = $(unit_cflags)
tests_unit_balance_test_balance_LDADD = $(unit_libs) src/balance/libbalance.a src/board/libboard.a src/conf/libconf.a src/base/libbase.a $(INIH_LIBS)
