#!/bin/sh
# openssl s_server and its sessions, as TLS 1.2 and 1.3 have them, with tickets and without: each
# probe but the first takes one up again where the server lets it, and all are up.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check and wait_until call is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"

controllers='old old_cached old_forgets new new_cached new_forgets'

options_of()
{
    case $1 in
    old) echo "-tls1_2" ;;
    old_cached) echo "-tls1_2 -no_ticket" ;;
    old_forgets) echo "-tls1_2 -no_ticket -no_cache" ;;
    new) echo "-tls1_3" ;;
    new_cached) echo "-tls1_3 -no_ticket" ;;
    new_forgets) echo "-tls1_3 -num_tickets 0" ;;
    esac
}

# s_server ends with its input, so that it has one that never does. It serves one after the other,
# and the probes wait a moment for a ticket where none comes: they must not be too many.
start_controllers()
{
    mkfifo "$work/input" || return 1
    exec 3<>"$work/input"
    for controller in $controllers; do
        # shellcheck disable=SC2016,SC2046 # for the other shell; options are words
        start "$controller" sh -c 'exec openssl s_server "$@" <"$0"' "$work/input" \
            -accept "127.0.0.1:$1" -cert "$work/leaf.crt" -key "$work/leaf.key" \
            $(options_of "$controller")
        shift
    done
}

make_certificates()
{
    make_authority ca && make_certificate leaf IP:127.0.0.1 ca
}

write_configuration()
{
    write_common "$stats_port"
    cat <<END
[k0slb]
ca = $work/ca.crt
[service test]
listen = 127.0.0.1:$listen
check = tls
check_interval = 500ms
check_fast_interval = 500ms
END
    for controller in $controllers; do
        echo "server $controller = 127.0.0.1:$1"
        shift
    done
}

all_up()
{
    for controller in $controllers; do
        backend_is test "$controller" up 'L6OK TLSv1' || return 1
    done
}

# How many handshakes controller $1 has had, and in how many of them a session was taken up again.
handshakes_of()
{
    grep -c 'BEGIN SSL SESSION PARAMETERS' "$work/log/$1"
}

reused_of()
{
    grep -c '^Reused session-id' "$work/log/$1"
}

has_handshakes()
{
    [ "$(handshakes_of "$1")" -ge "$2" ]
}

# Most handshakes of controller $1 took a session up again.
resumes()
{
    full=$(($(handshakes_of "$1") - $(reused_of "$1")))
    echo "$1: $full whole handshakes, $(reused_of "$1") others"
    [ "$full" -le 4 ]
}

never_resumes()
{
    [ "$(reused_of "$1")" -eq 0 ]
}

# ---- the test ----

begin s_server
need openssl curl mkfifo

# shellcheck disable=SC2046 # eight words are meant
set -- $("$standin" free 8 127.0.0.1)
listen=$7 stats_port=$8

require "a certificate is made" make_certificates
start_controllers "$@"
write_configuration "$@" >"$work/k0slb.ini"
start k0slbd "$k0slbd" -c "$work/k0slb.ini"
require "TLS 1.2 and 1.3 are up" wait_until 15 all_up
for controller in $controllers; do
    check "$controller: many probes" wait_until 30 has_handshakes "$controller" 12
done
for controller in old old_cached new new_cached; do
    check "$controller: sessions go on" resumes "$controller"
done
for controller in old_forgets new_forgets; do
    check "$controller: none goes on" never_resumes "$controller"
done
check "all are up all the time" all_up
for controller in $controllers; do
    check "$controller has no error" is_running "$controller"
    check "... in its log" test "$(grep -c ERROR "$work/log/$controller")" -eq 0
done

check "k0slbctl stop ends it" "$k0slbctl" -n "$instance" stop
check "... in order" wait_until 5 is_gone k0slbd
check "no memory of it is left" has_left_no_memory
finish
