#!/bin/sh
# curl and openssl through the three built-in services to three stand-in controllers: what each
# port says arrives, all controllers are reached, and one that dies costs no request.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check and wait_until call is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"

controllers='c1 c2 c3'
services='kubeAPI konnectivity controllerJoinAPI'
rounds=20          # requests to each port while a controller is dead
volume=20000000    # bytes each way in one transfer
settings_size=15   # nine bytes of frame head, one setting

# ---- the scene ----

start_controller()
{
    # Each has an address of its own; the ports are the same on all.
    start "$1" "$standin" serve "$work/ca" "$1" "127.0.0.1${1#c}" \
        "$api_port" "$konnectivity_port" "$join_port"
}

is_ready()
{
    grep -q "^$1 ready\$" "$work/log/$1"
}

are_ready()
{
    for controller in $controllers; do
        is_ready "$controller" || return 1
    done
}

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
[service konnectivity]
listen = 127.0.0.1:$konnectivity_listen
port = $konnectivity_port
[service controllerJoinAPI]
listen = 127.0.0.1:$join_listen
port = $join_port
END
}

# Whether controller $1 is shown as $2 by every service, for a reason that matches $3.
controller_is()
{
    for service in $services; do
        backend_is "$service" "$1" "$2" "${3:-.}" || return 1
    done
}

all_up()
{
    for controller in $controllers; do
        controller_is "$controller" up L7OK || return 1
    done
}

# ---- one request to each port: succeeds when what k0s would say has arrived, and prints who said
# ---- it

get()
{
    curl -sS -m 10 --cacert "$work/ca/ca.crt" "$@"
}

who_said()
{
    sed -n 's/^X-Standin: \(c[0-9]\).*/\1/p' "$1"
}

ask_kubeAPI()
{
    get -i "https://127.0.0.1:$api_listen/readyz" >"$work/answer" || return 1
    grep -q '^HTTP/1.1 401 ' "$work/answer" &&
        grep -q '"kind":"Status".*"reason":"Unauthorized","code":401' "$work/answer" || return 1
    who_said "$work/answer"
}

ask_controllerJoinAPI()
{
    get -I "https://127.0.0.1:$join_listen/v1beta1/ca" >"$work/answer" || return 1
    grep -q '^HTTP/1.1 405 ' "$work/answer" && grep -q '^Allow: GET' "$work/answer" || return 1
    who_said "$work/answer"
}

has_settings()
{
    [ "$(wc -c <"$work/answer")" -ge "$settings_size" ]
}

# The client says nothing and leaves when the server's first frame is there.
ask_konnectivity()
{
    : >"$work/answer"
    wait_until 5 has_settings | openssl s_client -quiet -no_ign_eof -alpn h2 \
        -connect "127.0.0.1:$konnectivity_listen" -CAfile "$work/ca/ca.crt" -verify_return_error \
        >"$work/answer" 2>"$work/certificate"
    # Six bytes of payload, SETTINGS, no flags, stream 0.
    od -An -v -tx1 -N9 "$work/answer" | grep -q '^ 00 00 06 04 00 00 00 00 00$' || return 1
    sed -n 's/^depth=0 .*OU *= *\(c[0-9]\).*/\1/p' "$work/certificate" | head -n 1
}

# Asks service $1 until all controllers "$@" after it have answered, at most 60 times; a request
# that fails ends it.
reaches()
{
    service=$1
    shift
    left=$*
    tries=0
    while [ -n "$left" ] && [ "$tries" -lt 60 ]; do
        who=$("ask_$service") || return 1
        # shellcheck disable=SC2086 # a line for each
        left=$(printf '%s\n' $left | grep -v "^$who\$" | tr '\n' ' ')
        left=${left% }
        tries=$((tries + 1))
    done
    [ -z "$left" ]
}

# Asks each service $rounds times; counts what failed in $failures, and who answered in $work/who.
ask_all()
{
    failures=0
    : >"$work/who"
    round=0
    while [ "$round" -lt "$rounds" ]; do
        for service in $services; do
            "ask_$service" >>"$work/who" 2>>"$work/log/failures" || failures=$((failures + 1))
        done
        round=$((round + 1))
    done
    echo "$failures of $((rounds * 3)) requests failed"
}

# ---- volumes ----

arrives_whole()
{
    get -o "$work/through" "https://127.0.0.1:$api_listen/bytes/$volume" &&
        get -o "$work/direct" "https://127.0.0.11:$api_port/bytes/$volume" &&
        [ "$(wc -c <"$work/direct")" -eq "$volume" ] && cmp "$work/through" "$work/direct"
}

departs_whole()
{
    head -c "$volume" /dev/urandom >"$work/upload"
    digest=$(sha256sum <"$work/upload")
    get -T "$work/upload" "https://127.0.0.1:$api_listen/echo" |
        grep -q "\"length\":$volume,\"sha256\":\"${digest%% *}\""
}

# ---- watches ----

is_idle()
{
    for controller in $controllers; do
        [ "$(backend_value kubeAPI "$controller" active)" = 0 ] || return 1
    done
}

# How many events watch $1 has seen.
events_of()
{
    grep -c BOOKMARK "$work/log/$1"
}

has_events()
{
    [ "$(events_of "$1")" -ge "$2" ]
}

# Starts a watch through k0slb as $1.
start_watch()
{
    start "$1" curl -sS -N --cacert "$work/ca/ca.crt" "https://127.0.0.1:$api_listen/watch"
    wait_until 5 has_events "$1" 1
}

start_watches()
{
    wait_until 5 is_idle && start_watch watch1 && start_watch watch2 && start_watch watch3
}

# The watch that controller $1 serves.
watch_of()
{
    grep -l "\"name\":\"$1\"" "$work"/log/watch* | sed 's|.*/||'
}

# The balance is leastconn: each controller has one.
are_watches_spread()
{
    for controller in $controllers; do
        [ "$(watch_of "$controller" | wc -l)" -eq 1 ] || return 1
    done
}

# Whether the watch of controller $1 lives and sees two more events.
watch_goes_on()
{
    watch=$(watch_of "$1")
    wait_until 10 has_events "$watch" $(($(events_of "$watch") + 2)) && is_running "$watch"
}

# ---- stats ----

# Whether path $1 gives status $2 and a body that matches $3; the rest are options for curl.
stats_gives()
{
    path=$1
    code=$2
    pattern=$3
    shift 3
    [ "$(curl -sS -m 5 -o "$work/body" -w '%{http_code}' "$@" \
        "http://127.0.0.1:$stats_port$path")" = "$code" ] && grep -q -- "$pattern" "$work/body"
}

names_everything()
{
    for name in $services $controllers; do
        grep -q "\"name\":\"$name\"" "$work/body" || return 1
    done
}

# ---- refusals ----

# Whether k0slbd, with the file $1 as it stands, ends with status 1 and a message that matches $2.
is_refused()
{
    timeout 10 "$k0slbd" -c "$1" >"$work/refusal" 2>&1
    status=$?
    cat "$work/refusal" >>"$work/log/refusals"
    [ "$status" -eq 1 ] && grep -q -- "$2" "$work/refusal"
}

refuses_wrong_file()
{
    sed 's/^port = /prot = /' "$work/k0slb.ini" >"$work/wrong.ini"
    line=$(grep -n '^prot = ' "$work/wrong.ini" | head -n 1 | cut -d: -f1)
    is_refused "$work/wrong.ini" "wrong.ini:$line: \[service kubeAPI\] prot: .*port"
}

refuses_second_instance()
{
    is_refused "$work/k0slb.ini" "$instance"
}

# ---- the test ----

begin curl
need curl openssl timeout

# shellcheck disable=SC2046 # seven words are meant
set -- $("$standin" free 7 127.0.0.1 127.0.0.11 127.0.0.12 127.0.0.13)
api_port=$1 konnectivity_port=$2 join_port=$3
api_listen=$4 konnectivity_listen=$5 join_listen=$6 stats_port=$7

require "an authority is made" "$standin" ca "$work/ca"
for controller in $controllers; do
    start_controller "$controller"
done
require "three controllers stand in" wait_until 10 are_ready
write_configuration >"$work/k0slb.ini"
start k0slbd "$k0slbd" -c "$work/k0slb.ini"
require "k0slb shows three controllers up on each port" wait_until 15 all_up

# shellcheck disable=SC2086 # three words are meant
for service in $services; do
    check "$service: the answer arrives, from all three" reaches "$service" $controllers
done
check "$volume bytes arrive whole" arrives_whole
check "$volume bytes depart whole" departs_whole
check "three watches begin" start_watches
check "... one on each controller" are_watches_spread

check "/ is a table" stats_gives / 200 "^k0slb .* $instance pid $(pid_of k0slbd) up "
check "/stats.json names everything" stats_gives /stats.json 200 '^{.*}$'
check "... each service and controller" names_everything
check "/healthz is ok" stats_gives /healthz 200 '^ok$'
check "/readyz is ok" stats_gives /readyz 200 '^ok$'
check "/readyz/konnectivity is ok" stats_gives /readyz/konnectivity 200 '^ok$'
check "/readyz/nothing is 404" stats_gives /readyz/nothing 404 .
check "/nothing is 404" stats_gives /nothing 404 .
check "POST is 405" stats_gives / 405 . -X POST
check "status prints the same table" sh -c \
    "'$k0slbctl' -n '$instance' status | grep -q '^controllerJoinAPI  up '"

check "a wrong file is refused with its line" refuses_wrong_file
check "a second start is refused" refuses_second_instance

stop c2 KILL
ask_all
check "a dead controller costs no request" test "$failures" -eq 0
check "... and every port shows it down: refused" wait_until 10 controller_is c2 down L4CON
ask_all
check "down, it costs none" test "$failures" -eq 0
check "... and the other two do the work" sh -c \
    "grep -q c1 '$work/who' && grep -q c3 '$work/who' && ! grep -q c2 '$work/who'"
check "its watch has ended" wait_until 5 is_gone "$(watch_of c2)"
check "the watches on the others go on" watch_goes_on c1
check "... both" watch_goes_on c3
check "/readyz is still ok" stats_gives /readyz 200 '^ok$'

start_controller c2
check "it is up again on every port" wait_until 15 controller_is c2 up L7OK
for service in $services; do
    check "$service: it is reached again" reaches "$service" c2
done

for controller in $controllers; do
    stop "$controller" KILL
done
check "without any controller /readyz says so" wait_until 10 stats_gives /readyz 503 .
check "... and /healthz is still ok" stats_gives /healthz 200 '^ok$'

# shellcheck disable=SC2046 # a word for each
set -- "$(pid_of k0slbd)" $(children_of "$(pid_of k0slbd)")
check "k0slbctl stop ends it" "$k0slbctl" -n "$instance" stop
check "... and status says so" sh -c "'$k0slbctl' -n '$instance' status >/dev/null 2>&1; [ \$? -eq 3 ]"
check "the master has gone" wait_until 5 is_gone k0slbd
check "... in order" has_ended_well k0slbd
check "no process of it is left" are_gone "$@"
check "no port of it is left" are_closed "$api_listen" "$konnectivity_listen" "$join_listen" \
    "$stats_port"
check "no memory of it is left" has_left_no_memory
finish
