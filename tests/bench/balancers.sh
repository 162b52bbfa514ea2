# The balancers, each with the same services; read by tests/bench/run. A service is a line of
# $work/services: NAME PORT CHECK ADDRESS..., where CHECK is yes, no or https (see probes.sh); a
# balancer listens on PORT of its own address and sends connections to the same port of the
# ADDRESSes.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # variables are shared with the files that are read beside this

# Where a balancer listens.
address_of()
{
    case $1 in
    haproxy) echo 127.77.2.1 ;;
    nginx) echo 127.77.2.2 ;;
    k0slb) echo 127.77.2.3 ;;
    esac
}

port_of()
{
    awk -v name="$1" '$1 == name { print $2 }' "$work/services"
}

# How many connections may wait to be accepted: a storm of them, where the kernel allows it.
backlog=16384

# How many descriptors one process of balancer $1 may need for $2 connections over $3 workers.
# HAProxy has one process; the others share the connections out, not quite evenly.
descriptors_for()
{
    case $1 in
    haproxy) calculate "2 * $2 + 100" ;;
    *) calculate "int(2.6 * $2 / $3) + 100" ;;
    esac
}

# ---- their files; $1: how many workers ----

# HAProxy: `splice-auto' does not splice here. Times to wait are what a watch needs.
haproxy_file()
{
    echo "global
    nbthread $1"
    if [ "$(id -u)" -eq 0 ] && id haproxy >/dev/null 2>&1; then
        echo "    user haproxy
    group haproxy"
    fi
    echo "defaults
    mode tcp
    balance leastconn
    option splice-request
    option splice-response
    backlog $backlog
    timeout connect 5s
    timeout client 1h
    timeout server 1h"
    while read -r name port check addresses; do
        echo "listen $name
    bind $(address_of haproxy):$port"
        [ "$check" != https ] || haproxy_https
        [ "$check" = no ] && word= || word=' check'
        for address in $addresses; do
            echo "    server $address $address:$port$word"
        done
    done <"$work/services"
}

haproxy_https()
{
    echo "    option httpchk GET /readyz
    http-check expect status 200
    default-server inter $probe_interval_ms check-ssl verify required ca-file $work/ca.crt
    default-server crt $work/client.pem"
}

nginx_modules()
{
    nginx -V 2>&1 | tr ' ' '\n' | sed -n 's/^--modules-path=//p'
}

# What both NGINX begin with, this balancer and the origin; $1: workers, $2: name.
nginx_head()
{
    echo "daemon off;
worker_processes $1;
worker_rlimit_nofile $descriptors;
pid $work/$2.pid;
error_log stderr warn;
events { worker_connections $((descriptors - 50)); }"
}

# It has no active checks: a backend that refuses is avoided for a while.
nginx_file()
{
    module=$(nginx_modules)/ngx_stream_module.so
    [ ! -f "$module" ] || echo "load_module $module;"
    nginx_head "$1" nginx
    echo "stream {
    proxy_connect_timeout 5s;
    proxy_timeout 1h;"
    while read -r name port check addresses; do
        echo "    upstream $name {
        least_conn;"
        for address in $addresses; do
            echo "        server $address:$port;"
        done
        echo "    }
    server {
        listen $(address_of nginx):$port backlog=$backlog;
        proxy_pass $name;
    }"
    done <"$work/services"
    echo "}"
}

k0slb_file()
{
    echo "[k0slb]
name = $instance
workers = $1
log = stderr"
    [ ! -f "$work/ca.crt" ] || echo "ca = $work/ca.crt"
    echo "[stats]
listen = $(address_of k0slb):$stats_port"
    while read -r name port check addresses; do
        case $check in
        yes) word=tcp ;;
        no) word=none ;;
        *) word=$check ;;
        esac
        echo "[service $name]
listen = $(address_of k0slb):$port
balance = leastconn
backlog = $backlog
check = $word"
        [ "$check" != https ] || k0slb_https
        number=0
        for address in $addresses; do
            number=$((number + 1))
            echo "server backend$number = $address:$port"
        done
    done <"$work/services"
}

k0slb_https()
{
    echo "check_path = /readyz
check_interval = ${probe_interval_ms}ms
check_cert = $work/client.crt
check_key = $work/client.key"
}

# ---- their life ----

# start_balancer NAME WORKERS: returns 0 when it moves bytes; its processes are then in
# $balancer_pids.
start_balancer()
{
    case $1 in
    haproxy)
        haproxy_file "$2" >"$work/haproxy.cfg"
        start haproxy haproxy -db -f "$work/haproxy.cfg"
        ;;
    nginx)
        nginx_file "$2" >"$work/nginx.conf"
        start nginx nginx -e stderr -p "$work" -c "$work/nginx.conf"
        ;;
    k0slb)
        k0slb_file "$2" >"$work/k0slb.ini"
        start k0slb "$build/k0slbd" -c "$work/k0slb.ini"
        ;;
    esac
    balancer=$started
    balancer_name=$1
    balancer_workers=$2
    if ! "$helper" try "$(address_of "$1")" "$(port_of echo)" 10 2>/dev/null; then
        fail "$1, $2 workers: nothing comes back through it"
        show "$1"
        stop_balancer
        return 1
    fi
    # One worker moves bytes while others may still be on their way.
    wait_until 5 balancer_is_complete "$1" "$2"
}

# How many processes balancer $1 has with $2 workers: HAProxy has threads; k0slb has a master, the
# checker and the stats server beside its workers.
count_of_processes()
{
    case $1 in
    haproxy) echo 1 ;;
    nginx) echo $(($2 + 1)) ;;
    k0slb) echo $(($2 + 3)) ;;
    esac
}

# Finds out $balancer_pids. Whether they are all that balancer $1 has with $2 workers.
balancer_is_complete()
{
    balancer_pids=$(tree_of "$balancer")
    [ "$(echo "$balancer_pids" | wc -w)" -eq "$(count_of_processes "$1" "$2")" ]
}

# Whether it still has the processes it began with: what another one used would be missing.
balancer_is_whole()
{
    [ "$(tree_of "$balancer")" = "$balancer_pids" ]
}

stop_balancer()
{
    stop "$balancer"
}

balancer_cpu()
{
    # shellcheck disable=SC2086 # a list of process numbers
    cpu_ns $balancer_pids
}

balancer_memory()
{
    # shellcheck disable=SC2086
    anonymous_bytes $balancer_pids
}
