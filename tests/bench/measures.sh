# What is measured, one function for each test; read by tests/bench/run. Each finds a balancer that
# was started for it alone, and writes samples. It returns 1, with a note, when it got no numbers.
# shellcheck shell=sh
# shellcheck disable=SC2154 # variables are shared with the files that are read beside this

# sample ROW VALUE: of the balancer that is running.
sample()
{
    printf 'sample\t%s\t%s\t%s\t%s\t%s\n' "$1" "$balancer_workers" "$balancer_name" "$round" "$2" \
        >>"$work/results"
}

here_it_is()
{
    echo "$balancer_name, $balancer_workers workers, round $round"
}

# ---- what talks to nginx: wrk ----

# drive_wrk SECONDS [OPTION...]: afterwards $requests, $microseconds, $p50, $p99, $p999 are known.
drive_wrk()
{
    wrk_seconds=$1
    shift
    bounded $((wrk_seconds + 10)) wrk wrk -t 2 -c 64 -d "$wrk_seconds" -s "$here/wrk.lua" "$@" \
        "http://$(address_of "$balancer_name"):$(port_of http)/"
    # shellcheck disable=SC2046 # seven words
    set -- $(grep '^k0slb-bench' "$work/log/wrk")
    if [ $# -ne 7 ] || [ "$2" -eq 0 ]; then
        fail "$test_name, $(here_it_is): no answer from wrk"
        show wrk "$balancer_name"
        return 1
    fi
    requests=$2 microseconds=$3 p50=$5 p99=$6 p999=$7
    [ "$4" -eq 0 ] || fail "$test_name, $(here_it_is): $4 errors in $requests requests"
}

measure_requests()
{
    before=$(balancer_cpu)
    drive_wrk "$seconds" || return 1
    after=$(balancer_cpu)
    sample requests.rate "$(calculate "$requests * 1e6 / $microseconds")"
    sample requests.cpu "$(calculate "($after - $before) / 1e3 / $requests")"
    sample requests.p50 "$p50"
    sample requests.p99 "$p99"
    sample requests.p999 "$p999"
}

measure_short()
{
    before=$(balancer_cpu)
    drive_wrk "$seconds" -H 'Connection: close' || return 1
    after=$(balancer_cpu)
    sample short.rate "$(calculate "$requests * 1e6 / $microseconds")"
    sample short.cpu "$(calculate "($after - $before) / 1e3 / $requests")"
}

# ---- system calls: a run of its own, because being counted is slow ----

everything_is_attached()
{
    # shellcheck disable=SC2086 # a list of process numbers
    set -- $balancer_pids
    [ "$(grep -c attached "$work/log/strace")" -ge $# ]
}

# count_calls ROW [OPTION...]: system calls for each request of wrk.
count_calls()
{
    row=$1
    shift
    # shellcheck disable=SC2046,SC2086 # a list of process numbers
    start strace strace -c -f -o "$work/calls" $(printf -- '-p %s ' $balancer_pids)
    tracer=$started
    if wait_until 5 everything_is_attached && drive_wrk "$calls_seconds" "$@"; then
        stop "$tracer"
        calls=$(awk '$NF == "total" { print $4 }' "$work/calls")
        sample "$row" "$(calculate "${calls:-0} / $requests")"
        return 0
    fi
    stop "$tracer"
    fail "$test_name, $(here_it_is): system calls could not be counted"
    show strace
    return 1
}

measure_calls()
{
    count_calls requests.calls || return 1
    count_calls short.calls -H 'Connection: close'
}

# ---- bulk: iperf3 ----

# What the receiver had: bytes, bits per second.
iperf_sum()
{
    awk '
    /"sum_received"/ { inside = 1 }
    inside { key = $1; gsub(/[^a-z_]/, "", key); value = $2; sub(/,$/, "", value) }
    inside && key == "bytes" { bytes = value }
    inside && key == "bits_per_second" { print bytes, value; exit }' "$work/log/iperf"
}

# measure_bulk FLOWS
measure_bulk()
{
    before=$(balancer_cpu)
    bounded $((seconds + 15)) iperf iperf3 -J -c "$(address_of "$balancer_name")" \
        -p "$(port_of bulk)" -P "$1" -t "$seconds"
    after=$(balancer_cpu)
    row=bulk$1
    # shellcheck disable=SC2046 # two words
    set -- $(iperf_sum)
    if [ $# -ne 2 ] || [ "$1" -eq 0 ]; then
        fail "$test_name, $(here_it_is): no answer from iperf3"
        show iperf iperf3 "$balancer_name"
        return 1
    fi
    sample "$row.rate" "$(calculate "$2 / 1e9")"
    sample "$row.cpu" "$(calculate "($after - $before) / $1")"
}

# ---- clients that hold connections ----

# start_crowd NUMBER HELD AT-ONCE: begins to open connections, which stay until end_crowd NUMBER.
# NUMBER is 0 to 5: descriptor 3 and up, the only ones that every shell has.
start_crowd()
{
    mkfifo "$work/crowd$1" || return 1
    # Held open both ways, so that neither side ever waits for the other.
    eval "exec $((3 + $1))<>'$work/crowd$1'"
    : >"$work/log/crowd$1"
    "$helper" crowd "$(address_of "$balancer_name")" "$(port_of echo)" "127.77.1$1.1" 200 \
        "$2" "$3" <"$work/crowd$1" >"$work/log/crowd$1" 2>&1 &
    processes="$! $processes"
    echo $! >"$work/crowd$1.pid"
}

# Whether crowd $1 has opened its $2 connections, which may take a while.
crowd_is_open()
{
    wait_until 130 crowd_has_done "$1" open
    [ "$(crowd_number "$1" open 2)" -eq "$2" ]
}

tell_crowd()
{
    echo "$2" >"$work/crowd$1"
}

crowd_has_done()
{
    grep -q "^$2 " "$work/log/crowd$1" || has_ended "$(cat "$work/crowd$1.pid")"
}

# crowd_number NUMBER WORD FIELD: of the last line that begins so; 0 without one.
crowd_number()
{
    awk -v word="$2" -v field="$3" '$1 == word { value = $field } END { print value + 0 }' \
        "$work/log/crowd$1"
}

end_crowd()
{
    stop "$(cat "$work/crowd$1.pid")"
    eval "exec $((3 + $1))>&-"
    rm -f "$work/crowd$1"*
}

measure_idle()
{
    before=$(balancer_memory)
    start_crowd 0 "$idle_connections" 64
    if crowd_is_open 0 "$idle_connections"; then
        # What was needed to open them may go back first.
        sleep 1
        after=$(balancer_memory)
        sample idle.bytes "$(calculate "($after - $before) / $idle_connections")"
        idle_result=0
    else
        fail "$test_name, $(here_it_is): only $(crowd_number 0 open 2) connections could be opened"
        show crowd0 "$balancer_name"
        idle_result=1
    fi
    end_crowd 0
    return $idle_result
}

# ---- a reconnect storm: all clients come back at once ----

# measure_storm CONNECTIONS
measure_storm()
{
    needed=$(descriptors_for "$balancer_name" "$1" "$balancer_workers")
    if at_least "$needed" "$descriptors"; then
        [ "$round" -gt 1 ] || note "skipped: a storm of $1 connections, $balancer_name," \
            "$balancer_workers workers: one process needs $needed descriptors and may have" \
            "$descriptors"
        return 1
    fi
    bounded 40 storm "$helper" storm "$(address_of "$balancer_name")" "$(port_of echo)" \
        127.77.10.1 200 "$1" 4
    # shellcheck disable=SC2046 # nine words
    set -- "$1" $(grep '^storm ' "$work/log/storm")
    if [ $# -ne 10 ] || [ "$3" -eq 0 ]; then
        fail "$test_name, $(here_it_is): no connection"
        show storm "$balancer_name"
        return 1
    fi
    sample "storm$1.failed" "$4"
    sample "storm$1.total" "$(calculate "$5 / 1e3")"
    sample "storm$1.p99" "$(calculate "$7 / 1e3")"
    sample "storm$1.syns" "$9"
}

# ---- at rest: a script of its own, HAProxy runs beside it ----

# Not for one balancer: with the files of k0s's guide, two workers, and checks of TLS.
measure_rest()
{
    bounded 60 rest sh "$here/memory" 5
    K0SLB_REST='s/^both together \([0-9.]*\) MiB.*/used k0slb \1/p
s/^PSS in all \([0-9.]*\) MiB.*HAProxy.s \([0-9.]*\) MiB.*/pss k0slb \1\npss haproxy \2/p'
    sed -n "$K0SLB_REST" "$work/log/rest" >"$work/rest"
    [ -s "$work/rest" ] || {
        fail "rest: no answer from $here/memory"
        show rest
    }
    balancer_workers=2
    round=1
    while read -r what balancer_name value; do
        sample "rest.$what" "$value"
    done <"$work/rest"
}
