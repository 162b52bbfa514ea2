noinst_LIBRARIES += src/control/libcontrol.a
src_control_libcontrol_a_SOURCES = \
	src/control/control.h \
	src/control/control.c \
	src/control/verb.h \
	src/control/speak.c \
	src/control/status.c \
	src/control/check.c \
	src/control/health.c \
	src/control/import.h \
	src/control/import.c \
	src/control/import_kubeconfig.c \
	src/control/import_write.c \
	src/control/members.h \
	src/control/members.c \
	src/control/reload.c \
	src/control/stop.h \
	src/control/stop.c \
	src/control/stop_left_over.c \
	src/control/version.c \
	src/control/yaml_tree.h \
	src/control/yaml_tree.c
src_control_libcontrol_a_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS)
