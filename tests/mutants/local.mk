# Patches that each take one remedy away, and the script that demands that a test notices.
mutants = \
	tests/mutants/abort-keeps-master-listener.patch \
	tests/mutants/abort-keeps-worker-listener.patch \
	tests/mutants/children-keep-lock.patch \
	tests/mutants/claim-not-taken-back.patch \
	tests/mutants/deny-ignored.patch \
	tests/mutants/foreign-answer-believed.patch \
	tests/mutants/gauges-outlive-worker.patch \
	tests/mutants/health-not-carried.patch \
	tests/mutants/hello-kept-after-answer.patch \
	tests/mutants/hello-with-more-replayed.patch \
	tests/mutants/keepalive-alone.patch \
	tests/mutants/listeners-not-readded.patch \
	tests/mutants/no-pause-between-reloads.patch \
	tests/mutants/port-bound-too-early.patch \
	tests/mutants/replays-unbounded.patch \
	tests/mutants/returned-backend-drains.patch \
	tests/mutants/short-splice.patch \
	tests/mutants/slow-reader-is-idle.patch \
	tests/mutants/socket-not-handed-over.patch \
	tests/mutants/source-counted-after-fin.patch \
	tests/mutants/sources-outlive-worker.patch \
	tests/mutants/user-timeout.patch
EXTRA_DIST += $(mutants) tests/mutants/run

.PHONY: check-mutants
check-mutants:
	$(AM_V_at)K0SLB_SRCDIR='$(abs_top_srcdir)' '$(top_srcdir)/tests/mutants/run'
