# Measurements, run by hand: never part of `make check', because a number is no proof of anything
# on a machine that is doing something else.
EXTRA_DIST += tests/bench/memory

.PHONY: bench-memory
bench-memory: k0slbd k0slbctl tests/standin/k0slb-standin
	$(AM_V_at)K0SLB_BUILDDIR='$(abs_top_builddir)' $(SHELL) $(top_srcdir)/tests/bench/memory
