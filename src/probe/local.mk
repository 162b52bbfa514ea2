noinst_LIBRARIES += src/probe/libprobe.a
src_probe_libprobe_a_SOURCES = \
	src/probe/asking.h \
	src/probe/asking.c \
	src/probe/certificate_describe.c \
	src/probe/credentials.h \
	src/probe/credentials_parts.h \
	src/probe/credentials.c \
	src/probe/ending.c \
	src/probe/h2_frame.h \
	src/probe/h2_frame.c \
	src/probe/http_answer.h \
	src/probe/http_answer.c \
	src/probe/http_date.h \
	src/probe/http_date.c \
	src/probe/http_reason.c \
	src/probe/http_request.h \
	src/probe/http_request.c \
	src/probe/keyring.h \
	src/probe/keyring.c \
	src/probe/probe.h \
	src/probe/probe_ops.h \
	src/probe/probe.c \
	src/probe/probe_h2.c \
	src/probe/probe_http.c \
	src/probe/probe_session.h \
	src/probe/probe_session.c \
	src/probe/probe_tcp.c \
	src/probe/probe_tls.c \
	src/probe/session_keep.h \
	src/probe/trial.h \
	src/probe/trial.c \
	src/probe/trust.h \
	src/probe/trust.c \
	src/probe/tls.h \
	src/probe/tls.c \
	src/probe/tls_error.c \
	src/probe/verdict.c
src_probe_libprobe_a_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
