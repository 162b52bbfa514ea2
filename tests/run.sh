#!/bin/sh
# Runs k0slbd in front of three stand-in controllers and says what to try, until Ctrl-C. Called by
# `./bootstrap run', which sets K0SLB_SRCDIR and K0SLB_BUILDDIR. Needs no privileges, and leaves
# nothing behind.
# shellcheck disable=SC2317 # what a trap or wait_until calls is reachable

set -u
LC_ALL=C
export LC_ALL

: "${K0SLB_BUILDDIR:?is not set; run this by ./bootstrap run}"
standin=$K0SLB_BUILDDIR/tests/standin/k0slb-standin
k0slbd=$K0SLB_BUILDDIR/k0slbd
k0slbctl=$K0SLB_BUILDDIR/k0slbctl
instance=k0slb-run
work=
pids=
controllers=

say()
{
    echo "run: $*"
}

die()
{
    echo "run: $*" >&2
    exit 1
}

# Whether process $1 is there and a child of this shell: its number may belong to another by now.
is_alive()
{
    grep -qs "^PPid:[[:space:]]*$$\$" "/proc/$1/status"
}

# Ends process $1 and waits for it; a stubborn one gets ten seconds, a stopped one is woken.
end_process()
{
    is_alive "$1" || return 0
    kill -TERM "$1" && kill -CONT "$1"
    tries=0
    while is_alive "$1" && [ "$tries" -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    ! is_alive "$1" || kill -KILL "$1"
    wait "$1"
}

# The balancer was started last, and is the first in the list: it goes before its controllers.
clean_up()
{
    trap '' HUP INT TERM
    for pid in $pids; do
        end_process "$pid" 2>/dev/null
    done
    pids=
    [ -z "$work" ] || rm -rf "$work"
}

# Waits until command "$@" succeeds, as long as process $pid lives, at most 15 seconds.
wait_until()
{
    tries=0
    until "$@"; do
        is_alive "$pid" && [ "$tries" -lt 150 ] || return 1
        sleep 0.1
        tries=$((tries + 1))
    done
}

# Starts controller number $1 and waits until it listens.
start_controller()
{
    "$standin" serve "$work/ca" "controller$1" "127.0.0.1$1" >"$work/controller$1" &
    pid=$!
    pids="$pid $pids"
    wait_until grep -qs ready "$work/controller$1" ||
        die "controller$1 could not start; is another run, or k0s, on this machine?"
    controllers="$controllers $pid"
}

write_configuration()
{
    # Root gives up its rights for a user that is there on every machine.
    user=
    [ "$(id -u)" -ne 0 ] || user='user = nobody'
    cat >"$work/k0slb.ini" <<END
[k0slb]
name = $instance
$user

[controllers]
controller1 = 127.0.0.11
controller2 = 127.0.0.12
controller3 = 127.0.0.13

; On a machine of its own k0slb listens on the controllers' own ports, without a further word.
[service kubeAPI]
listen = 127.0.0.1:16443
[service konnectivity]
listen = 127.0.0.1:18132
[service controllerJoinAPI]
listen = 127.0.0.1:19443
[stats]
listen = 127.0.0.1:19000
END
}

# Whether every backend of every service is up.
is_serving()
{
    count=$("$k0slbctl" -n "$instance" status 2>/dev/null | grep -c 'all 3 controllers are up')
    [ "$count" -eq 3 ]
}

# $1, $2 and $3 are the controllers' processes.
show_what_to_try()
{
    cat <<END

k0slb is running, with three stand-in controllers behind it. In another terminal:

  the API server's port; X-Standin tells which controller has answered (401 is what k0s says):
    curl -i --cacert $work/ca/ca.crt https://127.0.0.1:16443/readyz
    curl -N --cacert $work/ca/ca.crt https://127.0.0.1:16443/watch
  konnectivity, which speaks first: the SETTINGS frame of HTTP/2, and the OU of who sent it:
    sleep 1 | openssl s_client -quiet -no_ign_eof -alpn h2 -connect 127.0.0.1:18132 \\
        -CAfile $work/ca/ca.crt | od -t x1
  the join API:
    curl -I --cacert $work/ca/ca.crt https://127.0.0.1:19443/v1beta1/ca
  what the balancer sees; the first one in a browser, too:
    curl http://127.0.0.1:19000/
    curl http://127.0.0.1:19000/stats.json
    $k0slbctl -n $instance top
    $k0slbctl -c $work/k0slb.ini doctor
  a controller that is taken out before its upgrade, and comes back:
    $k0slbctl -n $instance drain controller2 --over 5s --wait
    $k0slbctl -n $instance ready controller2 --wait
  controller2 dies; controller3 hangs, and wakes up:
    kill -KILL $2
    kill -STOP $3
    kill -CONT $3

The configuration is $work/k0slb.ini. Ctrl-C stops everything.
END
}

for program in "$standin" "$k0slbd" "$k0slbctl"; do
    [ -x "$program" ] || die "$program has not been built"
done
! "$k0slbctl" -n "$instance" status >/dev/null 2>&1 ||
    die "it is already running ($k0slbctl -n $instance stop)"

trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
work=$(mktemp -d "${TMPDIR:-/tmp}/k0slb-run.XXXXXX") || die "cannot write to ${TMPDIR:-/tmp}"

"$standin" ca "$work/ca" || die "cannot make certificates"
for number in 1 2 3; do
    start_controller "$number"
done
write_configuration
"$k0slbd" -c "$work/k0slb.ini" &
pid=$!
pids="$pid $pids"
if ! wait_until is_serving; then
    is_alive "$pid" || die "k0slbd could not start (see above)"
    "$k0slbctl" -n "$instance" status
    say "not everything is up; going on all the same"
fi
# Word splitting is meant: three numbers.
# shellcheck disable=SC2086
show_what_to_try $controllers
wait "$pid"
status=$?
say "k0slbd has ended with status $status"
exit "$status"
