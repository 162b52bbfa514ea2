check_PROGRAMS += tests/unit/board/test_board
TESTS += tests/unit/board/test_board
tests_unit_board_test_board_SOURCES = \
	tests/unit/child.h \
	tests/unit/child.c \
	tests/unit/descriptors.h \
	tests/unit/descriptors.c \
	tests/unit/board/scratch.h \
	tests/unit/board/scratch.c \
	tests/unit/board/main.c \
	tests/unit/board/test_segment.c \
	tests/unit/board/test_board_lock.c \
	tests/unit/board/test_board_prefix.c \
	tests/unit/board/test_board.c \
	tests/unit/board/test_board_admin.c \
	tests/unit/board/test_board_slots.c \
	tests/unit/board/test_board_regions.c \
	tests/unit/board/test_board_sources.c \
	tests/unit/board/test_board_copy.c \
	tests/unit/board/test_board_history.c \
	tests/unit/board/test_snapshot_clients.c \
	tests/unit/board/test_snapshot_blocked.c \
	tests/unit/board/test_snapshot.c
tests_unit_board_test_board_CPPFLAGS = $(unit_cppflags)
tests_unit_board_test_board_CFLAGS = $(unit_cflags)
tests_unit_board_test_board_LDADD = $(unit_libs) src/board/libboard.a src/conf/libconf.a src/base/libbase.a $(INIH_LIBS)
