noinst_LIBRARIES += src/control/libcontrol.a
src_control_libcontrol_a_SOURCES = \
	src/control/control.h \
	src/control/control.c \
	src/control/verb.h \
	src/control/speak.c \
	src/control/status.c \
	src/control/check.c \
	src/control/stop.c \
	src/control/version.c
