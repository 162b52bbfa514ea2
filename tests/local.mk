# Tests: unit (a program for each room), system (the whole program), and scripts that hold the
# tree to its own rules. What needs other people's programs is in tests/real, timings in tests/bench.
TEST_EXTENSIONS = .sh
TEST_BOUND = # a command in front of every test, such as "timeout 600"
LOG_COMPILER = $(TEST_BOUND)
SH_LOG_COMPILER = $(TEST_BOUND) $(SHELL)
AM_TESTS_ENVIRONMENT = \
	K0SLB_SRCDIR='$(abs_top_srcdir)'; K0SLB_BUILDDIR='$(abs_top_builddir)'; \
	export K0SLB_SRCDIR K0SLB_BUILDDIR;

# Scripts in tests/real; run by `make check-real' alone, because they need those programs.
REAL_TESTS =

# Programs with more to do under `make check-long'.
LONG_TESTS =

include tests/tls/local.mk
include tests/unit/local.mk
include tests/standin/local.mk
include tests/system/local.mk
include tests/real/local.mk
include tests/bench/local.mk
include tests/mutants/local.mk
include tests/fuzz/local.mk

EXTRA_DIST += tests/run.sh tests/memcheck.sh tests/memcheck.supp
dist_check_SCRIPTS += tests/layers.sh tests/manual.sh tests/completion.sh
TESTS += tests/layers.sh tests/manual.sh tests/completion.sh

# The table of configuration keys as text, for tests/manual.sh.
check_PROGRAMS += tests/keys
tests_keys_SOURCES = tests/keys.c
tests_keys_LDADD = src/conf/libconf.a src/base/libbase.a $(INIH_LIBS)

# Everything that the tests need, built and not run.
.PHONY: check-build check-real check-long check-valgrind
check-build: all
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) $(check_LIBRARIES) $(check_PROGRAMS)

check-real: check-build
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(REAL_TESTS)' \
		TEST_SUITE_LOG=test-suite-real.log

# Those that do a hundredth of their volume otherwise, with all of it.
LONG_BOUND = timeout -k 10 3600
check-long: check-build
	$(AM_V_at)K0SLB_LONG=1 $(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(LONG_TESTS)' \
		TEST_BOUND='$(LONG_BOUND)' TEST_SUITE_LOG=test-suite-long.log

# Under valgrind, where it is installed: some minutes.
check-valgrind: check-build
	$(AM_V_at)K0SLB_SRCDIR='$(abs_top_srcdir)' K0SLB_BUILDDIR='$(abs_top_builddir)' \
		$(SHELL) '$(top_srcdir)/tests/memcheck.sh'
