#!/bin/sh
# Chromium opens the status page: what it should show is there, its console has nothing to say, and
# the page renews itself. curl gets the text at the same address. The page is looked at through
# k0slb itself, which so counts how often it is asked for.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check and wait_until call is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"

bound= # a command in front of Chromium

# ---- the browser ----

# Chromium with a profile of its own, nothing that calls home, and its console on standard error; in
# the place of this shell.
browse()
{
    rm -rf "$work/profile"
    # shellcheck disable=SC2086 # words are meant
    exec $bound chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
        --no-first-run --disable-background-networking --disable-component-update --disable-sync \
        --disable-extensions --user-data-dir="$work/profile" --enable-logging=stderr "$@"
}

# Loads page $1 and leaves what has become of it in $work/dom.
load()
{
    : >"$work/log/console"
    (bound='timeout 60' && browse --dump-dom "$1") >"$work/dom" 2>"$work/log/console"
}

shows()
{
    grep -q -- "$1" "$work/dom"
}

# Whether the page did nothing that Chromium complains of: a style sheet that its own policy
# forbids, a file that is not there.
is_empty()
{
    ! grep 'CONSOLE' "$work/log/$1"
}

# The same for a page that forbids its own style sheet.
notices_a_wrong_page()
{
    cat >"$work/wrong.html" <<'END'
<!DOCTYPE html>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<style>p{color:red}</style>
<p>wrong</p>
END
    load "file://$work/wrong.html" && shows '<p>wrong</p>' || return 1
    ! is_empty console >/dev/null && grep -q 'CONSOLE.*Content Security Policy' "$work/log/console"
}

# ---- the balancer ----

write_configuration()
{
    write_common "$stats_port"
    cat <<END
refresh = 1s
[service page]
listen = 127.0.0.1:$page_port
check = tcp
server itself = 127.0.0.1:$stats_port
server nobody = 127.0.0.1:$closed_port
END
}

is_settled()
{
    backend_is page itself up && backend_is page nobody down
}

# What curl gets at the page's address, with the rest of the words as further options.
curl_gets()
{
    pattern=$1
    shift
    curl -sS -m 5 "$@" "http://127.0.0.1:$page_port/" | grep -q -- "$pattern"
}

# ---- the test ----

begin page
need chromium curl timeout

# shellcheck disable=SC2046 # three words are meant
set -- $("$standin" free 3 127.0.0.1)
stats_port=$1 page_port=$2 closed_port=$3

write_configuration >"$work/k0slb.ini"
start k0slbd "$k0slbd" -c "$work/k0slb.ini"
require "k0slb serves its own page" wait_until 15 is_settled
check "curl gets the text" curl_gets "^k0slb .* $instance pid $(pid_of k0slbd) up "
check "... with a hint for caches" curl_gets '^Vary: Accept' -i
check "a wrong page would be noticed" notices_a_wrong_page

check "Chromium opens the page" load "http://127.0.0.1:$page_port/"
check "... which names the instance" shows "<h1>$instance</h1>"
check "... the backend that is up" shows '>itself</th>.*"state good">up<'
check "... the one that is down, and why" shows '>nobody</th>.*"state bad">down<.*connection refused'
check "... and the master" shows ">master</th>.*>$(pid_of k0slbd)</td>"
check "its console is empty" is_empty console

start renewing browse --remote-debugging-port=0 "http://127.0.0.1:$page_port/"
check "the page renews itself" wait_until 30 has_more_than page itself \
    $(($(backend_total page itself) + 4))
check "... and the console stays empty" is_empty renewing
stop renewing

check "k0slb ends in order" stop k0slbd
check "no memory of it is left" has_left_no_memory
finish
