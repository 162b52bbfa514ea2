#!/bin/sh
# The init script as it is installed: every action, its exit status and what it says, and that
# neither a reload nor a restart, nor a master that was killed, costs wrk a request or curl a byte.
# All of it in namespaces of its own, as root: what is installed there is seen nowhere else, and no
# process can outlive the test.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check and wait_until call is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"

size=64          # MiB of a download
rate=4M          # a second: it lasts as long as a few restarts take
downloads='1 2 3 4'
reloads=10
restarts=8

# ---- a machine of its own ----

# Runs this script again where it can do no harm; comes back only in there.
enter_namespaces()
{
    [ "${1:-}" != inside ] || return 0
    [ "$(id -u)" -eq 0 ] || skip "only root can have namespaces of its own"
    unshare --mount --net --pid --fork --mount-proc true 2>/dev/null ||
        skip "this machine gives root no namespaces"
    give_up_work
    exec unshare --mount --net --pid --fork --mount-proc --kill-child sh "$0" inside
}

# Lays what has been installed in $work/root over the machine's own directories.
overlay_everything()
{
    for top in "$work"/root/*; do
        name=${top##*/}
        over=/run/over/$name
        [ -d "/$name" ] || return 1
        mkdir -p "$over/work" && cp -a "$top" "$over/upper" &&
            mount -t overlay -o "lowerdir=/$name,upperdir=$over/upper,workdir=$over/work" over \
                "/$name" || return 1
    done
}

install_everything()
{
    # Another make, not a part of the one that runs this.
    env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -C "$K0SLB_BUILDDIR" install \
        DESTDIR="$work/root" >"$work/log/install" 2>&1 &&
        mount -t tmpfs run /run && mount -t tmpfs shm /dev/shm && ip link set lo up &&
        overlay_everything
}

# Built with sanitizers, a daemon writes what they find to files that any user may make.
let_sanitizers_write()
{
    chmod 711 "$work" && chmod 1777 "$work/log"
    ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}log_path=$work/log/sanitizer"
    UBSAN_OPTIONS="${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}log_path=$work/log/sanitizer"
    export ASAN_OPTIONS UBSAN_OPTIONS
}

# Where a file that ends in $1 was installed.
installed()
{
    find "$work/root" -path "*/$1" | sed "s|^$work/root||"
}

# ---- backends and load ----

# Connections end now and then, so that wrk makes new ones all the time.
write_nginx_configuration()
{
    cat <<END_OF_FILE
daemon off;
worker_processes 1;
pid $work/nginx.pid-file;
error_log $work/log/nginx-errors;
user nobody $(id -gn nobody);
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 100;
$(nginx_paths "nginx")
    server {
        listen 127.0.0.11:8080;
        listen 127.0.0.12:8080;
        root $work/files;
    }
}
END_OF_FILE
}

make_files()
{
    mkdir "$work/files" && echo small >"$work/files/small" &&
        head -c "${size}m" /dev/urandom >"$work/files/large" &&
        chmod 755 "$work/files" && chmod 644 "$work"/files/*
}

backend_answers()
{
    curl -s -f -m 2 -o /dev/null "http://127.0.0.$1:8080/small"
}

has_begun()
{
    [ -s "$work/download$1" ]
}

# Starts download $1.
start_download()
{
    rm -f "$work/download$1"
    start "curl$1" curl -sS -f --limit-rate "$rate" -o "$work/download$1" \
        http://127.0.0.1:8000/large
    wait_until 5 has_begun "$1"
}

start_downloads()
{
    for number in $downloads; do
        start_download "$number" || return 1
    done
}

# wrk begins, and says nothing before its end.
start_wrk()
{
    start wrk wrk -t 1 -c 8 -d 600 http://127.0.0.1:8000/small
    wait_until 5 has_sessions
}

has_sessions()
{
    ctl status | grep -q '^workers .* [1-9][0-9]* sessions open$'
}

# wrk prints its numbers when it is interrupted.
end_wrk()
{
    is_running wrk && kill -INT "$(pid_of wrk)" && wait_until 10 is_gone wrk && has_ended_well wrk
}

# What wrk counts as an error has a line of its own, which is there only when there was one.
wrk_has_no_error()
{
    cat "$work/log/wrk"
    grep -q 'requests in' "$work/log/wrk" && ! grep -q -e 'Socket errors' -e 'Non-2xx' "$work/log/wrk"
}

wrk_was_busy()
{
    requests=$(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' "$work/log/wrk")
    [ "${requests:-0}" -gt 10000 ]
}

download_is_whole()
{
    wait_until 60 is_gone "curl$1" && has_ended_well "curl$1" &&
        cmp "$work/files/large" "$work/download$1"
}

# ---- k0slb ----

ctl()
{
    "$k0slbctl" -n "$instance" "$@"
}

# $1: weight of the second backend.
write_configuration()
{
    cat <<END_OF_FILE
[k0slb]
user = nobody
workers = 2
[service web]
listen = 127.0.0.1:8000
check = tcp
server n1 = 127.0.0.11:8080
server n2 = 127.0.0.12:8080 weight=$1
[stats]
listen = 127.0.0.1:9000
END_OF_FILE
}

write_bad_configuration()
{
    write_configuration 1
    echo 'rubbish = 1'
}

# Whether the init script's action $2 ends with status $1; what it says is kept.
gives()
{
    wanted=$1
    shift
    timeout 60 "$initd" "$@" >"$work/said" 2>&1
    got=$?
    { echo "$* ended with status $got:"; cat "$work/said"; } >>"$work/log/initd"
    [ "$got" -eq "$wanted" ]
}

has_said()
{
    grep -q -- "$1" "$work/said"
}

# The same, with a configuration that is bad. The good one comes back.
gives_with_bad_file()
{
    write_bad_configuration >"$config"
    gives "$@"
    result=$?
    write_configuration 1 >"$config"
    [ "$result" -eq 0 ] && has_said ": \[stats\] rubbish: unknown key"
}

master()
{
    ctl status | sed -n "1s/^k0slb [^ ]* $instance pid \([0-9]*\) up .*/\1/p"
}

# Every process of it that is in this namespace, zombies excepted.
own_processes()
{
    for exe in /proc/[0-9]*/exe; do
        case $(readlink "$exe") in
        */k0slbd) echo "$exe" ;;
        esac
    done
}

nothing_runs()
{
    [ -z "$(own_processes)" ]
}

# Leaves no pid file, segment or lock either.
nothing_is_left()
{
    nothing_runs && has_left_no_memory && [ ! -e "/run/$instance.pid" ]
}

# Whether the pid file says who the master is.
pid_file_is_right()
{
    [ "$(cat "/run/$instance.pid")" = "$(master)" ]
}

epoch_is()
{
    ctl status | grep -q "^epoch    $1,"
}

is_healthy()
{
    [ "$(ctl health)" = ok ]
}

orphans_have_left()
{
    # A master, a checker, a stats process and two workers.
    [ "$(own_processes | wc -l)" -eq 5 ]
}

# Reloads once; $1: which time it is. The weight is another one each time.
reload_once()
{
    write_configuration $((1 + $1 % 2)) >"$config"
    gives 0 reload && has_said "^reloaded: epoch $((1 + $1))\$"
}

reload_often()
{
    number=1
    while [ "$number" -le "$reloads" ]; do
        reload_once "$number" || return 1
        number=$((number + 1))
    done
}

# Restarts once: there is another master at once, and everything of the old one is left to finish.
restart_once()
{
    before=$(master)
    gives 0 restart && has_said "k0slb: restarted" || return 1
    after=$(master)
    [ -n "$after" ] && [ "$after" != "$before" ]
}

restart_often()
{
    number=1
    while [ "$number" -le "$restarts" ]; do
        restart_once || return 1
        number=$((number + 1))
    done
}

kill_master()
{
    victim=$(master)
    [ -n "$victim" ] && kill -KILL "$victim" && wait_until 5 gives 1 status
}

# Whether the action needs root's rights.
is_refused_to_others()
{
    setpriv --reuid nobody --clear-groups "$initd" "$1" >"$work/said" 2>&1
    [ $? -eq 4 ]
}

# Whether status 5 is given while a program is away.
misses_program()
{
    mv "$1" "$1.away"
    gives 5 start
    result=$?
    mv "$1.away" "$1"
    return "$result"
}

# Whether what is set in the defaults file obeyed: $1 is a line of it, the rest as gives.
gives_with_default()
{
    mkdir -p "$sysconf/default"
    echo "$1" >"$sysconf/default/k0slb"
    shift
    gives "$@"
    result=$?
    rm -f "$sysconf/default/k0slb"
    return "$result"
}

# ---- the test ----

begin initd
need unshare mount ip make wrk nginx curl cmp timeout setpriv
enter_namespaces "$@"
let_sanitizers_write

require "make install, in a mount namespace" install_everything
instance=k0slb
initd=$(installed init.d/k0slb)
k0slbd=$(installed sbin/k0slbd)
k0slbctl=$(installed bin/k0slbctl)
sysconf=${initd%/init.d/k0slb}
config=$sysconf/k0slb/k0slb.ini
require "... everything is where it was configured to be" test -x "$initd" -a -x "$k0slbd" \
    -a -x "$k0slbctl" -a -f "$config"
require "files are made" make_files
write_nginx_configuration >"$work/nginx.conf"
start nginx nginx -e "$work/log/nginx-errors" -c "$work/nginx.conf"
require "two backends answer" wait_until 10 backend_answers 11
require "... both" wait_until 10 backend_answers 12
write_configuration 1 >"$config"

check "status of nothing is 3" gives 3 status
check "... and says why, once" has_said "^k0slbctl: [^:]* is not running: "
check "stop of nothing is 0" gives 0 stop
check "... and says so" has_said "k0slb: is not running"
check "reload of nothing is 7" gives 7 reload
check "try-restart of nothing is 0" gives 0 try-restart
check "an unknown action is 2" gives 2 wait
check "... no action too" gives 2
check "configtest of a good file is 0" gives 0 configtest
check "configtest of a bad one is 6, with the line" gives_with_bad_file 6 configtest
check "start with a bad file is 6, with the line" gives_with_bad_file 6 start
check "start by another user is 4" is_refused_to_others start
check "without k0slbd it is 5" misses_program "$k0slbd"
check "without k0slbctl too" misses_program "$k0slbctl"
check "the defaults' CONFIG is taken" gives_with_default CONFIG=/nowhere.ini 6 configtest
check "the defaults' NAME must be the file's" gives_with_default NAME=other 6 configtest
check "the defaults' OPTIONS are taken" gives_with_default OPTIONS=--help 0 start
check "nothing has been started by all that" nothing_is_left

check "start is 0" gives 0 start
require "... and it serves" is_healthy
check "status is 0" gives 0 status
check "... with the table" has_said "^web  up "
check "the pid file says who it is" pid_file_is_right
first=$(master)
check "start again is 0" gives 0 start
check "... and says why" has_said "k0slb: is already running"
check "... of the same master" test "$(master)" = "$first"
check "k0slbd itself refuses a second start" sh -c "! '$k0slbd' -d -c '$config' 2>'$work/said'"
check "... and names the first" has_said "$first"

check "wrk begins" start_wrk
check "downloads begin" start_downloads
check "$reloads reloads are 0, each with its epoch" reload_often
check "a reload with a bad file is 6, with the line" gives_with_bad_file 6 reload
check "a restart with a bad file is 6, with the line" gives_with_bad_file 6 restart
check "... of the same master" test "$(master)" = "$first"
check "... and the same epoch" epoch_is $((1 + reloads))
check "force-reload is 0" gives 0 force-reload
check "$restarts restarts are 0, each with a new master" restart_often
check "the new one is healthy" is_healthy
check "... with the old ones' downloads beside it" test "$(own_processes | wc -l)" -gt 5
check "a killed master is status 1" kill_master
check "... which says so" has_said " is DEAD, "
check "reload of it is 7" gives 7 reload
check "start is 0" gives 0 start
check "... and status too" gives 0 status
check "the pid file says who it is" pid_file_is_right
check "the new one is healthy" is_healthy
check "another restart is 0" restart_once
for number in $downloads; do
    check "download $number has arrived whole" download_is_whole "$number"
done
check "wrk was at it all the time" end_wrk
check "... and had no error" wrk_has_no_error
check "... in more than 10000 requests" wrk_was_busy
check "those that were taken over from have left" wait_until 5 orphans_have_left

check "a download begins" start_download 5
check "a restart is 0" restart_once
check "... the download goes on" is_running curl5
check "stop is 0" gives 0 stop
check "... the download has ended" wait_until 5 is_gone curl5
check "nothing is left of it" nothing_is_left
check "no port of it is left" are_closed 8000 9000
check "status is 3" gives 3 status

check "start is 0" gives 0 start
check "a download begins" start_download 6
check "a killed master is status 1" kill_master
check "stop of what it has left is 0" gives 0 stop
check "... the download has ended" wait_until 5 is_gone curl6
check "nothing is left of it" nothing_is_left
check "stop again is 0" gives 0 stop
finish
