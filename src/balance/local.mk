noinst_LIBRARIES += src/balance/libbalance.a
src_balance_libbalance_a_SOURCES = \
	src/balance/balance.h \
	src/balance/balance.c \
	src/balance/slow_start.h \
	src/balance/slow_start.c \
	src/balance/round_robin.c \
	src/balance/least_conn.c \
	src/balance/random.c \
	src/balance/source_hash.c \
	src/balance/source_spread.c
