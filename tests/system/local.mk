# The whole program: a harness that starts the k0slbd of this build between scripted backends and
# clients, and a program for each theme. Readers of the board come from the program's own rooms.
check_LIBRARIES += tests/system/libharness.a
tests_system_libharness_a_SOURCES = \
	tests/system/tagged.h \
	tests/system/tagged.c \
	tests/system/exchange.h \
	tests/system/exchange.c \
	tests/system/peer.h \
	tests/system/peer.c \
	tests/system/script.h \
	tests/system/script.c \
	tests/system/client.h \
	tests/system/client.c \
	tests/system/stream.h \
	tests/system/stream.c \
	tests/system/crowd.h \
	tests/system/crowd.c \
	tests/system/http.h \
	tests/system/http.c \
	tests/system/siege.h \
	tests/system/siege.c \
	tests/system/procfs.h \
	tests/system/procfs.c \
	tests/system/limit.h \
	tests/system/mesh.h \
	tests/system/mesh.c \
	tests/system/limit.c \
	tests/system/instance.h \
	tests/system/instance.c \
	tests/system/wait.h \
	tests/system/wait.c \
	tests/system/scene.h \
	tests/system/scene.c \
	tests/system/change.h \
	tests/system/change.c \
	tests/system/command.h \
	tests/system/command.c \
	tests/system/volume.h \
	tests/system/volume.c \
	tests/system/load.h \
	tests/system/load.c \
	tests/system/sanitized.h \
	tests/system/leak.h \
	tests/system/leak.c \
	tests/system/tracer.h \
	tests/system/tracer.c \
	tests/system/far.h \
	tests/system/far.c \
	tests/system/hosts.h \
	tests/system/hosts.c \
	tests/system/chaos.h \
	tests/system/chaos.c \
	tests/system/chaos_end.h \
	tests/system/chaos_end.c
tests_system_libharness_a_CPPFLAGS = $(unit_cppflags)
tests_system_libharness_a_CFLAGS = $(unit_cflags) -pthread

# Controllers that speak TLS, and their clients.
check_LIBRARIES += tests/system/libhouse.a
tests_system_libhouse_a_SOURCES = \
	tests/system/controller.h \
	tests/system/controller.c \
	tests/system/controller_serve.h \
	tests/system/controller_serve.c \
	tests/system/house.h \
	tests/system/house.c \
	tests/system/surge.h \
	tests/system/surge.c
tests_system_libhouse_a_CPPFLAGS = $(unit_cppflags)
tests_system_libhouse_a_CFLAGS = $(unit_cflags) $(OPENSSL_CFLAGS) -pthread

system_libs = tests/system/libharness.a $(unit_libs) src/board/libboard.a src/conf/libconf.a \
	src/base/libbase.a $(INIH_LIBS) -lpthread
house_libs = tests/system/libhouse.a tests/tls/libtls.a $(system_libs) $(OPENSSL_LIBS)

system_programs = \
	tests/system/test_relay \
	tests/system/test_setup \
	tests/system/test_pressure \
	tests/system/test_integrity \
	tests/system/test_urgent \
	tests/system/test_ends \
	tests/system/test_backends \
	tests/system/test_closing \
	tests/system/test_slow_start \
	tests/system/test_processes \
	tests/system/test_lifecycle \
	tests/system/test_birth \
	tests/system/test_daemon \
	tests/system/test_control \
	tests/system/test_admin \
	tests/system/test_admin_lasts \
	tests/system/test_badinput \
	tests/system/test_names \
	tests/system/test_reload \
	tests/system/test_refusals \
	tests/system/test_changes \
	tests/system/test_timeouts \
	tests/system/test_replay \
	tests/system/test_dead_peers \
	tests/system/test_takeover \
	tests/system/test_history \
	tests/system/test_faults \
	tests/system/test_races \
	tests/system/test_spread \
	tests/system/test_chaos \
	tests/system/test_limits \
	tests/system/test_access \
	tests/system/test_source \
	tests/system/test_conn_log \
	tests/system/test_log \
	tests/system/test_storm \
	tests/system/test_descriptors \
	tests/system/test_health \
	tests/system/test_credentials \
	tests/system/test_checks \
	tests/system/test_doctor \
	tests/system/test_import \
	tests/system/test_stats \
	tests/system/test_siege \
	tests/system/test_outage
check_PROGRAMS += $(system_programs)
TESTS += $(system_programs)
LONG_TESTS += tests/system/test_spread tests/system/test_reload tests/system/test_takeover
LONG_TESTS += tests/system/test_faults tests/system/test_ends tests/system/test_urgent
LONG_TESTS += tests/system/test_chaos tests/system/test_storm
LONG_TESTS += tests/system/test_integrity tests/system/test_pressure
LONG_TESTS += tests/system/test_setup tests/system/test_relay
LONG_TESTS += tests/system/test_checks tests/system/test_siege

# Put in front of k0slbd by some of them.
check_PROGRAMS += tests/system/wrap
tests_system_wrap_SOURCES = tests/system/wrap.c

tests_system_test_relay_SOURCES = tests/system/test_relay.c
tests_system_test_relay_CPPFLAGS = $(unit_cppflags)
tests_system_test_relay_CFLAGS = $(unit_cflags)
tests_system_test_relay_LDADD = $(system_libs)

tests_system_test_backends_SOURCES = tests/system/test_backends.c
tests_system_test_backends_CPPFLAGS = $(unit_cppflags)
tests_system_test_backends_CFLAGS = $(unit_cflags)
tests_system_test_backends_LDADD = $(system_libs)

tests_system_test_closing_SOURCES = tests/system/test_closing.c
tests_system_test_closing_CPPFLAGS = $(unit_cppflags)
tests_system_test_closing_CFLAGS = $(unit_cflags)
tests_system_test_closing_LDADD = $(system_libs)

tests_system_test_slow_start_SOURCES = tests/system/test_slow_start.c
tests_system_test_slow_start_CPPFLAGS = $(unit_cppflags)
tests_system_test_slow_start_CFLAGS = $(unit_cflags)
tests_system_test_slow_start_LDADD = $(system_libs)

tests_system_test_stats_SOURCES = tests/system/test_stats.c
tests_system_test_stats_CPPFLAGS = $(unit_cppflags)
tests_system_test_stats_CFLAGS = $(unit_cflags)
tests_system_test_stats_LDADD = $(system_libs)

tests_system_test_siege_SOURCES = tests/system/test_siege.c
tests_system_test_siege_CPPFLAGS = $(unit_cppflags)
tests_system_test_siege_CFLAGS = $(unit_cflags)
tests_system_test_siege_LDADD = $(system_libs)

tests_system_test_admin_SOURCES = tests/system/test_admin.c
tests_system_test_admin_CPPFLAGS = $(unit_cppflags)
tests_system_test_admin_CFLAGS = $(unit_cflags)
tests_system_test_admin_LDADD = $(system_libs)

tests_system_test_admin_lasts_SOURCES = tests/system/test_admin_lasts.c
tests_system_test_admin_lasts_CPPFLAGS = $(unit_cppflags)
tests_system_test_admin_lasts_CFLAGS = $(unit_cflags)
tests_system_test_admin_lasts_LDADD = $(system_libs)

tests_system_test_processes_SOURCES = tests/system/test_processes.c
tests_system_test_processes_CPPFLAGS = $(unit_cppflags)
tests_system_test_processes_CFLAGS = $(unit_cflags)
tests_system_test_processes_LDADD = $(system_libs)

tests_system_test_lifecycle_SOURCES = tests/system/test_lifecycle.c
tests_system_test_lifecycle_CPPFLAGS = $(unit_cppflags)
tests_system_test_lifecycle_CFLAGS = $(unit_cflags)
tests_system_test_lifecycle_LDADD = $(system_libs)

tests_system_test_birth_SOURCES = tests/system/test_birth.c
tests_system_test_birth_CPPFLAGS = $(unit_cppflags)
tests_system_test_birth_CFLAGS = $(unit_cflags)
tests_system_test_birth_LDADD = $(system_libs)

tests_system_test_daemon_SOURCES = tests/system/test_daemon.c
tests_system_test_daemon_CPPFLAGS = $(unit_cppflags)
tests_system_test_daemon_CFLAGS = $(unit_cflags)
tests_system_test_daemon_LDADD = $(system_libs)

tests_system_test_badinput_SOURCES = tests/system/test_badinput.c
tests_system_test_badinput_CPPFLAGS = $(unit_cppflags)
tests_system_test_badinput_CFLAGS = $(unit_cflags)
tests_system_test_badinput_LDADD = $(system_libs)

tests_system_test_control_SOURCES = tests/system/test_control.c
tests_system_test_control_CPPFLAGS = $(unit_cppflags)
tests_system_test_control_CFLAGS = $(unit_cflags)
tests_system_test_control_LDADD = $(system_libs)

tests_system_test_reload_SOURCES = tests/system/test_reload.c
tests_system_test_reload_CPPFLAGS = $(unit_cppflags)
tests_system_test_reload_CFLAGS = $(unit_cflags) -pthread
tests_system_test_reload_LDADD = $(system_libs)

tests_system_test_refusals_SOURCES = tests/system/test_refusals.c
tests_system_test_refusals_CPPFLAGS = $(unit_cppflags)
tests_system_test_refusals_CFLAGS = $(unit_cflags) -pthread
tests_system_test_refusals_LDADD = $(system_libs)

tests_system_test_changes_SOURCES = tests/system/test_changes.c
tests_system_test_changes_CPPFLAGS = $(unit_cppflags)
tests_system_test_changes_CFLAGS = $(unit_cflags) -pthread
tests_system_test_changes_LDADD = $(system_libs)

tests_system_test_names_SOURCES = tests/system/test_names.c
tests_system_test_names_CPPFLAGS = $(unit_cppflags)
tests_system_test_names_CFLAGS = $(unit_cflags)
tests_system_test_names_LDADD = $(system_libs)

tests_system_test_timeouts_SOURCES = tests/system/test_timeouts.c
tests_system_test_timeouts_CPPFLAGS = $(unit_cppflags)
tests_system_test_timeouts_CFLAGS = $(unit_cflags) -pthread
tests_system_test_timeouts_LDADD = $(system_libs)

tests_system_test_dead_peers_SOURCES = tests/system/test_dead_peers.c
tests_system_test_dead_peers_CPPFLAGS = $(unit_cppflags)
tests_system_test_dead_peers_CFLAGS = $(unit_cflags) -pthread
tests_system_test_dead_peers_LDADD = $(system_libs)

tests_system_test_replay_SOURCES = \
	tests/unit/hello_bytes.h \
	tests/unit/hello_bytes.c \
	tests/system/test_replay.c
tests_system_test_replay_CPPFLAGS = $(unit_cppflags)
tests_system_test_replay_CFLAGS = $(unit_cflags)
tests_system_test_replay_LDADD = $(system_libs)

tests_system_test_takeover_SOURCES = tests/system/test_takeover.c
tests_system_test_takeover_CPPFLAGS = $(unit_cppflags)
tests_system_test_takeover_CFLAGS = $(unit_cflags) -pthread
tests_system_test_takeover_LDADD = $(system_libs)

tests_system_test_history_SOURCES = tests/system/test_history.c
tests_system_test_history_CPPFLAGS = $(unit_cppflags)
tests_system_test_history_CFLAGS = $(unit_cflags)
tests_system_test_history_LDADD = $(system_libs)

tests_system_test_faults_SOURCES = tests/system/test_faults.c
tests_system_test_faults_CPPFLAGS = $(unit_cppflags)
tests_system_test_faults_CFLAGS = $(unit_cflags) -pthread
tests_system_test_faults_LDADD = $(system_libs)

tests_system_test_spread_SOURCES = tests/system/test_spread.c
tests_system_test_spread_CPPFLAGS = $(unit_cppflags)
tests_system_test_spread_CFLAGS = $(unit_cflags)
tests_system_test_spread_LDADD = $(system_libs)

tests_system_test_races_SOURCES = tests/system/test_races.c
tests_system_test_races_CPPFLAGS = $(unit_cppflags)
tests_system_test_races_CFLAGS = $(unit_cflags)
tests_system_test_races_LDADD = $(system_libs)

tests_system_test_ends_SOURCES = tests/system/test_ends.c
tests_system_test_ends_CPPFLAGS = $(unit_cppflags)
tests_system_test_ends_CFLAGS = $(unit_cflags) -pthread
tests_system_test_ends_LDADD = $(system_libs)

tests_system_test_chaos_SOURCES = tests/system/test_chaos.c
tests_system_test_chaos_CPPFLAGS = $(unit_cppflags)
tests_system_test_chaos_CFLAGS = $(unit_cflags)
tests_system_test_chaos_LDADD = $(system_libs)

tests_system_test_limits_SOURCES = tests/system/test_limits.c
tests_system_test_limits_CPPFLAGS = $(unit_cppflags)
tests_system_test_limits_CFLAGS = $(unit_cflags) -pthread
tests_system_test_limits_LDADD = $(system_libs)

tests_system_test_access_SOURCES = tests/system/test_access.c
tests_system_test_access_CPPFLAGS = $(unit_cppflags)
tests_system_test_access_CFLAGS = $(unit_cflags) -pthread
tests_system_test_access_LDADD = $(system_libs)

tests_system_test_source_SOURCES = tests/system/test_source.c
tests_system_test_source_CPPFLAGS = $(unit_cppflags)
tests_system_test_source_CFLAGS = $(unit_cflags) -pthread
tests_system_test_source_LDADD = $(system_libs)

tests_system_test_conn_log_SOURCES = tests/system/test_conn_log.c
tests_system_test_conn_log_CPPFLAGS = $(unit_cppflags)
tests_system_test_conn_log_CFLAGS = $(unit_cflags) -pthread
tests_system_test_conn_log_LDADD = $(system_libs)

tests_system_test_log_SOURCES = \
	tests/system/events.h \
	tests/system/events.c \
	tests/system/test_log.c
tests_system_test_log_CPPFLAGS = $(unit_cppflags)
tests_system_test_log_CFLAGS = $(unit_cflags) -pthread
tests_system_test_log_LDADD = $(system_libs)

tests_system_test_urgent_SOURCES = tests/system/test_urgent.c
tests_system_test_urgent_CPPFLAGS = $(unit_cppflags)
tests_system_test_urgent_CFLAGS = $(unit_cflags) -pthread
tests_system_test_urgent_LDADD = $(system_libs)

tests_system_test_storm_SOURCES = \
	tests/system/test_storm.c \
	tests/bench/origin.h \
	tests/bench/origin.c \
	tests/bench/places.h \
	tests/bench/places.c \
	tests/bench/storm.h \
	tests/bench/storm.c
tests_system_test_storm_CPPFLAGS = $(unit_cppflags)
tests_system_test_storm_CFLAGS = $(unit_cflags)
tests_system_test_storm_LDADD = $(system_libs)

tests_system_test_integrity_SOURCES = tests/system/test_integrity.c
tests_system_test_integrity_CPPFLAGS = $(unit_cppflags)
tests_system_test_integrity_CFLAGS = $(unit_cflags) -pthread
tests_system_test_integrity_LDADD = $(system_libs)

tests_system_test_descriptors_SOURCES = tests/system/test_descriptors.c
tests_system_test_descriptors_CPPFLAGS = $(unit_cppflags)
tests_system_test_descriptors_CFLAGS = $(unit_cflags) -pthread
tests_system_test_descriptors_LDADD = $(system_libs)

tests_system_test_pressure_SOURCES = tests/system/test_pressure.c
tests_system_test_pressure_CPPFLAGS = $(unit_cppflags)
tests_system_test_pressure_CFLAGS = $(unit_cflags) -pthread
tests_system_test_pressure_LDADD = $(system_libs)

tests_system_test_setup_SOURCES = tests/system/test_setup.c
tests_system_test_setup_CPPFLAGS = $(unit_cppflags)
tests_system_test_setup_CFLAGS = $(unit_cflags) -pthread
tests_system_test_setup_LDADD = $(system_libs)

tests_system_test_credentials_SOURCES = tests/system/test_credentials.c
tests_system_test_credentials_CPPFLAGS = $(unit_cppflags)
tests_system_test_credentials_CFLAGS = $(unit_cflags) $(OPENSSL_CFLAGS)
tests_system_test_credentials_LDADD = $(house_libs)

tests_system_test_import_SOURCES = tests/system/test_import.c
tests_system_test_import_CPPFLAGS = $(unit_cppflags)
tests_system_test_import_CFLAGS = $(unit_cflags)
tests_system_test_import_LDADD = $(unit_libs) src/base/libbase.a

tests_system_test_health_SOURCES = tests/system/test_health.c
tests_system_test_health_CPPFLAGS = $(unit_cppflags)
tests_system_test_health_CFLAGS = $(unit_cflags) $(OPENSSL_CFLAGS)
tests_system_test_health_LDADD = $(house_libs)

tests_system_test_checks_SOURCES = tests/system/test_checks.c
tests_system_test_checks_CPPFLAGS = $(unit_cppflags)
tests_system_test_checks_CFLAGS = $(unit_cflags) $(OPENSSL_CFLAGS)
tests_system_test_checks_LDADD = $(house_libs)

tests_system_test_outage_SOURCES = tests/system/test_outage.c
tests_system_test_outage_CPPFLAGS = $(unit_cppflags)
tests_system_test_outage_CFLAGS = $(unit_cflags) $(OPENSSL_CFLAGS)
tests_system_test_outage_LDADD = $(house_libs)

tests_system_test_doctor_SOURCES = \
	tests/unit/report/json_checker.h \
	tests/unit/report/json_checker.c \
	tests/system/test_doctor.c
tests_system_test_doctor_CPPFLAGS = $(unit_cppflags)
tests_system_test_doctor_CFLAGS = $(unit_cflags) $(OPENSSL_CFLAGS)
tests_system_test_doctor_LDADD = $(house_libs)
