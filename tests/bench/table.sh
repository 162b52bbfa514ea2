#!/bin/sh
# The short table for the README, out of made-up samples: written as JSON by the one printer, read
# and printed again by the other one.

set -u
LC_ALL=C
export LC_ALL

bench=${K0SLB_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/bench
work=$(mktemp -d "${TMPDIR:-/tmp}/k0slb-table.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

verdict()
{
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        echo "FAILED $2"
        failed=$((failed + 1))
    fi
}

# fields FIELD...: a line of them, as the benchmark writes it down.
fields()
{
    printf '%s' "$1"
    shift
    printf '\t%s' "$@"
    echo
}

samples()
{
    fields meta balancers 'haproxy nginx k0slb'
    fields meta date 2026-01-02T03:04:05Z
    fields meta kernel 'Linux 6.1 x86_64'
    fields meta cpu '2 x A "fast\cheap" CPU'
    fields meta memory '4096 MiB'
    fields meta commit abc
    fields meta haproxy 'HAProxy version 2.6'
    fields meta nginx 'nginx version: nginx/1.22'
    fields meta rounds '3 rounds of 5 s each'
    fields meta command "make bench BENCH='--json x'"
    for workers in 1 2; do
        for round in 1 2 3; do
            fields sample requests.rate $workers haproxy $round $((50000 + round))
            fields sample requests.rate $workers nginx $round $((60000 * workers + round))
            fields sample requests.rate $workers k0slb $round $((90000 + round))
            fields sample requests.p50 $workers k0slb $round 1
            fields sample idle.bytes $workers k0slb $round 200
            fields sample probes.cpu $workers haproxy $round $((800 + round))
            fields sample probes.cpu $workers k0slb $round $((150 * workers + round))
            fields sample probes.full $workers k0slb $round 0
        done
    done
    fields sample storm7500.failed 2 k0slb 1 0
    fields note 'a note'
}

cat >"$work/wanted" <<'END'
Medians of 3 rounds of 5 s each, beside HAProxy version 2.6 and nginx version: nginx/1.22.
Machine: 2 x A "fast\cheap" CPU, 4096 MiB, Linux 6.1 x86_64.
k0slb abc, 2026-01-02T03:04:05Z: make bench BENCH='--json x'

1 worker:

| what                                                       |      best peer | k0slb | ratio |
|------------------------------------------------------------|---------------:|------:|------:|
| requests on 64 open connections: rate, 1/s                 |  60002 (nginx) | 90002 |  1.50 |
| idle connections: user memory each, bytes                  |              - |   200 |     - |
| an https probe of a controller: CPU of both ends, each, us |  802 (haproxy) |   152 |  0.19 |

2 workers:

| what                                                       |      best peer | k0slb | ratio |
|------------------------------------------------------------|---------------:|------:|------:|
| requests on 64 open connections: rate, 1/s                 | 120002 (nginx) | 90002 |  0.75 |
| idle connections: user memory each, bytes                  |              - |   200 |     - |
| an https probe of a controller: CPU of both ends, each, us |  802 (haproxy) |   302 |  0.38 |
END

samples >"$work/results"
awk -v form=json -f "$bench/number.awk" -f "$bench/report.awk" "$bench/rows" "$work/results" \
    >"$work/json"
verdict $? 'JSON is written'
sh "$bench/run" --readme --from "$work/json" >"$work/got"
verdict $? 'the table is printed'
diff "$work/wanted" "$work/got"
verdict $? 'the table is as it should be'
echo '{}' >"$work/none"
! sh "$bench/run" --readme --from "$work/none" >/dev/null 2>&1
verdict $? 'a file without a table is refused'
awk -f "$bench/number.awk" -f "$bench/report.awk" "$bench/rows" "$work/results" >"$work/text"
grep -q '^ *CPU of both ends, each, us  *802 .* 0\.38 x  <= 0\.5 x  *reached$' "$work/text"
verdict $? 'a probe has to cost half at most'
sh "$bench/run" --readme >/dev/null 2>&1
[ $? -eq 2 ]
verdict $? '--readme without a file is wrong usage'

echo "table.sh: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
