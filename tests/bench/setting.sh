# The setting of the benchmark: the network, the programs, the machine, what stands behind the
# balancers, and how everything ends; read by tests/bench/run.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # variables are shared with the files that are read beside this

congestion=/proc/sys/net/ipv4/tcp_congestion_control

# How much of the machine has to be idle before anything is measured, in percent.
least_idle=95

# ---- the network ----

# Begins again in a network namespace of its own where that can be had. $@: the options.
enter_network()
{
    [ -x "$helper" ] || die "no k0slb-bench in $build/tests/bench: run make bench-build"
    [ -z "${K0SLB_BENCH_NETWORK:-}" ] || return 0
    if "$helper" alone true 2>/dev/null; then
        K0SLB_BENCH_NETWORK=own
        export K0SLB_BENCH_NETWORK
        exec "$helper" alone sh "$here/run" "$@"
    fi
    K0SLB_BENCH_NETWORK=shared
}

# The machine's own network: its default is changed as long as this takes, if it can be.
use_cubic()
{
    saved_congestion=
    [ "$(cat $congestion)" != cubic ] || return 0
    before=$(cat $congestion)
    if { echo cubic >$congestion; } 2>/dev/null; then
        saved_congestion=$before
    else
        note "sockets use $before: $congestion cannot be changed to cubic"
    fi
}

# ---- the programs ----

is_balancer_wanted()
{
    case " $peers " in
    *" $1 "*) return 0 ;;
    esac
    return 1
}

wants_wrk()
{
    is_wanted requests || is_wanted short || is_wanted calls || is_wanted views
}

# The programs that this run needs and that are not there, each with its Debian package.
missing_programs()
{
    {
        ! is_balancer_wanted haproxy || echo haproxy haproxy
        ! is_balancer_wanted nginx || echo nginx nginx-light
        if [ "$curve" = no ]; then
            ! wants_wrk || echo wrk wrk
            ! wants_wrk || echo nginx nginx-light
            ! is_wanted bulk || echo iperf3 iperf3
            ! is_wanted probes || echo nginx nginx-light
            ! is_wanted probes || echo openssl openssl
        fi
        echo timeout coreutils
    } | sort -u | while read -r program package; do
        command -v "$program" >/dev/null 2>&1 || echo "$program (Debian: $package)"
    done
}

nginx_has_streams()
{
    nginx -V 2>&1 | grep -q -- '--with-stream\( \|$\)' ||
        [ -f "$(nginx_modules)/ngx_stream_module.so" ]
}

nginx_has_tls()
{
    nginx -V 2>&1 | grep -q -- '--with-http_ssl_module'
}

check_programs()
{
    # Debian keeps balancers where only root looks for programs.
    PATH=$PATH:/usr/sbin:/sbin
    missing=$(missing_programs)
    [ -z "$missing" ] || die "not installed:
$missing"
    ! is_balancer_wanted nginx || nginx_has_streams ||
        die "this nginx has no stream module (Debian: libnginx-mod-stream)"
    [ "$curve" = yes ] || ! is_wanted probes || nginx_has_tls ||
        die "this nginx cannot speak TLS (Debian: nginx-light)"
    [ -x "$build/k0slbd" ] || die "no k0slbd in $build: run make"
    [ -x "$build/tests/standin/k0slb-standin" ] || die "no stand-in in $build: run make"
    ! grep -q __asan_init "$build/k0slbd" ||
        die "this k0slbd was built with sanitizers: what it costs says nothing"
}

# Whether system calls can be counted; says once why not.
can_count_calls()
{
    command -v strace >/dev/null 2>&1 && strace -c -o /dev/null true 2>/dev/null && return 0
    [ -n "${calls_were_skipped:-}" ] ||
        note "skipped: system calls: strace is missing or not allowed"
    calls_were_skipped=yes
    return 1
}

# ---- the machine ----

# Refuses to measure on a machine that does something else.
check_idle()
{
    idle=$(idle_percent)
    [ "$idle" -lt "$least_idle" ] || return 0
    [ "$force" = yes ] || die "the machine is busy: $idle % idle during a second," \
        "load average $(cut -d ' ' -f 1-3 /proc/loadavg). Wait, or use --force"
    note "the machine was busy: $idle % idle before the first round"
}

# The same between rounds, where it is too late to refuse.
look_at_idle()
{
    idle=$(idle_percent)
    [ "$idle" -ge "$least_idle" ] ||
        note "the machine was busy: $idle % idle before round $round"
}

meta()
{
    printf 'meta\t%s\t%s\n' "$1" "$2" >>"$work/results"
}

# The first line that a command prints, wherever it does.
first_line()
{
    "$@" 2>&1 | head -n 1
}

describe()
{
    meta balancers "$peers"
    meta date "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    meta kernel "$(uname -srm)"
    meta cpu "$(nproc) x $(sed -n 's/^model name[[:blank:]]*: //p' /proc/cpuinfo | head -n 1)"
    meta memory "$(awk '$1 == "MemTotal:" { printf "%.0f MiB", $2 / 1024 }' /proc/meminfo)"
    meta idle_before "$idle %"
    meta load_average "$(cut -d ' ' -f 1-3 /proc/loadavg)"
    meta network "$K0SLB_BENCH_NETWORK"
    meta congestion "$(cat $congestion)"
    meta backlog "$(cat /proc/sys/net/core/somaxconn) of $backlog"
    meta descriptors "$descriptors"
    meta k0slb "$(first_line "$build/k0slbd" -V)"
    meta commit "$(git -C "$here" describe --always --dirty 2>/dev/null || echo unknown)"
    meta cflags "$(sed -n 's/^CFLAGS = //p' "$build/Makefile" 2>/dev/null)"
    ! is_balancer_wanted haproxy || meta haproxy "$(first_line haproxy -v)"
    meta nginx "$(first_line nginx -v)"
    meta wrk "$(first_line wrk -v | cut -d ' ' -f 1-3)"
    meta iperf3 "$(first_line iperf3 --version | cut -d ' ' -f 1-2)"
    meta strace "$(first_line strace -V)"
    meta openssl "$(first_line openssl version | cut -d ' ' -f 1-2)"
    meta rounds "$rounds rounds of $seconds s each"
    meta command "$command"
}

# ---- from beginning to end ----

cleanup()
{
    status=$?
    trap '' HUP INT TERM
    trap - EXIT
    stop_all
    [ -z "$saved_congestion" ] || echo "$saved_congestion" >$congestion
    rm -rf "$work"
    exit "$status"
}

# How many seconds all of it should take.
estimate()
{
    if [ "$curve" = yes ]; then
        points=$(echo "$curve_list" | wc -w)
        echo $((rounds * peer_count * (points * (3 * seconds + 3) + 3 * (seconds + 2))))
        return
    fi
    each=0
    once=0
    ! is_wanted requests || each=$((each + seconds + 1))
    ! is_wanted short || each=$((each + seconds + 1))
    ! is_wanted bulk || each=$((each + 3 * (seconds + 1)))
    ! is_wanted storm || each=$((each + 2 * 4))
    ! is_wanted idle || each=$((each + 3))
    ! is_wanted probes || each=$((each + seconds + 4))
    ! is_wanted calls || once=$((2 * (calls_seconds + 1)))
    views=0
    ! is_wanted views || views=$((rounds * (2 * seconds + 12)))
    echo $((views + peer_count * $(echo "$worker_list" | wc -w) * (rounds * each + once) + 6))
}

begin()
{
    failed=0
    processes=
    saved_congestion=
    work=$(mktemp -d "${TMPDIR:-/tmp}/k0slb-bench.XXXXXX") || exit 1
    trap cleanup EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    mkdir "$work/log"
    instance=k0slb-bench-$$
    check_idle
    # shellcheck disable=SC3045 # every shell that is somebody's sh has it
    { ulimit -n "$(ulimit -Hn)" && descriptors=$(ulimit -n); }
    [ "$descriptors" != unlimited ] || descriptors=1048576
    if [ "$K0SLB_BENCH_NETWORK" = own ]; then
        echo "$backlog" >/proc/sys/net/core/somaxconn
    else
        use_cubic
    fi
    describe
    choose_ports
    expected=$(estimate)
    end_by=$(($(date +%s) + 3 * expected + 60))
    say "this takes about $(((expected + 59) / 60)) min"
}

# Ports that are free on every address that listens; the backends of a service have its own.
choose_ports()
{
    # shellcheck disable=SC2046 # thirteen numbers
    set -- $("$build/tests/standin/k0slb-standin" free 13 127.77.1.1 127.77.1.2 127.77.1.3 \
        127.77.2.1 127.77.2.2 127.77.2.3 127.77.40.1)
    [ $# -eq 13 ] || die "no free ports"
    http_port=$1
    echo_port=$2
    bulk_port=$3
    stats_port=$4
    api_port=$5
    shift 5
    view_ports=$*
}

# ---- what stands behind the balancers ----

# start_origin ADDRESS PORT COUNT: sends back what it gets; its number is in $started.
start_origin()
{
    start "origin-$1" "$helper" origin "$1" "$2" "$3"
    wait_until 5 grep -qs ready "$work/log/origin-$1" || die "no origin on $1"
}

# An nginx that answers every request with a few bytes.
start_http()
{
    {
        nginx_head 2 origin
        echo "http {
    access_log off;
    keepalive_requests 1000000000;
    server {"
        for address in 127.77.1.1 127.77.1.2 127.77.1.3; do
            echo "        listen $address:$http_port backlog=4096;"
        done
        echo "        location / { return 200 'ok'; }
    }
}"
    } >"$work/origin.conf"
    start http nginx -e stderr -p "$work" -c "$work/origin.conf"
    wait_until 5 test -s "$work/origin.pid" || {
        show http
        die "no nginx behind the balancers"
    }
}

all_services()
{
    echo "echo $echo_port yes 127.77.1.1 127.77.1.2 127.77.1.3
http $http_port yes 127.77.1.1 127.77.1.2 127.77.1.3
bulk $bulk_port no 127.77.1.1"
}

start_backends()
{
    all_services >"$work/services"
    start_origin 127.77.1.1 "$echo_port" 3
    ! command -v nginx >/dev/null 2>&1 || start_http
    if is_wanted bulk; then
        start iperf3 iperf3 -s -B 127.77.1.1 -p "$bulk_port" --forceflush
        wait_until 5 grep -qs listening "$work/log/iperf3" || die "no iperf3 behind the balancers"
    fi
    ! is_wanted probes || start_controllers
}

report()
{
    [ -z "$json" ] ||
        awk -v form=json -f "$here/number.awk" -f "$here/report.awk" "$here/rows" \
            "$work/results" >"$json" ||
        fail "cannot write $json"
    awk -f "$here/number.awk" -f "$here/report.awk" "$here/rows" "$work/results"
}
