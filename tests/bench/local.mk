# Measurements, run by hand: never part of `make check', because a number is no proof of anything
# on a machine that is doing something else.
EXTRA_DIST += \
	tests/bench/memory \
	tests/bench/run \
	tests/bench/lib.sh \
	tests/bench/setting.sh \
	tests/bench/balancers.sh \
	tests/bench/measures.sh \
	tests/bench/probes.sh \
	tests/bench/views.sh \
	tests/bench/curve.sh \
	tests/bench/number.awk \
	tests/bench/readme.awk \
	tests/bench/report.awk \
	tests/bench/rows \
	tests/bench/wrk.lua

# What is printed of numbers is tested; no number is.
dist_check_SCRIPTS += tests/bench/table.sh
TESTS += tests/bench/table.sh

# What a shell cannot play; nothing else needs it, so `make' does not build it.
EXTRA_PROGRAMS += tests/bench/k0slb-bench
CLEANFILES += tests/bench/k0slb-bench
tests_bench_k0slb_bench_SOURCES = \
	tests/bench/main.c \
	tests/bench/alone.h \
	tests/bench/alone.c \
	tests/bench/crowd.h \
	tests/bench/crowd.c \
	tests/bench/origin.h \
	tests/bench/origin.c \
	tests/bench/scrape.h \
	tests/bench/scrape.c \
	tests/bench/places.h \
	tests/bench/places.c \
	tests/bench/storm.h \
	tests/bench/storm.c
tests_bench_k0slb_bench_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_bench_k0slb_bench_LDADD = src/base/libbase.a

bench_programs = k0slbd k0slbctl tests/standin/k0slb-standin

.PHONY: bench bench-build bench-memory
bench-build: $(bench_programs) tests/bench/k0slb-bench

# BENCH: the options of tests/bench/run, such as BENCH='--quick --only requests'.
BENCH =
bench: bench-build
	$(AM_V_at)K0SLB_BUILDDIR='$(abs_top_builddir)' $(SHELL) $(top_srcdir)/tests/bench/run $(BENCH)

bench-memory: $(bench_programs)
	$(AM_V_at)K0SLB_BUILDDIR='$(abs_top_builddir)' $(SHELL) $(top_srcdir)/tests/bench/memory
