#!/bin/sh
# nginx as three API servers that are asked over HTTPS: without a client certificate 401 says that
# they are alive, with one 200 says that they are ready. Then each way in which a controller can be
# wrong, and nginx has nothing to complain of meanwhile.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check and wait_until call is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"

controllers='c1 c2 c3'

make_certificates()
{
    make_authority ca && make_authority other && make_certificate client DNS:client ca || return 1
    for controller in $controllers; do
        make_certificate "$controller" DNS:api.example,IP:127.0.0.1 ca || return 1
    done
    make_certificate stranger DNS:api.example other
    mkdir "$work/credentials" && cp "$work/ca.crt" "$work/client.crt" "$work/credentials" &&
        install -m 600 "$work/client.key" "$work/credentials/client.key"
}

# ---- controllers ----

# Whoever shows a certificate of the authority is let in. A file named after a controller is its
# trouble. $2: whose certificate it has.
write_nginx_configuration()
{
    cat <<END
daemon off;
master_process off;
pid $work/$1.pid-file;
error_log $work/log/$1 info;
events { worker_connections 256; }
http {
    log_format probe '\$status \$request_method \$uri \$ssl_session_reused \$ssl_client_verify';
    access_log $work/$1.access probe;
$(nginx_paths "$1")
    ssl_certificate $work/$2.crt;
    ssl_certificate_key $work/$2.key;
    ssl_client_certificate $work/ca.crt;
    ssl_verify_client optional;
    ssl_session_cache shared:probes:1m;
    server {
        listen 127.0.0.1${1#c}:$api_port ssl;
        location /readyz {
            if (-f $work/trouble.$1) { return 500 "[+]ping ok\n[-]etcd failed: reason withheld\n"; }
            if (\$ssl_client_verify != SUCCESS) { return 401; }
            return 200 ok;
        }
    }
}
END
}

# $2: whose certificate it has; its own.
start_controller()
{
    write_nginx_configuration "$1" "${2:-$1}" >"$work/$1.conf"
    start "$1" nginx -e "$work/log/$1" -c "$work/$1.conf"
}

# How many probes of controller $1 are in its log as $2 describes them.
probes_of()
{
    grep -c "$2" "$work/$1.access"
}

has_probes()
{
    [ "$(probes_of "$1" "$2")" -ge "$3" ]
}

# ---- k0slb ----

# $1: further lines of [k0slb].
write_configuration()
{
    write_common "$stats_port"
    cat <<END
[k0slb]
external_address = api.example
$1
[defaults]
check_interval = 200ms
check_down_interval = 200ms
[controllers]
c1 = 127.0.0.11
c2 = 127.0.0.12
c3 = 127.0.0.13
[service kubeAPI]
listen = 127.0.0.1:$api_listen
port = $api_port
[service konnectivity]
enabled = no
[service controllerJoinAPI]
enabled = no
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
        backend_is kubeAPI "$controller" "$1" "$2" || return 1
    done
}

is_verified()
{
    for controller in $controllers; do
        [ "$(backend_value kubeAPI "$controller" ready_verified)" = "$1" ] || return 1
    done
}

# An end that nginx did not expect has a line in its log.
has_nothing_to_say()
{
    ! grep -e SSL -e 'prematurely' -e 'reset by peer' "$work"/log/c[123]
}

# ---- the test ----

begin nginx_https
need nginx curl openssl install

# shellcheck disable=SC2046 # three words are meant
set -- $("$standin" free 3 127.0.0.1 127.0.0.11 127.0.0.12 127.0.0.13)
api_port=$1 api_listen=$2 stats_port=$3

require "certificates are made" make_certificates
for controller in $controllers; do
    start_controller "$controller"
done
write_configuration "ca = $work/ca.crt" >"$work/k0slb.ini"
start k0slbd "$k0slbd" -c "$work/k0slb.ini"
require "without a certificate of ours, 401 is up" wait_until 15 all_are up 'L7OK 401'
check "... alive, and no more" is_verified false
check "... by GET /readyz" has_probes c1 '^401 GET /readyz . NONE' 1
check "most probes take a session up again" wait_until 15 has_probes c1 '^401 GET /readyz r NONE' 10
check "... which saves a handshake each time" test "$(probes_of c1 '/readyz \. ')" -le 3

check "credentials come with a reload" reload_with "credentials = $work/credentials"
check "200 is up" wait_until 15 all_are up 'L7OK 200'
check "... and ready" is_verified true
check "nginx knows who asks" has_probes c1 '^200 GET /readyz . SUCCESS' 1
check "... also in a session that goes on" \
    wait_until 15 has_probes c1 '^200 GET /readyz r SUCCESS' 10
check "nginx has nothing to complain of" has_nothing_to_say

touch "$work/trouble.c2"
check "500 is down, with the reason" wait_until 15 backend_is kubeAPI c2 down 'L7STS 500.*etcd'
check "... and nobody else" backend_is kubeAPI c1 up 'L7OK 200'
rm "$work/trouble.c2"
check "it is up again" wait_until 15 backend_is kubeAPI c2 up 'L7OK 200'

stop c3 KILL
check "one that is killed is down" wait_until 15 backend_is kubeAPI c3 down L4CON
start_controller c3 stranger
check "a certificate of another authority is down" \
    wait_until 15 backend_is kubeAPI c3 down 'L6RSP not signed by our CA'
stop c3
start_controller c3
check "its own again is up" wait_until 15 backend_is kubeAPI c3 up 'L7OK 200'

check "k0slbctl stop ends it" ctl stop
check "... in order" wait_until 5 is_gone k0slbd
check "no memory of it is left" has_left_no_memory
finish
