noinst_LIBRARIES += src/base/libbase.a
src_base_libbase_a_SOURCES = \
	src/base/defs.h \
	src/base/addr.h \
	src/base/addr.c \
	src/base/base64.h \
	src/base/base64.c \
	src/base/certificate.h \
	src/base/certificate_names.h \
	src/base/certificate_names.c \
	src/base/cidr.h \
	src/base/cidr.c \
	src/base/daemonize.h \
	src/base/daemonize.c \
	src/base/fd.h \
	src/base/fd.c \
	src/base/list.h \
	src/base/log.h \
	src/base/log.c \
	src/base/loop.h \
	src/base/loop.c \
	src/base/mono.h \
	src/base/mono.c \
	src/base/pem.h \
	src/base/pem.c \
	src/base/pidfile.h \
	src/base/pidfile.c \
	src/base/process.h \
	src/base/process.c \
	src/base/safe_file.h \
	src/base/safe_file.c \
	src/base/strnum.h \
	src/base/strnum.c \
	src/base/textbuf.h \
	src/base/textbuf.c \
	src/base/rng.h \
	src/base/rng.c
