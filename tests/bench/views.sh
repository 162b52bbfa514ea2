# What looking costs: CPU of the stats process for each kind of view of 1,000 backends, and what 200
# of them in a second, of three backends, do to requests beside them; read by tests/bench/run. No
# other balancer takes part: theirs is in the process that carries connections.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # variables are shared with the files that are read beside this

# views: their kinds, each with what is asked for.
viewed='page text json csv metrics'
scrapes_per_second=200

path_of_view()
{
    case $1 in
    page | text) echo / ;;
    json) echo /stats.json ;;
    csv) echo '/;csv' ;;
    metrics) echo /metrics ;;
    esac
}

accept_of_view()
{
    [ "$1" = page ] && echo text/html || echo '*/*'
}

# 997 backends beside the three that show that it works, in eight services; nothing is there.
viewed_services()
{
    echo "echo $echo_port no 127.77.1.1 127.77.1.2 127.77.1.3"
    number=0
    for port in $view_ports; do
        number=$((number + 1))
        count=125
        [ "$number" -gt 3 ] || count=124
        echo "a-service-of-many-$number $port yes $(addresses_from "127.77.5$number.1" "$count")"
    done
}

# The one that answers HTTP.
stats_process()
{
    for pid in $balancer_pids; do
        ! grep -qs 'stats' "/proc/$pid/cmdline" || echo "$pid"
    done
}

# scrape LOG PER-SECOND SECONDS ACCEPT PATH...: afterwards $scraped and $scrape_failed are known.
scrape()
{
    scrape_log=$1
    shift
    bounded $(($2 + 10)) "$scrape_log" "$helper" scrape "$(address_of k0slb)" "$stats_port" "$@"
    read_scrape "$scrape_log"
}

read_scrape()
{
    # shellcheck disable=SC2046 # six words
    set -- "$1" $(grep '^scrape ' "$work/log/$1")
    if [ $# -ne 7 ] || [ "$4" -gt 0 ]; then
        fail "$test_name, round $round: ${4:-no} scrapes failed"
        show "$1" k0slb
        return 1
    fi
    scraped=$3
}

measure_views_of()
{
    stats_pid=$(stats_process)
    for view in $viewed; do
        cpu_before=$(cpu_ns "$stats_pid")
        scrape "view-$view" 0 1 "$(accept_of_view "$view")" "$(path_of_view "$view")" || return 1
        cpu_after=$(cpu_ns "$stats_pid")
        sample "views.$view" "$(calculate "($cpu_after - $cpu_before) / 1e6 / $scraped")"
    done
}

# Requests with nobody who looks; sets $alone.
requests_alone()
{
    drive_wrk "$seconds" || return 1
    alone=$p99
}

# The same with somebody who does; sets $beside.
requests_beside()
{
    start scrapes "$helper" scrape "$(address_of k0slb)" "$stats_port" "$scrapes_per_second" \
        "$seconds" '*/*' /metrics /stats.json
    scraper=$started
    drive_wrk "$seconds" || return 1
    beside=$p99
    wait_until 5 has_ended "$scraper"
    stop "$scraper"
    read_scrape scrapes || return 1
    at_least "$scraped" "0.9 * $scrapes_per_second * $seconds" ||
        fail "$test_name, round $round: only $scraped scrapes in $seconds s"
}

# Both in turn, behind one that warms everything up; what comes first changes with the round.
measure_scrapes()
{
    drive_wrk 1 || return 1
    if [ $((round % 2)) -eq 1 ]; then
        requests_alone && requests_beside || return 1
    else
        requests_beside && requests_alone || return 1
    fi
    sample scrapes.alone "$alone"
    sample scrapes.beside "$beside"
    sample scrapes.ratio "$(calculate "$beside / $alone")"
}

# with_k0slb WORKERS COMMAND: the command with a fresh one.
with_k0slb()
{
    start_balancer k0slb "$1" || return 1
    "$2" && { balancer_is_whole || fail "$test_name: a process has ended"; }
    stop_balancer
}

# One after the other in each round; with two workers, as many as it has without being told.
measure_views()
{
    test_name=views
    for round in $(seq 1 "$rounds"); do
        time_is_left "views, round $round" || return
        say "round $round of $rounds: views"
        viewed_services >"$work/services"
        with_k0slb 2 measure_views_of
        all_services >"$work/services"
        with_k0slb 2 measure_scrapes
    done
}
