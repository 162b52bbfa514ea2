#!/bin/sh
# HAProxy itself as the judge of what k0slbctl import takes: what it refuses is refused by the same
# line, and what it runs with becomes a configuration that k0slbd takes.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check calls is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"

# Line 9 of a small file.
write_with()
{
    cat <<END
defaults
    mode tcp
    timeout connect 1s
    timeout client 1h
    timeout server 1h
listen x
    bind 127.0.0.1:39001
    server a 10.0.0.1:80 check
$1
backend other
    server b 10.0.0.2:80
END
}

haproxy_takes()
{
    haproxy -c -f "$1" >"$work/log/haproxy" 2>&1
}

import_takes()
{
    "$k0slbctl" import "$1" >"$work/k0slb.ini" 2>"$work/log/import" &&
        "$k0slbd" -t -c "$work/k0slb.ini" >"$work/log/check" 2>&1
}

import_refuses()
{
    ! "$k0slbctl" import "$1" >"$work/k0slb.ini" 2>"$work/log/import" &&
        [ ! -s "$work/k0slb.ini" ] && grep -q "$1:$2: " "$work/log/import"
}

both_take()
{
    haproxy_takes "$1" && import_takes "$1"
}

both_refuse()
{
    ! haproxy_takes "$1" && grep -q "$1:$2\]" "$work/log/haproxy" && import_refuses "$1" "$2"
}

begin import
need haproxy
cd "$work" || exit 1

export K0SLB_TEST_HOST=10.0.0.3 # for HAProxy, which knows variables without quotes in addresses
for fixture in k0s-guide tuned; do
    check "the fixture $fixture" both_take "$K0SLB_SRCDIR/tests/fixtures/$fixture-haproxy.cfg"
done
while read -r line; do
    write_with "    $line" >some.cfg
    check "both take: $line" both_take some.cfg
done <<'END'
balance random(2)
balance hdr(host)
option redispatch
option httpchk GET /healthz
http-check expect status 200-299
timeout client-fin 3000
timeout server 20d
maxconn 2000
retries 1
source 127.0.0.1
stats enable
stats refresh 10
tcp-request connection reject if { src 10.0.0.0/8 }
tcp-request connection accept if LOCALHOST
use_backend other if { src 10.0.0.1 }
default_backend other
bind 127.0.0.1:39002-39005 interface lo
bind [::1]:39001,:::39002 v4v6
server s fd00::1:80 weight 0 backup disabled
server s 10.0.0.3:80 check inter 500 fastinter 100ms downinter 5s rise 2 fall 9
server s 10.0.0.3:80 on-marked-down shutdown-sessions slowstart 1m
server s ${K0SLB_TEST_HOST}:80
server s "$K0SLB_TEST_HOST:80"
default-server inter 3s weight 5
description "a # \"b\"" # c
description a\#b\ c\d
log-format %ci
END
while read -r line; do
    write_with "    $line" >some.cfg
    check "both refuse: $line" both_refuse some.cfg 9
done <<'END'
balance fair
option redispach
timeout client 5 s
timeout client 50d
timeout clients 5s
timeout connect -1
maxconn 2000 2000
mode tpc
bind 127.0.0.1
bind 127.0.0.1:0
bind 127.0.0.1:70000
bind 127.0.0.1:10-5
server s
server s 10.0.0.3:x
server s 10.0.0.3:80 weight 257
server s 10.0.0.3:80 wieght 5
server s 10.0.0.3:80 check fall 0
server s 10.0.0.3:80 check inter soon
default-server wieght 5
tcp-request connection reject if nobody
acl
use_backend
frontend
listen y from nobody
description "a
bidn :1
END
finish
