noinst_LIBRARIES += src/master/libmaster.a
src_master_libmaster_a_SOURCES = \
	src/master/master.h \
	src/master/master_state.h \
	src/master/master.c \
	src/master/start.h \
	src/master/start.c \
	src/master/child.h \
	src/master/child.c \
	src/master/backoff.h \
	src/master/backoff.c \
	src/master/reload.h \
	src/master/reload.c \
	src/master/takeover.h \
	src/master/takeover.c \
	src/master/watchdog.h \
	src/master/watchdog.c \
	src/master/slots.h \
	src/master/slots.c \
	src/master/listeners.h \
	src/master/listeners.c \
	src/master/port_holder.h \
	src/master/port_holder.c \
	src/master/announce.h \
	src/master/announce.c \
	src/master/line_queue.h \
	src/master/line_queue.c \
	src/master/sink.h \
	src/master/sink.c \
	src/master/sink_syslog.c \
	src/master/logger.h \
	src/master/logger.c \
	src/master/monitor.h \
	src/master/monitor.c
