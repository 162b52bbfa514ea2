# What the parts of the benchmark share; read by tests/bench/run. Processes, waiting, and what /proc
# says about a process and all below it.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # variables are shared with the files that are read beside this

say()
{
    echo "$*" >&2
}

die()
{
    say "run: $*"
    exit 1
}

# A line that stands below the table: something that was left out, or that went wrong.
note()
{
    say "note: $*"
    printf 'note\t%s\n' "$*" >>"$work/results"
}

# As note, and the benchmark ends with status 1.
fail()
{
    failed=1
    note "$*"
}

# show LOG...: how they end.
show()
{
    for log in "$@"; do
        [ -s "$work/log/$log" ] || continue
        say "---- the end of $log:"
        tail -n 5 "$work/log/$log" >&2
    done
}

# ---- processes ----

# start LOG COMMAND...: in the background; its number is then in $started.
start()
{
    log=$1
    shift
    "$@" >"$work/log/$log" 2>&1 </dev/null &
    started=$!
    processes="$started $processes"
}

# Whether the process $1 has ended, though nobody may have waited for it yet.
has_ended()
{
    ! grep -qs '^State:[[:blank:]]*[^ZX]' "/proc/$1/status"
}

# The process $1 and all below it.
tree_of()
{
    cat /proc/[0-9]*/status 2>/dev/null | awk -v root="$1" '
        $1 == "Pid:" { pid = $2 }
        $1 == "PPid:" { parent[pid] = $2 }
        function print_below(top, each) {
            print top
            for (each in parent)
                if (parent[each] == top)
                    print_below(each)
        }
        END { print_below(root) }' | sort -n | tr '\n' ' '
}

# Ends the process $1 and waits for it; what is stubborn is killed, with all below it.
stop()
{
    tree=$(tree_of "$1")
    kill "$1" 2>/dev/null
    # Word splitting is meant: a list of process numbers.
    # shellcheck disable=SC2086
    wait_until 5 has_ended "$1" || kill -KILL $tree 2>/dev/null
    wait "$1" 2>/dev/null
    remaining=
    for pid in $processes; do
        [ "$pid" = "$1" ] || remaining="$remaining $pid"
    done
    processes=$remaining
}

# The last started first.
stop_all()
{
    for pid in $processes; do
        stop "$pid"
    done
}

# bounded SECONDS LOG COMMAND...: waits for it, and for no longer. Returns its status, 124 for late.
# It runs in the background, because a shell that waits can still be interrupted.
bounded()
{
    bound=$1
    bound_log=$2
    shift 2
    start "$bound_log" timeout -k 2 "$bound" "$@"
    bounded_pid=$started
    wait "$bounded_pid"
    bounded_status=$?
    stop "$bounded_pid"
    return "$bounded_status"
}

# Tries a command until it succeeds, for at most $1 seconds.
wait_until()
{
    deadline=$(($(date +%s) + $1))
    shift
    until "$@"; do
        [ "$(date +%s)" -le "$deadline" ] || return 1
        sleep 0.02
    done
}

# Whether there is time for what $* says; else that is left out.
time_is_left()
{
    [ "$(date +%s)" -lt "$end_by" ] && return 0
    fail "$*: left out, the time is up"
    return 1
}

# ---- what a process costs ----

# CPU time of the processes $@, all their threads, in nanoseconds, as the scheduler accounts it.
cpu_ns()
{
    for pid in "$@"; do
        cat "/proc/$pid/task/"*/schedstat
    done | awk '{ ns += $1 } END { printf "%.0f\n", ns }'
}

# Anonymous memory of the processes $@ in bytes; what they share counts once.
anonymous_bytes()
{
    for pid in "$@"; do
        cat "/proc/$pid/smaps_rollup"
    done | awk '$1 == "Pss_Anon:" { kib += $2 } END { printf "%.0f\n", kib * 1024 }'
}

# ---- numbers ----

# calculate EXPRESSION: with awk, because the shell knows no fractions.
calculate()
{
    awk "BEGIN { printf \"%.6g\\n\", $1 }"
}

# at_least A B: whether A >= B, fractions too.
at_least()
{
    awk "BEGIN { exit !($1 >= $2) }"
}

# How much of all CPUs does nothing during one second, in percent.
idle_percent()
{
    {
        head -n 1 /proc/stat
        sleep 1
        head -n 1 /proc/stat
    } | awk '{
        total = 0
        for (i = 2; i <= 9; i++)
            total += $i
        if (NR == 1) {
            first_idle = $5
            first_total = total
        } else {
            printf "%.0f\n", 100 * ($5 - first_idle) / (total - first_total)
        }
    }'
}

# addresses_from ADDRESS COUNT: so many in a row, below 127.77.0.0/16.
addresses_from()
{
    awk -v first="$1" -v count="$2" 'BEGIN {
        split(first, part, ".")
        number = part[3] * 256 + part[4]
        for (i = 0; i < count; i++) {
            printf "%s127.77.%d.%d", i ? " " : "", int(number / 256), number % 256
            number++
        }
    }'
}

# rotate TIMES WORD...: the words, so many of them moved from the front to the end.
rotate()
{
    times=$1
    shift
    while [ "$times" -gt 0 ]; do
        first=$1
        shift
        set -- "$@" "$first"
        times=$((times - 1))
    done
    echo "$*"
}
