# TLS at the other end: keys and certificates, and a controller that does as it is told.
check_LIBRARIES += tests/tls/libtls.a
tests_tls_libtls_a_SOURCES = \
	tests/tls/paper.h \
	tests/tls/paper.c
tests_tls_libtls_a_CPPFLAGS = $(unit_cppflags)
tests_tls_libtls_a_CFLAGS = $(unit_cflags) $(OPENSSL_CFLAGS)
