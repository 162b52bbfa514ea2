noinst_LIBRARIES += src/probe/libprobe.a
src_probe_libprobe_a_SOURCES = \
	src/probe/probe.h \
	src/probe/probe_ops.h \
	src/probe/probe.c \
	src/probe/probe_tcp.c \
	src/probe/probe_tls.c \
	src/probe/verdict.c
src_probe_libprobe_a_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
