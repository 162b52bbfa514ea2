#!/bin/sh
# HAProxy and k0slb in front of the same three controllers, one of them dead, with the same requests:
# what HAProxy's CSV says of proxies and servers, ours says in the same columns. jq reads the JSON,
# and promtool, where it is installed, the metrics.

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
    default-server check check-ssl verify none inter 500ms
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
enabled = no
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

promtool_is_content()
{
    fetch "$stats_port" /metrics | promtool check metrics
}

# ---- the test ----

begin statistics
need haproxy curl jq

# shellcheck disable=SC2046 # words are meant
set -- $("$standin" free 7 127.0.0.1 127.0.0.11 127.0.0.12 127.0.0.13)
api_port=$1 konnectivity_port=$2 join_port=$3
our_listen=$4 their_listen=$5 stats_port=$6 their_stats=$7

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

check "jq reads the JSON" jq_finds '.services | map(select(.status != "disabled")) | length == 1'
check "... and who is down" jq_finds \
    '[.services[].backends[] | select(.status == "down" and .name == "c3")] | length > 0'
if command -v promtool >/dev/null 2>&1; then
    check "promtool has nothing to say of the metrics" promtool_is_content
else
    echo "promtool is not installed: the metrics are left to the unit tests"
fi

check "k0slbctl stop ends it" "$k0slbctl" -n "$instance" stop
check "no memory of it is left" has_left_no_memory
finish
