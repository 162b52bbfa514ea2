noinst_LIBRARIES += src/control/libcontrol.a
src_control_libcontrol_a_SOURCES = \
	src/control/control.h \
	src/control/control.c \
	src/control/verb.h \
	src/control/speak.c \
	src/control/status.c \
	src/control/admin.h \
	src/control/admin.c \
	src/control/admin_rules.c \
	src/control/admin_wait.c \
	src/control/events.c \
	src/control/check.c \
	src/control/doctor.h \
	src/control/doctor.c \
	src/control/doctor_ask.c \
	src/control/doctor_findings.h \
	src/control/doctor_findings.c \
	src/control/doctor_json.c \
	src/control/doctor_judge.c \
	src/control/doctor_keys.h \
	src/control/doctor_keys.c \
	src/control/doctor_remedy.h \
	src/control/doctor_remedy.c \
	src/control/doctor_resolve.c \
	src/control/doctor_select.c \
	src/control/doctor_steps.c \
	src/control/doctor_text.c \
	src/control/doctor_trust.c \
	src/control/doctor_wrap.h \
	src/control/doctor_wrap.c \
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
