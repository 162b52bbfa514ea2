#!/bin/sh
# A rolling upgrade: nginx as three TLS controllers, curl with watches that never end, and wrk with
# one short connection after the other. Each controller in turn is drained until k0slbctl says that
# it is safe to upgrade, is stopped and started anew, and is taken back. No new connection may fail,
# no watch may end but those of the controller in its turn, and each is used again afterwards.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check and wait_until call is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"

controllers='c1 c2 c3'
services='kubeAPI controllerJoinAPI'
watches=12 # at once; each controller has some
over=2s    # in so long a time the watches of one are closed
limit=60   # seconds that anything may take

# ---- certificates ----

make_certificates()
{
    make_authority ca || return 1
    for controller in $controllers; do
        make_certificate "$controller" IP:127.0.0.1 ca || return 1
    done
}

# ---- controllers ----

# A watch gets a few bytes each second for longer than this test takes.
write_nginx_configuration()
{
    cat <<END
daemon off;
master_process off;
pid $work/$1.pid-file;
error_log $work/log/$1;
events { worker_connections 1024; }
http {
    access_log off;
$(nginx_paths "$1")
    ssl_certificate $work/$1.crt;
    ssl_certificate_key $work/$1.key;
    add_header X-Controller $1;
    server {
        listen 127.0.0.1${1#c}:$api_port ssl;
        listen 127.0.0.1${1#c}:$join_port ssl;
        root $work/files;
        location /watch { limit_rate 256; }
    }
}
END
}

start_controller()
{
    write_nginx_configuration "$1" >"$work/$1.conf"
    start "$1" nginx -e "$work/log/$1" -c "$work/$1.conf"
}

make_files()
{
    mkdir -p "$work/files" && echo small >"$work/files/small" &&
        head -c 1048576 /dev/zero >"$work/files/watch"
}

# ---- k0slb ----

write_configuration()
{
    write_common "$stats_port"
    cat <<END
[controllers]
c1 = 127.0.0.11
c2 = 127.0.0.12
c3 = 127.0.0.13
[service kubeAPI]
listen = 127.0.0.1:$api_listen
port = $api_port
check = tls
slow_start = 1s
[service konnectivity]
enabled = no
[service controllerJoinAPI]
listen = 127.0.0.1:$join_listen
port = $join_port
check = tls
END
}

all_up()
{
    for service in $services; do
        for controller in $controllers; do
            backend_is "$service" "$controller" up L6OK || return 1
        done
    done
}

# ctl SECONDS VERB ...: what it says is kept, for said.
ctl()
{
    seconds=$1
    shift
    timeout "$seconds" "$k0slbctl" -n "$instance" "$@" >"$work/said" 2>&1
    status=$?
    cat "$work/said"
    return "$status"
}

said()
{
    grep -q -- "$1" "$work/said"
}

# Whether k0slbctl ends with status $1 ...
ends_with()
{
    wanted=$1
    shift
    ctl "$limit" "$@"
    [ "$?" -eq "$wanted" ]
}

# ---- watches ----

# Each one notes in its file of headers at which controller it is.
start_watch()
{
    start "watch$1" curl -sS -f -N --cacert "$work/ca.crt" -D "$work/watch$1.head" \
        -o /dev/null "https://127.0.0.1:$api_listen/watch"
    wait_until 10 grep -qs '^X-Controller' "$work/watch$1.head"
}

# Those that have ended begin again, as a client of Kubernetes does.
start_watches()
{
    number=1
    while [ "$number" -le "$watches" ]; do
        if ! is_running "watch$number"; then
            rm -f "$work/watch$number.pid" "$work/watch$number.head"
            start_watch "$number" || return 1
        fi
        number=$((number + 1))
    done
}

# The numbers of the watches that are at controller $1 and live.
watches_at()
{
    number=1
    while [ "$number" -le "$watches" ]; do
        ! grep -qs "^X-Controller: $1" "$work/watch$number.head" ||
            ! is_running "watch$number" || echo "$number"
        number=$((number + 1))
    done
}

has_watches()
{
    [ -n "$(watches_at "$1")" ]
}

# Every watch but "$@" still runs.
no_other_was_touched()
{
    number=1
    while [ "$number" -le "$watches" ]; do
        case " $* " in
        *" $number "*) ;;
        *) is_running "watch$number" || return 1 ;;
        esac
        number=$((number + 1))
    done
}

# None of "$@" does, and each was told so: curl does not take that for the end of the file.
were_closed()
{
    for number in "$@"; do
        is_gone "watch$number" && ! has_ended_well "watch$number" || return 1
    done
}

# ---- wrk ----

# A connection for each request.
start_wrk()
{
    start wrk wrk -t2 -c16 -d600s -H 'Connection: close' "https://127.0.0.1:$api_listen/small"
    wait_until 30 has_more_than kubeAPI c1 50
}

# wrk ends, and says what it has seen, at an interrupt.
end_wrk()
{
    kill -INT "$(pid_of wrk)" && wait_until 10 is_gone wrk
}

# What wrk counts as an error has a line of its own, which is there only when there was one.
wrk_has_no_error()
{
    cat "$work/log/wrk"
    grep -q 'requests in' "$work/log/wrk" && ! grep -q -e 'Socket errors' -e 'Non-2xx' "$work/log/wrk"
}

wrk_was_busy()
{
    requests=$(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' "$work/log/wrk")
    [ "${requests:-0}" -gt 1000 ]
}

# ---- the upgrade of one ----

is_down()
{
    for service in $services; do
        [ "$(backend_value "$service" "$1" status)" = drain ] &&
            [ "$(backend_value "$service" "$1" health)" = down ] || return 1
    done
}

# Controller $1 has had nothing new since, while the others have.
got_nothing_since()
{
    wait_until 30 has_more_than kubeAPI "$2" $(($(backend_total kubeAPI "$2") + 100)) &&
        [ "$(backend_total kubeAPI "$1")" = "$3" ]
}

# $1: the controller whose turn it is; $2: another one.
upgrade()
{
    wait_until 20 has_watches "$1"
    # shellcheck disable=SC2046 # numbers are words
    set -- "$1" "$2" $(watches_at "$1")
    turn=$1
    other=$2
    shift 2
    echo "$turn has watches: $*"
    check "$turn has watches" test $# -gt 0
    check "... and it is drained" ends_with 0 drain "$turn" --over "$over" --wait --timeout 30s
    check "... until it is safe to upgrade" said "^$turn: no session is left: safe to upgrade\$"
    check "... its watches have been closed" were_closed "$@"
    count=$(backend_total kubeAPI "$turn")
    check "... it gets nothing new" got_nothing_since "$turn" "$other" "$count"
    check "... another one cannot be taken out now" ends_with 1 drain "$other"
    check "... for the sake of etcd" said '1 of 3 controllers would be left, and etcd needs 2'
    check "... no other watch has been touched" no_other_was_touched "$@"
    check "... it is stopped" stop "$turn"
    check "... that is seen, while it is in drain" wait_until 10 is_down "$turn"
    check "... it is started, upgraded" start_controller "$turn"
    check "... and taken back" ends_with 0 ready "$turn" --wait --timeout 30s
    check "... it is up" said "^$turn: up\$"
    check "... and gets new connections" wait_until 30 has_more_than kubeAPI "$turn" \
        $((count + 50))
    check "... new watches come" start_watches
}

# ---- the test ----

begin drain
need nginx wrk curl openssl timeout

# shellcheck disable=SC2046 # five words are meant
set -- $("$standin" free 5 127.0.0.1 127.0.0.11 127.0.0.12 127.0.0.13)
api_port=$1 join_port=$2 api_listen=$3 join_listen=$4 stats_port=$5

require "certificates are made" make_certificates
require "files are made" make_files
for controller in $controllers; do
    start_controller "$controller"
done
write_configuration >"$work/k0slb.ini"
start k0slbd "$k0slbd" -c "$work/k0slb.ini"
require "k0slb shows three controllers up" wait_until 15 all_up
require "$watches watches begin" start_watches
require "wrk begins" start_wrk

upgrade c1 c2
upgrade c2 c3
upgrade c3 c1

check "wrk ends" end_wrk
check "... and had no error" wrk_has_no_error
check "... in more than 1000 connections" wrk_was_busy
check "no connection was refused" test "$(curl -s "http://127.0.0.1:$stats_port/stats.json" |
    grep -c '"refused":[1-9]')" -eq 0
check "the events tell of it" ends_with 0 events
check "... who it was" said "  kubeAPI/c3: drain over $over by uid "
check "... and when it was back" said '  controllerJoinAPI/c3: ready by uid '
check "k0slbctl stop ends it" ctl "$limit" stop
check "... in order" wait_until 5 is_gone k0slbd
check "no memory of it is left" has_left_no_memory
finish
