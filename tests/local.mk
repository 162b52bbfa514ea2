# Tests: unit (a program for each room), system (the whole program), and scripts that hold the
# tree to its own rules. What needs other people's programs is in tests/real, timings in tests/bench.
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
	K0SLB_SRCDIR='$(abs_top_srcdir)'; K0SLB_BUILDDIR='$(abs_top_builddir)'; \
	export K0SLB_SRCDIR K0SLB_BUILDDIR;

include tests/unit/local.mk
include tests/system/local.mk
include tests/real/local.mk
include tests/bench/local.mk

dist_check_SCRIPTS += tests/layers.sh
TESTS += tests/layers.sh
