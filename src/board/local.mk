noinst_LIBRARIES += src/board/libboard.a
src_board_libboard_a_SOURCES = \
	src/board/segment.h \
	src/board/segment.c \
	src/board/board-t.h \
	src/board/board.h \
	src/board/board.c \
	src/board/board_admin.h \
	src/board/board_admin.c \
	src/board/board_facts.c \
	src/board/board_history.h \
	src/board/board_history.c \
	src/board/board_map.h \
	src/board/board_map.c \
	src/board/board_prefix.h \
	src/board/board_prefix.c \
	src/board/board_lock.h \
	src/board/board_lock.c \
	src/board/board_writer.h \
	src/board/board_writer.c \
	src/board/board_master.h \
	src/board/board_master.c \
	src/board/board_slots.c \
	src/board/board_sources.h \
	src/board/board_sources.c \
	src/board/board_carry.h \
	src/board/board_carry.c \
	src/board/snapshot.h \
	src/board/snapshot.c \
	src/board/snapshot_parts.h \
	src/board/snapshot_backend.c \
	src/board/snapshot_blocked.c \
	src/board/snapshot_clients.c \
	src/board/snapshot_find.c \
	src/board/snapshot_service.c \
	src/board/twin.h \
	src/board/twin.c
