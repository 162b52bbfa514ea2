#!/bin/sh
# etcd with client certificates, asked over HTTP/2: up with a certificate of ours, down without
# one, and etcd finds nothing to log in all the probes.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check and wait_until call is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"

members='m1 m2'

make_certificates()
{
    make_authority ca && make_certificate client DNS:client ca || return 1
    install -m 600 "$work/client.key" "$work/private.key" || return 1
    for member in $members; do
        make_certificate "$member" "IP:127.0.0.1,IP:127.0.0.1${member#m}" ca || return 1
    done
}

# ---- members ----

# Each is a cluster of its own.
start_member()
{
    address=127.0.0.1${1#m}
    start "$1" etcd --name "$1" --data-dir "$work/$1.data" --logger zap --log-level warn \
        --listen-client-urls "https://$address:$port" \
        --advertise-client-urls "https://$address:$port" \
        --listen-peer-urls "http://$address:$peer_port" \
        --initial-advertise-peer-urls "http://$address:$peer_port" \
        --initial-cluster "$1=http://$address:$peer_port" --initial-cluster-token "$instance" \
        --client-cert-auth --trusted-ca-file "$work/ca.crt" \
        --cert-file "$work/$1.crt" --key-file "$work/$1.key"
}

# How often etcd has complained of a connection.
complaints_of()
{
    grep -c 'rejected connection' "$work/log/$1"
}

# ---- k0slb ----

# The service `anonymous' exists when $1 is `both'.
write_configuration()
{
    write_common "$stats_port"
    cat <<END
[k0slb]
ca = $work/ca.crt
[defaults]
check = h2
check_interval = 200ms
check_down_interval = 200ms
[service etcd]
listen = 127.0.0.1:$listen
check_cert = $work/client.crt
check_key = $work/private.key
server m1 = 127.0.0.11:$port
server m2 = 127.0.0.12:$port
END
    [ "$1" = both ] || return 0
    cat <<END
[service anonymous]
listen = 127.0.0.1:$other_listen
server m1 = 127.0.0.11:$port
END
}

ctl()
{
    "$k0slbctl" -n "$instance" "$@"
}

reload_with()
{
    write_configuration "$1" >"$work/k0slb.ini"
    ctl reload >>"$work/log/reloads" 2>&1
}

all_up()
{
    for member in $members; do
        backend_is etcd "$member" up 'L7OK HTTP/2' || return 1
    done
}

# Whether it has been up for so many seconds.
has_been_up_for()
{
    [ "$(backend_value etcd m1 since_seconds)" -ge "$1" ]
}

# ---- the test ----

begin etcd_h2
need etcd openssl curl install

# shellcheck disable=SC2046 # five words are meant
set -- $("$standin" free 5 127.0.0.1 127.0.0.11 127.0.0.12)
port=$1 peer_port=$2 listen=$3 other_listen=$4 stats_port=$5

require "certificates are made" make_certificates
for member in $members; do
    start_member "$member"
done
write_configuration one >"$work/k0slb.ini"
start k0slbd "$k0slbd" -c "$work/k0slb.ini"
require "etcd is up" wait_until 30 all_up
before=$(complaints_of m1)
check "... for five seconds" wait_until 15 has_been_up_for 5
check "... and has nothing to complain of" test "$(complaints_of m1)" -eq "$before"

check "a service without a certificate comes" reload_with both
check "... and its backend is down" \
    wait_until 15 backend_is anonymous m1 down 'L6RSP wants a client certificate'
check "... and no other one" all_up

stop m2 KILL
check "one that is killed is down" wait_until 15 backend_is etcd m2 down L4CON
start_member m2
check "it is up again" wait_until 30 all_up

check "k0slbctl stop ends it" ctl stop
check "... in order" wait_until 5 is_gone k0slbd
check "no memory of it is left" has_left_no_memory
finish
