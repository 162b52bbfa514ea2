check_PROGRAMS += tests/unit/probe/test_probe
TESTS += tests/unit/probe/test_probe
tests_unit_probe_test_probe_SOURCES = \
	tests/unit/probe/ask.h \
	tests/unit/probe/ask.c \
	tests/unit/probe/test_asking.c \
	tests/unit/probe/main.c \
	tests/unit/probe/peer.h \
	tests/unit/probe/peer.c \
	tests/unit/probe/pem.h \
	tests/unit/probe/pem.c \
	tests/unit/probe/test_credentials.c \
	tests/unit/probe/test_engine.c \
	tests/unit/probe/test_h2_frame.c \
	tests/unit/probe/test_http_answer.c \
	tests/unit/probe/test_http_date.c \
	tests/unit/probe/test_http_request.c \
	tests/unit/probe/test_kept.c \
	tests/unit/probe/test_keyring.c \
	tests/unit/probe/test_probe_h2.c \
	tests/unit/probe/test_probe_http.c \
	tests/unit/probe/test_probe_session.c \
	tests/unit/probe/test_probe_tcp.c \
	tests/unit/probe/test_probe_tls.c \
	tests/unit/probe/test_trust.c \
	tests/unit/probe/test_verdict.c \
	tests/unit/probe/tls_peer.h \
	tests/unit/probe/tls_peer.c
tests_unit_probe_test_probe_CPPFLAGS = $(unit_cppflags)
tests_unit_probe_test_probe_CFLAGS = $(unit_cflags) $(OPENSSL_CFLAGS)
tests_unit_probe_test_probe_LDADD = tests/tls/libtls.a $(unit_libs) src/probe/libprobe.a src/board/libboard.a src/conf/libconf.a src/base/libbase.a $(OPENSSL_LIBS) $(INIH_LIBS)
