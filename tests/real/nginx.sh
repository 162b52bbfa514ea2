#!/bin/sh
# nginx as three TLS controllers behind the three built-in services: curl moves 50 MiB up and down
# in 64 connections at once while k0slb is reloaded with other weights and timeouts, and wrk is at
# it during another reload. Not a byte may be wrong, and no worker may be replaced.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check and wait_until call is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"

controllers='c1 c2 c3'
services='kubeAPI konnectivity controllerJoinAPI'
size=50          # MiB of a transfer
each_way=32      # transfers up, and as many down
rate=8M          # a second, at most: a fast machine is reloaded during the transfers too
reloads_wanted=5 # while there are transfers
limit=90         # seconds that all transfers together may take
room=$((size * (each_way + 4) * 1024)) # KiB: the uploads, the file itself, and some more

# ---- certificates ----

# The controllers' clients know k0slb's address only.
make_certificates()
{
    make_authority ca || return 1
    for controller in $controllers; do
        make_certificate "$controller" IP:127.0.0.1 ca || return 1
    done
}

# ---- controllers ----

# Connections end now and then, so that wrk makes new ones all the time. A controller is a single
# process. What it gets is put together beside the place where it is kept.
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
    keepalive_requests 100;
    client_max_body_size 0;
$(nginx_paths "$1")
    ssl_certificate $work/$1.crt;
    ssl_certificate_key $work/$1.key;
    server {
        listen 127.0.0.1${1#c}:$api_port ssl;
        listen 127.0.0.1${1#c}:$konnectivity_port ssl;
        listen 127.0.0.1${1#c}:$join_port ssl;
        root $work/files;
        location /up/ { dav_methods PUT; }
    }
}
END
}

start_controller()
{
    write_nginx_configuration "$1" >"$work/$1.conf"
    start "$1" nginx -e "$work/log/$1" -c "$work/$1.conf"
}

has_dav()
{
    nginx -V 2>&1 | grep -q http_dav_module
}

has_room()
{
    [ "$(df -Pk "$work" | awk 'NR == 2 { print $4 }')" -gt "$room" ]
}

make_files()
{
    mkdir -p "$work/files/up" && echo small >"$work/files/small" &&
        head -c "$((size * 1048576))" /dev/urandom >"$work/files/large" &&
        digest=$(sha256sum <"$work/files/large")
}

# ---- k0slb ----

# $1: which file it is. From one to the next, every weight and timeout is another.
write_configuration()
{
    write_common "$stats_port"
    cat <<END
[defaults]
connect_timeout = $((2 + $1 % 2))s
half_close_timeout = $((5 + $1 % 3))m
[controllers]
c1 = 127.0.0.11 weight=$((1 + $1 % 2))
c2 = 127.0.0.12 weight=$((2 + $1 % 3))
c3 = 127.0.0.13 weight=$((2 - $1 % 2))
[service kubeAPI]
listen = 127.0.0.1:$api_listen
port = $api_port
check = tls
idle_timeout = $((10 + $1 % 4))m
[service konnectivity]
listen = 127.0.0.1:$konnectivity_listen
port = $konnectivity_port
check = tls
idle_timeout = $((60 + $1 % 4))m
[service controllerJoinAPI]
listen = 127.0.0.1:$join_listen
port = $join_port
check = tls
idle_timeout = $((30 + $1 % 4))m
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

# Each controller has had a connection of each service's clients.
all_used()
{
    for service in $services; do
        for controller in $controllers; do
            has_more_than "$service" "$controller" 0 || return 1
        done
    done
}

ctl()
{
    "$k0slbctl" -n "$instance" "$@"
}

# Whether as many sessions are open as $1 matches.
has_sessions()
{
    ctl status | grep -q "^workers .* $1 sessions open\$"
}

epoch_is()
{
    ctl status | grep -q "^epoch    $1,"
}

# A reload replaces the checker; the workers have to stay.
workers()
{
    for child in $(children_of "$(pid_of k0slbd)"); do
        ! grep -qs '^worker' "/proc/$child/comm" || echo "$child"
    done
}

has_same_workers()
{
    [ -n "$first_workers" ] && [ "$(workers)" = "$first_workers" ]
}

reload()
{
    reloads=$((reloads + 1))
    write_configuration "$reloads" >"$work/k0slb.ini"
    ctl reload >>"$work/log/reloads" 2>&1
}

# ---- transfers ----

# The port of the service for transfer $1.
port_for()
{
    case $(($1 % 3)) in
    0) echo "$api_listen" ;;
    1) echo "$konnectivity_listen" ;;
    2) echo "$join_listen" ;;
    esac
}

# Starts curl as $1 with the path $2 of the service for transfer $3.
start_curl()
{
    name=$1
    url=https://127.0.0.1:$(port_for "$3")$2
    shift 3
    start "$name" curl -sS -f -m "$limit" --limit-rate "$rate" --cacert "$work/ca.crt" "$@" "$url"
}

# What arrives is not kept, for it is much.
start_download()
{
    mkfifo "$work/pipe$1" && start "sum$1" sha256sum "$work/pipe$1" &&
        start_curl "down$1" /large "$1" -o "$work/pipe$1"
}

start_upload()
{
    start_curl "up$1" "/up/$1" "$1" -T "$work/files/large"
}

start_transfers()
{
    number=1
    while [ "$number" -le "$each_way" ]; do
        start_download "$number" && start_upload "$number" || return 1
        number=$((number + 1))
    done
}

are_busy()
{
    number=1
    while [ "$number" -le "$each_way" ]; do
        ! is_running "down$number" && ! is_running "up$number" || return 0
        number=$((number + 1))
    done
    return 1
}

# Reloads until all transfers have ended; counts in $reloads_meanwhile those that were over before.
reload_while_busy()
{
    reloads_meanwhile=0
    end=$(($(date +%s) + limit + 10))
    while are_busy; do
        [ "$(date +%s)" -le "$end" ] && reload || return 1
        ! are_busy || reloads_meanwhile=$((reloads_meanwhile + 1))
        sleep 0.5
    done
}

download_is_whole()
{
    wait_until 5 is_gone "sum$1" && has_ended_well "down$1" && has_ended_well "sum$1" &&
        grep -q "^${digest%% *} " "$work/log/sum$1" && rm "$work/log/sum$1"
}

upload_is_whole()
{
    is_gone "up$1" && has_ended_well "up$1" &&
        [ "$(sha256sum <"$work/files/up/$1")" = "$digest" ] && rm "$work/files/up/$1"
}

# Whether every one is, in direction $1.
are_whole()
{
    wrong=0
    number=1
    while [ "$number" -le "$each_way" ]; do
        if ! "$1_is_whole" "$number"; then
            echo "$1 $number is not whole" >>"$work/log/wrong"
            wrong=$((wrong + 1))
        fi
        number=$((number + 1))
    done
    [ "$wrong" -eq 0 ]
}

# ---- wrk ----

# wrk says nothing before its end.
start_wrk()
{
    start wrk wrk -t2 -c64 -d10s "https://127.0.0.1:$api_listen/small"
    wait_until 5 has_sessions '[1-9][0-9]*'
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

# ---- the test ----

begin nginx
need nginx wrk curl openssl sha256sum mkfifo
has_dav || skip "nginx has no dav module"
has_room || skip "there is no room for $((room / 1024)) MiB"

# shellcheck disable=SC2046 # seven words are meant
set -- $("$standin" free 7 127.0.0.1 127.0.0.11 127.0.0.12 127.0.0.13)
api_port=$1 konnectivity_port=$2 join_port=$3
api_listen=$4 konnectivity_listen=$5 join_listen=$6 stats_port=$7

require "certificates are made" make_certificates
require "$size MiB are made" make_files
for controller in $controllers; do
    start_controller "$controller"
done
reloads=0
write_configuration 0 >"$work/k0slb.ini"
start k0slbd "$k0slbd" -c "$work/k0slb.ini"
require "k0slb shows three controllers up on each port" wait_until 15 all_up
first_workers=$(workers)

require "$((2 * each_way)) transfers of $size MiB begin" start_transfers
check "... all at once" wait_until 10 has_sessions $((2 * each_way))
began=$(date +%s)
check "every reload until they end is 0" reload_while_busy
echo "$reloads reloads in $(($(date +%s) - began)) s"
check "... at least $reloads_wanted while there were transfers" \
    test "$reloads_meanwhile" -ge "$reloads_wanted"
check "... each put a file in force" epoch_is $((1 + reloads))
check "$each_way downloads have arrived whole" are_whole download
check "$each_way uploads have arrived whole" are_whole upload
check "every controller had its share on each port" all_used
check "every worker is the one it was" has_same_workers

check "wrk begins" start_wrk
sleep 4
check "a reload is 0" reload
check "... and wrk was at it" is_running wrk
check "wrk ends" wait_until 20 is_gone wrk
check "... well" has_ended_well wrk
check "... and had no error" wrk_has_no_error
check "... in more than 1000 requests" wrk_was_busy
check "every worker is the one it was" has_same_workers

check "k0slbctl stop ends it" ctl stop
check "... in order" wait_until 5 is_gone k0slbd
check "no memory of it is left" has_left_no_memory
finish
