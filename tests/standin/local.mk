# A stand-in for a k0s controller: what the run without a cluster and the tests talk to. It is
# built with everything else, and never installed.
noinst_PROGRAMS += tests/standin/k0slb-standin
tests_standin_k0slb_standin_SOURCES = \
	tests/standin/main.c \
	tests/standin/authority.h \
	tests/standin/authority.c \
	tests/standin/endpoint.h \
	tests/standin/endpoint.c \
	tests/standin/http.h \
	tests/standin/http.c \
	tests/standin/port_api.c \
	tests/standin/port_join.c \
	tests/standin/port_konnectivity.c \
	tests/standin/ports.h \
	tests/standin/server.h \
	tests/standin/server.c \
	tests/standin/stream.h \
	tests/standin/stream.c
tests_standin_k0slb_standin_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) -pthread
tests_standin_k0slb_standin_LDADD = $(OPENSSL_LIBS)
tests_standin_k0slb_standin_LDFLAGS = $(AM_LDFLAGS) -pthread
