# Patches that each take one remedy away, and the script that demands that a test notices.
mutants = \
	tests/mutants/abort-keeps-master-listener.patch \
	tests/mutants/abort-keeps-worker-listener.patch \
	tests/mutants/any-ca-is-good.patch \
	tests/mutants/block-not-passed-on.patch \
	tests/mutants/children-keep-lock.patch \
	tests/mutants/claim-not-taken-back.patch \
	tests/mutants/closed-all-at-once.patch \
	tests/mutants/closed-in-spite-of-return.patch \
	tests/mutants/closes-at-the-last.patch \
	tests/mutants/deny-ignored.patch \
	tests/mutants/dirty-pipe-used-again.patch \
	tests/mutants/election-takes-all-down.patch \
	tests/mutants/error-queue-not-cleared.patch \
	tests/mutants/expiry-unseen.patch \
	tests/mutants/fin-before-last-bytes.patch \
	tests/mutants/first-waiter-accepts-all.patch \
	tests/mutants/foreign-answer-believed.patch \
	tests/mutants/gauges-outlive-worker.patch \
	tests/mutants/handshake-moves-deadline.patch \
	tests/mutants/health-not-carried.patch \
	tests/mutants/hello-kept-after-answer.patch \
	tests/mutants/hello-with-more-replayed.patch \
	tests/mutants/idle-session-keeps-pipe.patch \
	tests/mutants/keepalive-alone.patch \
	tests/mutants/kept-after-half-an-answer.patch \
	tests/mutants/latecomers-closed.patch \
	tests/mutants/listeners-not-readded.patch \
	tests/mutants/lost-connection-is-verdict.patch \
	tests/mutants/mark-hides-the-rest.patch \
	tests/mutants/newcomer-gets-everything.patch \
	tests/mutants/newcomer-left-out-for-nobody.patch \
	tests/mutants/no-budget.patch \
	tests/mutants/no-checker-with-bad-files.patch \
	tests/mutants/no-pause-between-reloads.patch \
	tests/mutants/no-pause-without-descriptors.patch \
	tests/mutants/no-spare-descriptors.patch \
	tests/mutants/one-fin-ends-both.patch \
	tests/mutants/port-bound-too-early.patch \
	tests/mutants/probes-in-step.patch \
	tests/mutants/progress-moves-deadline.patch \
	tests/mutants/reload-without-trial.patch \
	tests/mutants/replays-unbounded.patch \
	tests/mutants/reset-after-fin-unseen.patch \
	tests/mutants/reset-looks-like-fin.patch \
	tests/mutants/reset-not-flushed.patch \
	tests/mutants/returned-backend-drains.patch \
	tests/mutants/session-outlives-terms.patch \
	tests/mutants/short-splice.patch \
	tests/mutants/slot-free-too-early.patch \
	tests/mutants/slow-reader-is-cut.patch \
	tests/mutants/slow-reader-is-idle.patch \
	tests/mutants/socket-not-handed-over.patch \
	tests/mutants/source-counted-after-fin.patch \
	tests/mutants/sources-outlive-worker.patch \
	tests/mutants/stall-is-unready.patch \
	tests/mutants/stopped-checker-judges.patch \
	tests/mutants/stuck-at-urgent-mark.patch \
	tests/mutants/unanswered-is-closed.patch \
	tests/mutants/user-timeout.patch
EXTRA_DIST += $(mutants) tests/mutants/run

.PHONY: check-mutants
check-mutants:
	$(AM_V_at)K0SLB_SRCDIR='$(abs_top_srcdir)' '$(top_srcdir)/tests/mutants/run'
