# What a health check costs both ends: controllers that are asked over HTTPS again and again, and
# nothing else; read by tests/bench/run. NGINX has no active checks, so it takes no part. The
# certificates are of the kind that k0s makes (RSA, 2048 bits), each end shows its own and holds the
# other's against the CA; the controllers give tickets as those written in Go do: one, stateless.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2086,SC2154 # variables are shared with the files read beside this

# So many that there is enough to count, and so few that probes hardly ever meet: controllers are
# machines of their own, where nothing is gained from two that come together.
probed_controllers=20
probe_interval_ms=200

# Probes that were answered: a line for each, with its status, what came of the client's
# certificate, "r" where the connection took up an earlier TLS session, and the how manyth on its
# connection this was.
answers=log/answers

# ---- certificates ----

openssl_quietly()
{
    openssl "$@" >>"$work/log/openssl" 2>&1
}

# make_certificate NAME USE [SAN]: $work/NAME.crt and .key, for serverAuth or clientAuth.
make_certificate()
{
    {
        echo "extendedKeyUsage = $2"
        [ -z "${3:-}" ] || echo "subjectAltName = $3"
    } >"$work/$1.ext"
    openssl_quietly req -newkey rsa:2048 -nodes -subj "/O=kubernetes/CN=$1" \
        -keyout "$work/$1.key" -out "$work/$1.csr" &&
        openssl_quietly x509 -req -in "$work/$1.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" \
            -CAcreateserial -days 2 -extfile "$work/$1.ext" -out "$work/$1.crt"
}

# HAProxy wants a certificate and its key in one file.
make_certificates()
{
    openssl_quietly req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=kubernetes-ca' \
        -keyout "$work/ca.key" -out "$work/ca.crt" &&
        make_certificate controller serverAuth \
            DNS:kubernetes,DNS:kubernetes.default.svc.cluster.local,IP:127.77.40.1 &&
        make_certificate client clientAuth &&
        cat "$work/client.crt" "$work/client.key" >"$work/client.pem" &&
        return 0
    show openssl
    die "openssl makes no certificates"
}

# ---- the controllers: one nginx on many addresses ----

controllers_file()
{
    nginx_head 1 controllers
    echo "http {
    log_format answer '\$status \$ssl_client_verify \$ssl_session_reused \$connection_requests';
    access_log $work/$answers answer;
    server {"
    for address in $(addresses_from 127.77.40.1 "$probed_controllers"); do
        echo "        listen $address:$api_port ssl;"
    done
    echo "        ssl_certificate $work/controller.crt;
        ssl_certificate_key $work/controller.key;
        ssl_client_certificate $work/ca.crt;
        ssl_verify_client optional;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache none;
        ssl_session_tickets on;
        ssl_conf_command NumTickets 1;
        location = /readyz { return 200 'ok'; }
    }
}"
}

# Its processes are then in $controllers_pids.
start_controllers()
{
    make_certificates
    controllers_file >"$work/controllers.conf"
    start controllers nginx -e stderr -p "$work" -c "$work/controllers.conf"
    controllers=$started
    wait_until 5 controllers_are_complete || {
        show controllers
        die "no nginx with TLS to be probed"
    }
}

# The master and its worker.
controllers_are_complete()
{
    controllers_pids=$(tree_of "$controllers")
    [ -s "$work/controllers.pid" ] && [ "$(echo "$controllers_pids" | wc -w)" -eq 2 ]
}

# What balancers are started with for this test: the first service shows that one works.
probed_services()
{
    echo "echo $echo_port no 127.77.1.1"
    echo "api $api_port https $(addresses_from 127.77.40.1 "$probed_controllers")"
}

# ---- the measurement ----

count_of_answers()
{
    wc -l <"$work/$answers"
}

has_answers()
{
    [ "$(count_of_answers)" -ge "$1" ]
}

# Of the lines $1 (not included) to $2: how many, how many full handshakes, how many other than
# wanted.
sum_of_answers()
{
    awk -v from="$1" -v to="$2" '
    NR <= from || NR > to { next }
    $3 != "r" && $4 == 1 { full++ }
    $1 != 200 || $2 != "SUCCESS" { wrong++ }
    END { print to - from, full + 0, wrong + 0 }' "$work/$answers"
}

# Whether $1 probes in the time of this test are about what was asked for. HAProxy counts its
# interval from the end of a probe.
is_often_enough()
{
    at_least "$1" "0.8 * $probed_controllers * $seconds * 1000 / $probe_interval_ms"
}

# First come the handshakes in which the two ends get to know each other.
measure_probes()
{
    : >"$work/$answers"
    wait_until 20 has_answers $((10 * probed_controllers)) || {
        fail "$test_name, $(here_it_is): only $(count_of_answers) probes were answered in 20 s"
        show controllers "$balancer_name"
        return 1
    }
    balancer_before=$(balancer_cpu)
    controllers_before=$(cpu_ns $controllers_pids)
    answers_before=$(count_of_answers)
    sleep "$seconds"
    balancer_after=$(balancer_cpu)
    controllers_after=$(cpu_ns $controllers_pids)
    # shellcheck disable=SC2046 # three numbers
    set -- $(sum_of_answers "$answers_before" "$(count_of_answers)")
    if ! is_often_enough "$1" || [ "$3" -gt 0 ]; then
        fail "$test_name, $(here_it_is): $1 probes were answered in $seconds s, $3 of them badly"
        show controllers "$balancer_name"
        return 1
    fi
    balancer_ns=$((balancer_after - balancer_before))
    controllers_ns=$((controllers_after - controllers_before))
    sample probes.cpu "$(calculate "($balancer_ns + $controllers_ns) / 1e3 / $1")"
    sample probes.balancer "$(calculate "$balancer_ns / 1e3 / $1")"
    sample probes.controller "$(calculate "$controllers_ns / 1e3 / $1")"
    sample probes.full "$(calculate "100 * $2 / $1")"
}
