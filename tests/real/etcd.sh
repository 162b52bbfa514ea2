#!/bin/sh
# etcd through k0slb: three members with TLS and client certificates, of which one dies while
# values are put and watched. k0slb has no client certificate: that the members refuse its probes
# for that must not make them look down.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check and wait_until call is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"

puts=200
first_half=100     # puts before the member dies
while_down=50      # puts before it is started again
members='1 2 3'

# ---- certificates ----

make_authority()
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj "/CN=etcd-ca" -keyout "$work/ca.key" -out "$work/ca.crt" 2>>"$work/log/openssl"
}

# Makes $1.crt and $1.key for a server and client whose addresses are $2.
make_certificate()
{
    printf 'extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=%s\n' "$2" >"$work/$1.ext"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
        -keyout "$work/$1.key" -out "$work/$1.csr" 2>>"$work/log/openssl" &&
        openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" \
            -CAcreateserial -days 2 -extfile "$work/$1.ext" -out "$work/$1.crt" \
            2>>"$work/log/openssl"
}

# A client reaches a member by its own address, or by k0slb's.
make_certificates()
{
    make_authority && make_certificate client DNS:client || return 1
    for member in $members; do
        make_certificate "m$member" "IP:127.0.0.1$member,IP:127.0.0.1" || return 1
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

write_configuration()
{
    write_common "$stats_port"
    echo "[service etcd]"
    echo "listen = 127.0.0.1:$service_port"
    echo "balance = roundrobin"
    echo "check = tls"
    for member in $members; do
        echo "server m$member = 127.0.0.1$member:$client_port"
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
    "$k0slbctl" -n "$instance" status >"$work/table" && grep -q '^etcd  ' "$work/table" &&
        ! grep -q '^etcd  .*refused' "$work/table"
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

# ---- the test ----

begin etcd
need etcd etcdctl openssl curl
# Settings of the caller's would be taken for ours.
# shellcheck disable=SC2046 # a word for each
unset $(env | sed -n 's/^\(ETCD[A-Z_]*\)=.*/\1/p')

# shellcheck disable=SC2046 # four words are meant
set -- $("$standin" free 4 127.0.0.1 127.0.0.11 127.0.0.12 127.0.0.13)
client_port=$1 peer_port=$2 service_port=$3 stats_port=$4
service_url=https://127.0.0.1:$service_port

require "certificates are made" make_certificates
for member in $members; do
    start_member "$member"
done
require "three members are a cluster" wait_until 60 is_cluster_healthy

write_configuration >"$work/k0slb.ini"
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

set -- "$(pid_of k0slbd)"
# shellcheck disable=SC2046 # a word for each
set -- "$@" $(children_of "$1")
check "k0slb ends in order when told to" stop k0slbd
check "no process of it is left" are_gone "$@"
check "no port of it is left" are_closed "$service_port" "$stats_port"
check "no memory of it is left" has_left_no_memory
finish
