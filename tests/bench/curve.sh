# The cost curve: what a request and a new connection cost while more and more connections are open,
# and what a new connection costs with more and more backends; read by tests/bench/run.
# shellcheck shell=sh
# shellcheck disable=SC2086,SC2154 # lists are meant to be split, variables are shared

# How many connections one process of clients or of backends takes on.
most_each=10000

# point SERIES X VALUE: of the balancer that is running.
point()
{
    printf 'point\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$balancer_name" "$round" "$3" >>"$work/results"
}

# How many processes $1 connections need.
processes_for()
{
    echo $((($1 + most_each - 1) / most_each))
}

# write_echo ADDRESS COUNT: the one service of this curve, with so many addresses from ADDRESS on.
write_echo()
{
    echo "echo $echo_port yes $(addresses_from "$1" "$2")" >"$work/services"
}

# every_crowd COUNT WORD: tells each of them to do WORD for a while, and waits. Afterwards $done,
# $undone and $cost_us (of the balancer, for each) are known.
every_crowd()
{
    before=$(balancer_cpu)
    for crowd in $(seq 0 $(($1 - 1))); do
        tell_crowd "$crowd" "$2 $seconds"
    done
    done=0
    undone=0
    for crowd in $(seq 0 $(($1 - 1))); do
        wait_until $((seconds + 15)) crowd_has_done "$crowd" "$2"
        done=$((done + $(crowd_number "$crowd" "$2" 2)))
        undone=$((undone + $(crowd_number "$crowd" "$2" 3)))
    done
    after=$(balancer_cpu)
    [ "$undone" -eq 0 ] || fail "$(here_it_is), $where: $undone of $((done + undone)) $2 failed"
    if [ "$done" -eq 0 ]; then
        fail "$(here_it_is), $where: no $2"
        show crowd0 "$balancer_name"
        return 1
    fi
    cost_us=$(calculate "($after - $before) / 1e3 / $done")
}

# with_open CONNECTIONS: all costs, while so many are open through the balancer.
with_open()
{
    where="$1 open connections"
    crowds=$(processes_for "$1")
    for crowd in $(seq 0 $((crowds - 1))); do
        start_crowd "$crowd" $(($1 / crowds)) $(((64 + crowds - 1) / crowds))
    done
    all_open=yes
    for crowd in $(seq 0 $((crowds - 1))); do
        crowd_is_open "$crowd" $(($1 / crowds)) || all_open=no
    done
    if [ "$all_open" = yes ]; then
        every_crowd "$crowds" few && point few "$1" "$cost_us"
        every_crowd "$crowds" requests && point request "$1" "$cost_us"
        every_crowd "$crowds" connects && point connection "$1" "$cost_us"
    else
        fail "$(here_it_is), $where: not all of them could be opened"
        show crowd0 "$balancer_name"
    fi
    for crowd in $(seq 0 $((crowds - 1))); do
        end_crowd "$crowd"
    done
}

# with_backends COUNT: what a new connection costs; none is held.
with_backends()
{
    where="$1 backends"
    start_crowd 0 0 64
    if crowd_is_open 0 0; then
        every_crowd 1 connects && point backends "$1" "$cost_us"
    fi
    end_crowd 0
}

# on_each_balancer WORKERS CONNECTIONS COMMAND...: the command with each balancer in turn, unless
# one of its processes had too few descriptors for so many connections.
on_each_balancer()
{
    curve_workers=$1
    curve_connections=$2
    shift 2
    for peer in $(rotate "$(((round - 1) % peer_count))" $peers); do
        needed=$(descriptors_for "$peer" "$curve_connections" "$curve_workers")
        if at_least "$needed" "$descriptors"; then
            [ "$round" -gt 1 ] || note "skipped: $peer with $curve_connections connections:" \
                "one process needs $needed descriptors and may have $descriptors"
            continue
        fi
        time_is_left "$*, $peer, round $round" || continue
        say "round $round of $rounds, $curve_workers workers, $*: $peer"
        start_balancer "$peer" "$curve_workers" || continue
        "$@"
        balancer_is_whole || fail "$(here_it_is), $*: a process has ended"
        stop_balancer
    done
}

curve_of_connections()
{
    for connections in $curve_list; do
        count=$(processes_for "$connections")
        [ "$count" -ge 3 ] || count=3
        write_echo 127.77.20.1 "$count"
        backends=
        for place in $(seq 1 "$count"); do
            start_origin "127.77.20.$place" "$echo_port" 1
            backends="$backends $started"
        done
        on_each_balancer "$1" "$connections" with_open "$connections"
        for pid_of_backend in $backends; do
            stop "$pid_of_backend"
        done
    done
}

curve_of_backends()
{
    start_origin 127.77.30.1 "$echo_port" 300
    backend=$started
    for count in 3 30 300; do
        write_echo 127.77.30.1 "$count"
        on_each_balancer "$1" 64 with_backends "$count"
    done
    stop "$backend"
}

# How many workers all points of the curve are measured with: the largest number that was asked for,
# or as many as the largest number of connections needs.
workers_for_curve()
{
    most=0
    for workers in $worker_list; do
        [ "$workers" -le "$most" ] || most=$workers
    done
    for connections in $curve_list; do
        while [ "$most" -lt 16 ] &&
            at_least "$(descriptors_for k0slb "$connections" "$most")" "$descriptors"; do
            most=$((most + 1))
        done
    done
    echo "$most"
}

measure_curve()
{
    most=$(workers_for_curve)
    meta curve_workers "$most"
    for round in $(seq 1 "$rounds"); do
        [ "$round" -eq 1 ] || look_at_idle
        curve_of_connections "$most"
        curve_of_backends "$most"
    done
}
