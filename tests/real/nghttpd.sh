#!/bin/sh
# nghttpd as a konnectivity server: HTTP/2 whose first frame is SETTINGS. With and without client
# certificates, and what is not HTTP/2 is down.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check and wait_until call is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"

controllers='c1 c2 c3'

make_certificates()
{
    make_authority ca && make_certificate client DNS:client ca || return 1
    install -m 600 "$work/client.key" "$work/private.key" || return 1
    for controller in $controllers; do
        make_certificate "$controller" DNS:api.example,IP:127.0.0.1 ca || return 1
    done
}

# ---- controllers ----

# The rest: options.
start_controller()
{
    controller=$1
    shift
    start "$controller" nghttpd -v "--address=127.0.0.1${controller#c}" "$@" "$port" \
        "$work/$controller.key" "$work/$controller.crt"
}

# Whether nghttpd at $1 has had so many connections.
has_served()
{
    [ "$(grep -c 'send SETTINGS frame' "$work/log/$1")" -ge "$2" ]
}

# ---- k0slb ----

# $1: further lines of the service.
write_configuration()
{
    write_common "$stats_port"
    cat <<END
[k0slb]
ca = $work/ca.crt
[defaults]
check_interval = 200ms
check_down_interval = 200ms
[controllers]
c1 = 127.0.0.11
c2 = 127.0.0.12
c3 = 127.0.0.13
[service kubeAPI]
enabled = no
[service controllerJoinAPI]
enabled = no
[service konnectivity]
listen = 127.0.0.1:$listen
port = $port
$1
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

all_are()
{
    for controller in $controllers; do
        backend_is konnectivity "$controller" "$1" "$2" || return 1
    done
}

# ---- the test ----

begin nghttpd
need nghttpd openssl curl install

# shellcheck disable=SC2046 # three words are meant
set -- $("$standin" free 3 127.0.0.1 127.0.0.11 127.0.0.12 127.0.0.13)
port=$1 listen=$2 stats_port=$3

require "certificates are made" make_certificates
for controller in $controllers; do
    start_controller "$controller"
done
write_configuration "" >"$work/k0slb.ini"
start k0slbd "$k0slbd" -c "$work/k0slb.ini"
require "HTTP/2 is up" wait_until 15 all_are up 'L7OK HTTP/2'
check "... in many probes" wait_until 15 has_served c1 20
check "... and stays so" all_are up 'L7OK HTTP/2'

stop c1 KILL
check "one that is killed is down" wait_until 15 backend_is konnectivity c1 down L4CON
start_controller c1 --no-tls
check "without TLS it stays down" wait_until 15 backend_is konnectivity c1 down 'L6RSP not TLS'
stop c1
start_controller c1 --verify-client
check "one that insists on our certificate stays down" \
    wait_until 15 backend_is konnectivity c1 down 'L6RSP.*certificate'
check "a certificate comes with a reload" \
    reload_with "check_cert = $work/client.crt
check_key = $work/private.key"
check "... and with it all are up" wait_until 15 all_are up 'L7OK HTTP/2'

check "k0slbctl stop ends it" ctl stop
check "... in order" wait_until 5 is_gone k0slbd
check "no memory of it is left" has_left_no_memory
finish
