# Parsers of what strangers send, under libFuzzer: `make fuzz', for FUZZ_SECONDS each. It needs
# clang with its runtime, and is no part of `make check'.
FUZZ_CC = clang
FUZZ_SECONDS = 60
FUZZ_CFLAGS = -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_TARGETS = fuzz_http_answer fuzz_h2_frame fuzz_http_request fuzz_haproxy_cfg fuzz_yaml
EXTRA_DIST += \
	tests/fuzz/fuzz_http_answer.c \
	tests/fuzz/fuzz_h2_frame.c \
	tests/fuzz/fuzz_http_request.c \
	tests/fuzz/fuzz_http_request.dict \
	tests/fuzz/fuzz_haproxy_cfg.c \
	tests/fuzz/fuzz_haproxy_cfg.dict \
	tests/fuzz/fuzz_yaml.c \
	tests/fuzz/said.h \
	tests/fuzz/said.c

fuzz_parsers = \
	$(top_srcdir)/src/probe/h2_frame.c \
	$(top_srcdir)/src/probe/http_answer.c \
	$(top_srcdir)/src/probe/http_date.c \
	$(top_srcdir)/src/probe/http_reason.c \
	$(top_srcdir)/src/base/certificate_names.c \
	$(top_srcdir)/src/base/addr.c \
	$(top_srcdir)/src/base/strnum.c

# A request is answered, too: from a board, by all reports.
fuzz_stats = \
	$(top_srcdir)/src/stats/http.c \
	$(top_srcdir)/src/stats/answer.c \
	$(top_srcdir)/src/stats/round.c \
	$(top_srcdir)/src/stats/routes.c \
	$(top_srcdir)/src/report/*.c \
	$(top_srcdir)/src/board/*.c \
	$(top_srcdir)/src/conf/*.c \
	$(top_srcdir)/src/base/*.c

# What is imported is read as a configuration, too. They begin with the fixtures.
fuzz_import = \
	$(top_srcdir)/tests/fuzz/said.c \
	$(top_srcdir)/src/control/import*.c \
	$(top_srcdir)/src/control/yaml_tree.c \
	$(top_srcdir)/src/conf/*.c \
	$(top_srcdir)/src/base/*.c

.PHONY: fuzz
fuzz:
	@command -v $(FUZZ_CC) >/dev/null || { echo "fuzz: there is no $(FUZZ_CC)"; exit 1; }
	@$(MKDIR_P) tests/fuzz
	@for name in $(FUZZ_TARGETS); do \
		sources='$(fuzz_parsers)'; libs=; words=; seeds=; \
		case $$name in \
		fuzz_http_request) \
			sources='$(fuzz_stats)'; libs='$(INIH_LIBS)' ;; \
		fuzz_haproxy_cfg | fuzz_yaml) \
			sources='$(fuzz_import)'; libs='$(INIH_LIBS) $(YAML_LIBS)'; \
			seeds=$(top_srcdir)/tests/fixtures ;; \
		esac; \
		if test -f $(top_srcdir)/tests/fuzz/$$name.dict; then \
			words=-dict=$(top_srcdir)/tests/fuzz/$$name.dict; \
		fi; \
		$(FUZZ_CC) $(FUZZ_CFLAGS) $(DEFS) $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
			-o tests/fuzz/$$name $(top_srcdir)/tests/fuzz/$$name.c $$sources $$libs && \
		$(MKDIR_P) tests/fuzz/$$name.corpus && \
		tests/fuzz/$$name -max_total_time=$(FUZZ_SECONDS) -max_len=20000 $$words \
			-artifact_prefix=tests/fuzz/ tests/fuzz/$$name.corpus $$seeds || exit 1; \
	done

clean-local: clean-fuzz
.PHONY: clean-fuzz
clean-fuzz:
	-for name in $(FUZZ_TARGETS); do rm -rf tests/fuzz/$$name tests/fuzz/$$name.corpus; done
