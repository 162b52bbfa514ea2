#!/bin/sh
# HAProxy and k0slb in front of the same three controllers, one of them dead, with the same requests:
# what HAProxy's CSV says of proxies and servers, ours says in the same columns, also when one more
# has gone and come back. jq reads the JSON, and promtool the metrics.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check and wait_until call is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"

controllers='c1 c2' # c3 is the dead one
requests=12

# ---- the scene ----

start_controller()
{
    start "$1" "$standin" serve "$work/ca" "$1" "127.0.0.1${1#c}" \
        "$api_port" "$konnectivity_port" "$join_port"
}

are_ready()
{
    for controller in $controllers; do
        grep -q "^$controller ready\$" "$work/log/$controller" || return 1
    done
}

write_haproxy_configuration()
{
    cat <<END
defaults
    mode tcp
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend kubeAPI
    bind 127.0.0.1:$their_listen
    default_backend kubeAPI_backend
backend kubeAPI_backend
    default-server check check-ssl verify none inter 500ms fastinter 100ms
    server c1 127.0.0.11:$api_port
    server c2 127.0.0.12:$api_port weight 2
    server c3 127.0.0.13:$api_port backup
listen stats
    bind 127.0.0.1:$their_stats
    mode http
    stats enable
    stats uri /
END
}

write_configuration()
{
    write_common "$stats_port"
    cat <<END
[controllers]
c1 = 127.0.0.11
c2 = 127.0.0.12 weight=2
c3 = 127.0.0.13 backup
[service kubeAPI]
listen = 127.0.0.1:$our_listen
port = $api_port
check = tls
[service konnectivity]
listen = 127.0.0.1:$our_tunnels
server c1 = 127.0.0.11:$konnectivity_port
server c2 = 127.0.0.12:$konnectivity_port
server c3 = 127.0.0.13:$konnectivity_port
[service controllerJoinAPI]
enabled = no
END
}

# ---- what is asked ----

# The answer to path $2 of the statistics on port $1.
fetch()
{
    curl -s -m 5 "http://127.0.0.1:$1$2"
}

theirs()
{
    fetch "$their_stats" '/;csv'
}

ours()
{
    fetch "$stats_port" '/;csv'
}

# Status words of the rows of kubeAPI, for $1, a command that prints a CSV.
states()
{
    "$1" | awk -F, '$1 ~ /^kubeAPI/ { print $1, $2, $33, $18 }'
}

all_are_known()
{
    states "$1" | tr '\n' ';' | grep -q 'c1 2 UP;.* c2 2 UP;.* c3 2 DOWN;.*BACKEND 1 UP;'
}

# Whether c2 has status $2, for $1, a command that prints a CSV.
second_is()
{
    states "$1" | grep -q "c2 2 $2\$"
}

# Whether column $2 of c2 is at least $3, for $1.
second_has_at_least()
{
    [ "$(value_of_second "$1" "$2")" -ge "$3" ]
}

# Column $2 of c2, for $1.
value_of_second()
{
    "$1" | awk -F, -v wanted="$2" '
    NR == 1 {
        sub(/^# /, "")
        for (i = 1; i <= NF; i++)
            number[$i] = i
    }
    $1 == "kubeAPI_backend" && $2 == "c2" { print $number[wanted] }'
}

# Whether column $1 of c2 is the same for both, and that is no less than $2.
second_has_in_both()
{
    their_value=$(value_of_second theirs "$1")
    our_value=$(value_of_second ours "$1")
    echo "c2 $1: theirs $their_value, ours $our_value"
    [ "$their_value" -eq "$our_value" ] && [ "$our_value" -ge "$2" ]
}

names_are_theirs()
{
    theirs | sed -n '1s/,-,.*/,-,/p' >"$work/theirs"
    ours | sed -n '1s/,-,.*/,-,/p' >"$work/ours"
    [ -s "$work/theirs" ] && cmp "$work/theirs" "$work/ours"
}

# Whether columns "$@" of the rows of kubeAPI are what HAProxy has there.
columns_are_theirs()
{
    for from in theirs ours; do
        "$from" | awk -F, -v wanted="$*" '
        NR == 1 {
            sub(/^# /, "")
            for (i = 1; i <= NF; i++)
                number[$i] = i
            count = split(wanted, name, " ")
        }
        $1 ~ /^kubeAPI/ {
            for (i = 1; i <= count; i++)
                printf "%s%s", $number[name[i]], i < count ? " " : "\n"
        }' >"$work/$from"
    done
    [ -s "$work/theirs" ] && diff "$work/theirs" "$work/ours"
}

# Whether each of the requests through port $1 gets an answer.
requests_pass()
{
    for _ in $(seq "$requests"); do
        curl -sk -m 5 -o /dev/null "https://127.0.0.1:$1/version" || return 1
    done
}

# The sum of column stot over the servers, for $1, a command that prints a CSV.
sessions_of_servers()
{
    "$1" | awk -F, '$1 == "kubeAPI_backend" && $33 == 2 { sum += $8 } END { print sum }'
}

totals_are_told()
{
    [ "$(sessions_of_servers "$1")" -eq "$requests" ]
}

jq_finds()
{
    fetch "$stats_port" /stats.json | jq -e "$1" >>"$work/log/jq"
}

# As an agent holds them: one connection after the other, each to another controller.
open_tunnels()
{
    for number in 1 2; do
        start "tunnel$number" openssl s_client -quiet -alpn h2 -connect "127.0.0.1:$our_tunnels"
        wait_until 10 jq_finds "[.services[1].clients[].sessions[]] | add == $number" || return 1
    done
}

metrics_have()
{
    fetch "$stats_port" /metrics | grep -qxF "$1"
}

metrics_name_no_client()
{
    ! fetch "$stats_port" /metrics | grep -F 127.0.0.1
}

promtool_is_content()
{
    fetch "$stats_port" /metrics | promtool check metrics
}

# ---- the test ----

begin statistics
need haproxy curl jq openssl promtool

# shellcheck disable=SC2046 # words are meant
set -- $("$standin" free 8 127.0.0.1 127.0.0.11 127.0.0.12 127.0.0.13)
api_port=$1 konnectivity_port=$2 join_port=$3
our_listen=$4 their_listen=$5 stats_port=$6 their_stats=$7 our_tunnels=$8

require "an authority is made" "$standin" ca "$work/ca"
for controller in $controllers; do
    start_controller "$controller"
done
require "the controllers serve" wait_until 10 are_ready
write_haproxy_configuration >"$work/haproxy.cfg"
start haproxy haproxy -db -f "$work/haproxy.cfg"
write_configuration >"$work/k0slb.ini"
start k0slbd "$k0slbd" -c "$work/k0slb.ini"

require "HAProxy sees two of three" wait_until 15 all_are_known theirs
require "so does k0slb" wait_until 15 all_are_known ours
check "HAProxy's columns come first, byte by byte" names_are_theirs
check "the rows say the same of names, states and weights" columns_are_theirs \
    pxname svname status weight act bck type mode pid check_status check_rise check_fall \
    check_health uweight req_tot qcur qmax dreq dresp ereq agg_check_status

check "requests pass HAProxy" requests_pass "$their_listen"
check "requests pass k0slb" requests_pass "$our_listen"
check "HAProxy has counted them" wait_until 5 totals_are_told theirs
check "so has k0slb" wait_until 5 totals_are_told ours
check "proxies and servers have counted the same" columns_are_theirs \
    pxname svname econ eresp wretr wredis srv_abrt dcon dses eint

stop c2 KILL
require "HAProxy sees c2 gone" wait_until 15 second_is theirs DOWN
require "so does k0slb" wait_until 15 second_is ours DOWN
check "its down time grows" wait_until 15 second_has_at_least ours downtime 1
start_controller c2
require "HAProxy sees it back" wait_until 15 second_is theirs UP
require "so does k0slb" wait_until 15 second_is ours UP
check "both have seen it go down once" second_has_in_both chkdown 1
check "checks have failed" second_has_at_least ours chkfail 1

check "tunnels are open" open_tunnels
check "jq reads the JSON" jq_finds '.services | map(select(.status != "disabled")) | length == 2'
check "... and who is down" jq_finds \
    '[.services[].backends[] | select(.status == "down" and .name == "c3")] | length > 0'
check "... and what has become of c2" jq_finds \
    'any(.services[0].backends[]; .name == "c2" and .went_down == 1 and .transitions == 2 and
        .downtime_seconds >= 1 and .checks_failed >= 1 and .connect_ms.p99 >= .connect_ms.p50)'
check "... and that this service was always there" jq_finds \
    '.services[0] | .downtime_seconds == 0 and .transitions == 0 and .never_good == false'
check "... times" jq_finds \
    '(.taken | fromdateiso8601) >= (.started | fromdateiso8601) and
        all(.events[]; .at | fromdateiso8601 > 0)'
check "... reasons why sessions ended" jq_finds \
    '.services[0].ends | (add > 0) and all(keys[]; test("^[a-z_]+$"))'
check "... the health of the balancer" jq_finds '.health.status == "ok" and .master_alive'
check "... clients and their tunnels" wait_until 10 jq_finds \
    'any(.services[1].clients[]; .address == "127.0.0.1" and .links == "full" and
        .sessions.c1 >= 1 and .sessions.c2 >= 1 and .sessions.c3 == 0)'
check "a client's address is in no metric" metrics_name_no_client
check "promtool has nothing to say of the metrics" promtool_is_content
check "they count the tunnels" metrics_have \
    'k0slb_konnectivity_links{proxy="konnectivity_backend",state="full"} 1'

check "k0slbctl stop ends it" "$k0slbctl" -n "$instance" stop
check "no memory of it is left" has_left_no_memory
finish
