EXTRA_DIST += \
	tests/fixtures/k0s-guide-haproxy.cfg \
	tests/fixtures/tuned-haproxy.cfg \
	tests/fixtures/tuned-k0slb.ini \
	tests/fixtures/listen-haproxy.cfg \
	tests/fixtures/listen-k0slb.ini \
	tests/fixtures/broken-haproxy.cfg \
	tests/fixtures/k0sctl.yaml
check_PROGRAMS += tests/unit/control/test_control
TESTS += tests/unit/control/test_control
LONG_TESTS += tests/unit/control/test_control
tests_unit_control_test_control_SOURCES = \
	tests/unit/child.h \
	tests/unit/child.c \
	tests/unit/board/scratch.h \
	tests/unit/board/scratch.c \
	tests/unit/control/main.c \
	tests/unit/control/run.h \
	tests/unit/control/run.c \
	tests/unit/control/test_admin.c \
	tests/unit/control/test_strange_board.c \
	tests/unit/control/test_control.c \
	tests/unit/control/test_status.c \
	tests/unit/control/test_top.c \
	tests/unit/report/sample.h \
	tests/unit/report/sample.c \
	tests/unit/control/test_doctor.c \
	tests/unit/control/test_doctor_parts.c \
	tests/unit/report/json_checker.h \
	tests/unit/report/json_checker.c \
	tests/unit/control/master.h \
	tests/unit/control/master.c \
	tests/unit/control/imported.h \
	tests/unit/control/imported.c \
	tests/unit/control/test_import.c \
	tests/unit/control/test_import_haproxy.c \
	tests/unit/control/test_import_shapes.c \
	tests/unit/control/test_import_statements.c \
	tests/unit/control/test_import_told.c \
	tests/unit/control/test_k0s_config.c \
	tests/unit/control/test_instance.c \
	tests/unit/control/test_stop.c \
	tests/unit/control/test_reload.c
tests_unit_control_test_control_CPPFLAGS = $(unit_cppflags)
tests_unit_control_test_control_CFLAGS = $(unit_cflags)
tests_unit_control_test_control_LDADD = $(unit_libs) src/control/libcontrol.a src/report/libreport.a src/probe/libprobe.a src/advice/libadvice.a src/board/libboard.a src/conf/libconf.a src/base/libbase.a $(OPENSSL_LIBS) $(INIH_LIBS) $(YAML_LIBS) -lpthread
