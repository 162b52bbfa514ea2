#!/bin/sh
# etcd through k0slb: three members with TLS and client certificates, of which one dies while
# values are put and watched. k0slb has no client certificate: that the members refuse its probes
# for that must not make them look down. Then k0slb is told to reload again and again while values
# are put: no put fails, no watch breaks, and k0slb does not grow.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check and wait_until call is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"

puts=200
first_half=100     # puts before the member dies
while_down=50      # puts before it is started again
reloads=20
puts_a_reload=6    # at least
growth_limit=256   # KiB that reloads may cost the master
members='1 2 3'

# ---- certificates ----

# A client reaches a member by its own address, or by k0slb's.
make_certificates()
{
    make_authority ca && make_certificate client DNS:client ca || return 1
    for member in $members; do
        make_certificate "m$member" "IP:127.0.0.1$member,IP:127.0.0.1" ca || return 1
    done
}

# ---- members ----

client_url()
{
    echo "https://127.0.0.1$1:$client_port"
}

peer_url()
{
    echo "https://127.0.0.1$1:$peer_port"
}

# Election and heartbeat are slower than etcd's own: a busy machine is no reason to elect.
start_member()
{
    cluster="m1=$(peer_url 1),m2=$(peer_url 2),m3=$(peer_url 3)"
    start "m$1" etcd --name "m$1" --data-dir "$work/data$1" \
        --listen-client-urls "$(client_url "$1")" --advertise-client-urls "$(client_url "$1")" \
        --listen-peer-urls "$(peer_url "$1")" --initial-advertise-peer-urls "$(peer_url "$1")" \
        --initial-cluster "$cluster" --initial-cluster-token "$instance" \
        --heartbeat-interval 200 --election-timeout 2000 --logger zap --log-level warn \
        --client-cert-auth --trusted-ca-file "$work/ca.crt" \
        --cert-file "$work/m$1.crt" --key-file "$work/m$1.key" \
        --peer-client-cert-auth --peer-trusted-ca-file "$work/ca.crt" \
        --peer-cert-file "$work/m$1.crt" --peer-key-file "$work/m$1.key"
}

# etcdctl for the endpoints $1.
ctl()
{
    endpoints=$1
    shift
    etcdctl --endpoints "$endpoints" --cacert "$work/ca.crt" --cert "$work/client.crt" \
        --key "$work/client.key" "$@"
}

every_member()
{
    echo "$(client_url 1),$(client_url 2),$(client_url 3)"
}

is_cluster_healthy()
{
    ctl "$(every_member)" endpoint health >>"$work/log/etcdctl" 2>&1
}

# The number of a member that does not lead; $1: not this one.
find_follower()
{
    ctl "$(every_member)" endpoint status 2>>"$work/log/etcdctl" |
        sed -n 's/^[^,]*127\.0\.0\.1\([123]\):[^,]*, [^,]*, [^,]*, [^,]*, false, .*/\1/p' |
        grep -v "^${1:-none}\$" | head -n 1
}

# ---- k0slb ----

# Writes what reload number $1 brings. Even ones are as the start, number 0; odd ones differ in all
# that is changed here, and have one more service.
write_configuration()
{
    write_common "$stats_port"
    if [ $(($1 % 2)) -eq 0 ]; then
        write_service etcd "$service_port" 1 1 1
    else
        write_service etcd "$service_port" 1 3 2
        echo "connect_timeout = 1s"
        echo "check_interval = 300ms"
        write_service extra "$extra_port" 1 1 1
    fi
}

# $1: its name, $2: its port, then the weight of each member.
write_service()
{
    echo "[service $1]"
    echo "listen = 127.0.0.1:$2"
    echo "balance = roundrobin"
    echo "check = tls"
    shift 2
    for member in $members; do
        echo "server m$member = 127.0.0.1$member:$client_port weight=$1"
        shift
    done
}

all_up()
{
    for member in $members; do
        backend_is etcd "m$member" up L6OK || return 1
    done
}

# ---- puts and watches ----

# Puts values number $1 to $2, each by a client of its own, and counts what failed in $put_failures.
put_range()
{
    number=$1
    while [ "$number" -le "$2" ]; do
        ctl "$service_url" put "key/$number" "value-$number" >>"$work/log/puts" 2>&1 || {
            put_failures=$((put_failures + 1))
            echo "put $number failed" >>"$work/log/puts"
        }
        number=$((number + 1))
    done
}

# Starts a watch as $1 through endpoint $2.
start_watch()
{
    start "$1" etcdctl --endpoints "$2" --cacert "$work/ca.crt" --cert "$work/client.crt" \
        --key "$work/client.key" watch --prefix key/
    # It says nothing until something happens: a value of its own tells that it has begun.
    wait_until 10 sees_probe "$1"
}

sees_probe()
{
    ctl "$service_url" put "key/probe" "probe" >>"$work/log/etcdctl" 2>&1
    grep -q '^probe$' "$work/log/$1"
}

# Whether watch $1 has seen every value.
has_seen_all()
{
    [ "$(grep '^value-' "$work/log/$1" | sort -u | wc -l)" -eq "$puts" ]
}

# Whether k0slb has found a member for every client: etcdctl would try again and say nothing.
has_refused_nobody()
{
    "$k0slbctl" -n "$instance" status --json etcd >"$work/json" &&
        grep -q '"refused":0,' "$work/json" && ! grep -q '"refused":[1-9]' "$work/json"
}

are_all_stored()
{
    stored=$(ctl "$service_url" get --prefix key/ --print-value-only | grep -c '^value-')
    [ "$stored" -eq "$puts" ]
}

# Whether every member has had more connections than $1.
all_have_more_than()
{
    for member in $members; do
        has_more_than etcd "m$member" "$1" || return 1
    done
}

# Asks until the member that was down has served one more connection than before.
is_reached()
{
    ctl "$service_url" get key/1 >>"$work/log/etcdctl" 2>&1
    has_more_than etcd "m$1" "$2"
}

# ---- reloads under load ----

# Puts values from number $1 on until told to end; one line a put, with the failures so far.
put_until_told()
{
    put_failures=0
    value=$1
    while [ ! -e "$work/enough" ]; do
        put_range "$value" "$value"
        value=$((value + 1))
        echo "$put_failures" >>"$work/load"
    done
}

count_load()
{
    wc -l <"$work/load"
}

has_put()
{
    [ "$(count_load)" -ge "$1" ]
}

is_extra_served()
{
    ctl "https://127.0.0.1:$extra_port" get key/1 >>"$work/log/etcdctl" 2>&1
}

# Counts in $reloaded, $added and $removed what went well with reload number $1.
reload_once()
{
    write_configuration "$1" >"$work/k0slb.ini"
    ! "$k0slbctl" -n "$instance" reload >>"$work/log/reload" 2>&1 ||
        reloaded=$((reloaded + 1))
    if [ $(($1 % 2)) -eq 0 ]; then
        ! wait_until 5 are_closed "$extra_port" || removed=$((removed + 1))
    else
        ! is_extra_served || added=$((added + 1))
    fi
}

reload_often()
{
    reloaded=0 added=0 removed=0
    number=1
    while [ "$number" -le "$reloads" ]; do
        reload_once "$number"
        # Without puts there is no load, and more reloads show nothing.
        wait_until 20 has_put $((number * puts_a_reload)) || break
        number=$((number + 1))
    done
}

find_workers()
{
    for child in $(children_of "$(pid_of k0slbd)"); do
        ! grep -qs '^worker' "/proc/$child/comm" || echo "$child"
    done
}

have_workers_stayed()
{
    [ "$(find_workers)" = "$workers" ]
}

# How many descriptors the master and each worker have, a line each.
count_descriptors()
{
    for number in $(pid_of k0slbd) $workers; do
        echo "$number: $(find "/proc/$number/fd" -type l | wc -l)"
    done
}

are_descriptors_as_before()
{
    [ "$(count_descriptors)" = "$descriptors" ]
}

# KiB that only the master has.
master_memory()
{
    awk '$1 == "Private_Dirty:" { print $2 }' "/proc/$(pid_of k0slbd)/smaps_rollup"
}

is_sanitized()
{
    grep -q '^#define WITH_SANITIZERS 1' "$K0SLB_BUILDDIR/config.h"
}

# The process of the watch through k0slb and its connection there: local address and inode.
find_watch()
{
    watcher=$(pid_of watch-balancer)
    find "/proc/$watcher/fd" -type l -exec readlink {} + |
        sed -n 's/^socket:\[\([0-9]*\)\]$/\1/p' |
        while read -r inode; do
            awk -v inode="$inode" -v port="$(printf ':%04X' "$service_port")" -v pid="$watcher" '
                $10 == inode && $4 == "01" && index($3, port) { print pid, $2, inode }' \
                /proc/net/tcp
        done
}

is_watch_the_same()
{
    [ -n "$watch" ] && [ "$(find_watch)" = "$watch" ]
}

# Whether the watch is all that k0slb carries.
is_watch_alone()
{
    "$k0slbctl" -n "$instance" status >"$work/table" &&
        grep -q '^workers .*, 1 session open$' "$work/table"
}

# How many connections all members have had.
etcd_total()
{
    sum=0
    for member in $members; do
        sum=$((sum + $(backend_total etcd "m$member")))
    done
    echo "$sum"
}

# ---- the test ----

begin etcd
need etcd etcdctl openssl curl
# Settings of the caller's would be taken for ours.
# shellcheck disable=SC2046 # a word for each
unset $(env | sed -n 's/^\(ETCD[A-Z_]*\)=.*/\1/p')

# shellcheck disable=SC2046 # five words are meant
set -- $("$standin" free 5 127.0.0.1 127.0.0.11 127.0.0.12 127.0.0.13)
client_port=$1 peer_port=$2 service_port=$3 stats_port=$4 extra_port=$5
service_url=https://127.0.0.1:$service_port

require "certificates are made" make_certificates
for member in $members; do
    start_member "$member"
done
require "three members are a cluster" wait_until 60 is_cluster_healthy

write_configuration 0 >"$work/k0slb.ini"
start k0slbd "$k0slbd" -c "$work/k0slb.ini"
require "k0slb shows three members up" wait_until 15 all_up

victim=$(find_follower)
other=$(find_follower "$victim")
require "there are two followers" test -n "$victim" -a -n "$other"
echo "m$victim will die, m$other is watched"
require "a watch on another member begins" start_watch watch-member "$(client_url "$other")"
require "a watch through k0slb begins" start_watch watch-balancer "$service_url"

put_failures=0
put_range 1 "$first_half"
check "all members serve" all_have_more_than 10
stop "m$victim" KILL
put_range $((first_half + 1)) $((first_half + while_down))
check "the dead member is down: refused" wait_until 10 backend_is etcd "m$victim" down L4CON
check "the other two are up" test "$(backend_value etcd "m$other" status)" = up
total_before=$(backend_total etcd "m$victim")

start_member "$victim"
check "it is up again" wait_until 30 backend_is etcd "m$victim" up L6OK
put_range $((first_half + while_down + 1)) "$puts"
check "it is reached again" wait_until 20 is_reached "$victim" "$total_before"

echo "$((puts - put_failures)) of $puts puts succeeded"
check "every put succeeded" test "$put_failures" -eq 0
check "... none by a second try of the client's" has_refused_nobody
check "every value is stored" are_all_stored
check "the watch on the member has seen every put" wait_until 10 has_seen_all watch-member
check "the watch through k0slb has seen every put" wait_until 20 has_seen_all watch-balancer

check "k0slb carries nothing but the watch" wait_until 10 is_watch_alone
workers=$(find_workers)
descriptors=$(count_descriptors)
memory=$(master_memory)
watch=$(find_watch)
total_before=$(etcd_total)
require "there are workers and a watch" test -n "$workers" -a -n "$watch"

: >"$work/load"
start load put_until_told $((puts + 1))
require "values are put again" wait_until 10 has_put 1
load_before=$(count_load)
reload_often
load_during=$(($(count_load) - load_before))
: >"$work/enough"
check "the puts come to an end" wait_until 20 is_gone load
load=$(count_load)
load_failures=$(tail -n 1 "$work/load")
puts=$((puts + load))

echo "$((load - load_failures)) of $load puts succeeded, $load_during during $reloads reloads"
check "$reloads reloads are 0" test "$reloaded" -eq "$reloads"
check "... each with its epoch" grep -q "^reloaded: epoch $((1 + reloads))\$" "$work/log/reload"
check "... the added service serves each time" test "$added" -eq $((reloads / 2))
check "... and is gone each time" test "$removed" -eq $((reloads / 2))
check "at least 100 values were put meanwhile" test "$load_during" -ge 100
check "every one of these puts succeeded" test "$load_failures" -eq 0
check "... none by a second try of the client's" has_refused_nobody
check "every value of theirs is stored" are_all_stored
check "the watch on the member has seen these too" wait_until 10 has_seen_all watch-member
check "the watch through k0slb has seen these too" wait_until 10 has_seen_all watch-balancer
check "... in the same process, by the same connection" is_watch_the_same
check "k0slb carries nothing but the watch again" wait_until 10 is_watch_alone
# One connection a put, and one of are_all_stored.
check "... and nobody has connected twice" test "$(etcd_total)" -eq $((total_before + load + 1))
check "the workers are the same" have_workers_stayed
check "descriptors are as many as before" wait_until 10 are_descriptors_as_before
if is_sanitized; then
    echo "not checked: the memory of a build with sanitizers"
else
    growth=$(($(master_memory) - memory))
    echo "the master has grown by $growth KiB, from $memory"
    check "the master has hardly grown" test "$growth" -le "$growth_limit"
fi

set -- "$(pid_of k0slbd)"
# shellcheck disable=SC2046 # a word for each
set -- "$@" $(children_of "$1")
check "k0slb ends in order when told to" stop k0slbd
check "no process of it is left" are_gone "$@"
check "no port of it is left" are_closed "$service_port" "$stats_port"
check "no memory of it is left" has_left_no_memory
finish
