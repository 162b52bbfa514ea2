# What the tests with other people's programs share; read by them with `.'. A test calls begin
# first and finish last, and between them check for each thing that has to be true. Processes,
# files and logs of a test belong to it: they go with it, however it ends.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2317 # variables and functions are for the tests that read this

set -u
LC_ALL=C
export LC_ALL

: "${K0SLB_BUILDDIR:?is not set; run this by make check-real}"
standin=$K0SLB_BUILDDIR/tests/standin/k0slb-standin
k0slbd=$K0SLB_BUILDDIR/k0slbd
k0slbctl=$K0SLB_BUILDDIR/k0slbctl

# ---- the frame of a test ----

# $1: the test's name. Makes $work, a directory for everything.
begin()
{
    test_name=$1
    instance=k0slb-$1-$$
    passed=0
    failed=0
    skipped=0
    processes=
    work=$(mktemp -d "${TMPDIR:-/tmp}/k0slb-$1.XXXXXX") || exit 1
    mkdir "$work/log"
    trap break_off EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# Skips the whole test for the reason $1.
skip()
{
    echo "skipped: $1"
    skipped=1
    finish
}

# Skips the whole test unless the programs "$@" are there.
need()
{
    for program in "$@"; do
        command -v "$program" >/dev/null 2>&1 || skip "$program is not installed"
    done
}

# Before another program takes this one's place: the undoing of begin.
give_up_work()
{
    trap - EXIT HUP INT TERM
    rm -rf "$work"
}

# Keeps what k0slb says at this moment, for the log of failure $1.
note_status()
{
    {
        echo "when this failed: $1"
        "$k0slbctl" -n "$instance" status
    } >>"$work/log/status" 2>&1
}

# $1: what has to be true; the rest: a command that finds out.
check()
{
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok: $what"
    else
        failed=$((failed + 1))
        echo "FAILED: $what"
        note_status "$what"
    fi
}

# As check; without it the rest of the test makes no sense.
require()
{
    check "$@"
    [ "$failed" -eq 0 ] || finish
}

show_logs()
{
    for log in "$work"/log/*; do
        [ -s "$log" ] || continue
        echo "---- the end of ${log##*/}:"
        tail -n 60 "$log"
    done
}

leave()
{
    trap '' HUP INT TERM
    trap - EXIT
    [ "$failed" -eq 0 ] || show_logs
    stop_all
    rm -rf "$work"
    echo "$test_name: $passed passed, $failed failed, $skipped skipped"
}

# The end that nobody planned: a signal, or a mistake in the test.
break_off()
{
    status=$?
    failed=$((failed + 1))
    echo "FAILED: ended early, with status $status"
    note_status "ended early"
    leave
    exit 1
}

finish()
{
    # Built with sanitizers, a program tells of its mistakes in its log.
    ! grep -q -e 'Sanitizer' -e 'runtime error:' "$work"/log/* 2>/dev/null ||
        check "no sanitizer has complained" false
    leave
    [ "$failed" -eq 0 ] || exit 1
    [ "$passed" -gt 0 ] || exit 77
    exit 0
}

# ---- processes ----

# Starts a program as $1; its output goes to a log of that name.
start()
{
    name=$1
    shift
    "$@" >>"$work/log/$name" 2>&1 </dev/null &
    echo $! >"$work/$name.pid"
    processes="$name $processes"
}

pid_of()
{
    cat "$work/$1.pid" 2>/dev/null
}

# Whether $1 was started and lives. A number that is no child of this shell belongs to another.
is_running()
{
    [ -f "$work/$1.pid" ] && grep -qs "^PPid:[[:space:]]*$$\$" "/proc/$(pid_of "$1")/status"
}

is_gone()
{
    ! is_running "$1"
}

# Whether $1, which has gone, ended with status 0.
has_ended_well()
{
    wait "$(pid_of "$1")" 2>/dev/null
}

# Sends signal $2 (TERM) to $1 and waits until it has gone. Fails when a TERM was not followed by an
# orderly end; a stubborn process is killed.
stop()
{
    stopped=0
    if is_running "$1"; then
        kill -"${2:-TERM}" "$(pid_of "$1")"
        wait_until 10 is_gone "$1" || kill -KILL "$(pid_of "$1")"
        has_ended_well "$1" || [ "${2:-TERM}" != TERM ] || stopped=1
    fi
    rm -f "$work/$1.pid"
    return "$stopped"
}

# The last started first.
stop_all()
{
    for name in $processes; do
        stop "$name"
    done
    processes=
}

# ---- waiting ----

# Tries a command until it succeeds, for at most $1 seconds.
wait_until()
{
    deadline=$(($(date +%s) + $1))
    shift
    until "$@"; do
        [ "$(date +%s)" -le "$deadline" ] || return 1
        sleep 0.05
    done
}

# ---- certificates ----

# Makes the authority $1.crt and $1.key.
make_authority()
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 60 \
        -subj "/CN=$1 of $test_name" -keyout "$work/$1.key" -out "$work/$1.crt" \
        2>>"$work/log/openssl"
}

# Makes $1.crt and $1.key, signed by authority $3, for a server and client whose names are $2.
make_certificate()
{
    printf 'extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=%s\n' "$2" >"$work/$1.ext"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
        -keyout "$work/$1.key" -out "$work/$1.csr" 2>>"$work/log/openssl" &&
        openssl x509 -req -in "$work/$1.csr" -CA "$work/$3.crt" -CAkey "$work/$3.key" \
            -CAcreateserial -days 60 -extfile "$work/$1.ext" -out "$work/$1.crt" \
            2>>"$work/log/openssl"
}

# ---- what k0slb says ----

# Writes the part of the configuration that a test does not care about; $1: the stats port.
write_common()
{
    echo "[k0slb]"
    echo "name = $instance"
    # Root's children become a user that is there on every machine.
    [ "$(id -u)" -ne 0 ] || echo "user = nobody"
    echo "[stats]"
    echo "listen = 127.0.0.1:$1"
}

# Where the nginx named $1 puts what it has no room for: lines for its http section.
nginx_paths()
{
    for kind in client_body proxy fastcgi uwsgi scgi; do
        echo "    ${kind}_temp_path $work/$1-$kind;"
    done
}

# The object that /stats.json has for backend $2 of service $1; $stats_port says where.
backend_json()
{
    # shellcheck disable=SC2154 # the test has set it
    curl -s -m 5 "http://127.0.0.1:$stats_port/stats.json" | awk -v service="$1" -v backend="$2" '{
        count = split($0, part, /\{"name":"/)
        for (i = 2; i <= count; i++) {
            name = substr(part[i], 1, index(part[i], "\"") - 1)
            if (index(part[i], name "\",\"enabled\":") == 1)
                current = name
            else if (current == service && name == backend)
                print part[i]
        }
    }'
}

# The first value of key $3 of backend $2 of service $1.
backend_value()
{
    backend_json "$1" "$2" | awk -v key="\"$3\":" '{
        start = index($0, key)
        if (start == 0)
            exit
        value = substr($0, start + length(key))
        end = sub(/^"/, "", value) ? "\".*" : "[,}].*"
        sub(end, "", value)
        print value
    }'
}

# Whether backend $2 of service $1 has status $3, for a reason that matches $4 (any).
backend_is()
{
    [ "$(backend_value "$1" "$2" status)" = "$3" ] || return 1
    backend_value "$1" "$2" reason | grep -q -- "${4:-.}"
}

# How many connections backend $2 of service $1 has had.
backend_total()
{
    backend_value "$1" "$2" total
}

# Whether backend $2 of service $1 has had more than $3 connections.
has_more_than()
{
    [ "$(backend_total "$1" "$2")" -gt "$3" ]
}

# The processes below process $1, as numbers.
children_of()
{
    cat /proc/[0-9]*/status 2>/dev/null | awk -v parent="$1" '
        $1 == "Pid:" { pid = $2 }
        $1 == "PPid:" && $2 == parent { print pid }'
}

are_gone()
{
    for number in "$@"; do
        [ ! -d "/proc/$number" ] || return 1
    done
}

# Whether nobody listens on the ports "$@" of 127.0.0.1.
are_closed()
{
    for port in "$@"; do
        curl -s -m 2 -o /dev/null "http://127.0.0.1:$port/"
        [ $? -eq 7 ] || return 1
    done
}

has_left_no_memory()
{
    for file in "/dev/shm/$instance"*; do
        [ ! -e "$file" ] || return 1
    done
}
