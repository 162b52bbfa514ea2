#!/bin/sh
# k0slbctl top on a terminal of tmux's: it shows the backends and what becomes of them, keeps to the
# terminal's size however that changes, obeys its keys, and leaves the terminal as it was. Then what
# else is for people at a terminal: status with colours, and completion that knows the names.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check and wait_until call is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"

# ---- the terminal ----

# tmux with a socket of its own and no configuration.
mux()
{
    TMUX_TMPDIR=$work TERM=xterm tmux -L top -f /dev/null "$@"
}

# Its server is a process of this test, which ends with it.
start_server()
{
    TMUX_TMPDIR=$work TERM=xterm start terminal tmux -L top -f /dev/null -D
    wait_until 10 [ -S "$work/tmux-$(id -u)/top" ]
}

# A terminal of $1 columns and $2 rows with a shell in it that does nothing by itself.
open_terminal()
{
    start_server &&
        mux new-session -d -x "$1" -y "$2" 'env -i PATH="$PATH" LC_ALL=C PS1="ready " TERM=screen sh' &&
        wait_until 10 shows '^ready'
}

type_line()
{
    mux send-keys "$1" Enter
}

press()
{
    mux send-keys "$@"
}

screen()
{
    mux capture-pane -p
}

# Whether the screen has a line like $1.
shows()
{
    screen | grep -q -- "$1"
}

hides()
{
    ! shows "$1"
}

# Whether the terminal's lines are those that are meant, one each: the list begins at the left, the
# keys stand in the last line.
is_laid_out()
{
    [ "$(screen | wc -l)" -eq "$1" ] && screen | tail -n 1 | grep -q '^q quit ' &&
        [ "$(screen | grep -c '^[! ] cp[12] ')" -eq 2 ]
}

# The modes of the terminal, by its name; tmux says it.
modes()
{
    stty -a <"$(mux display-message -p '#{pane_tty}')" | sed 's/rows [0-9]*; columns [0-9]*//'
}

modes_are()
{
    [ "$(modes)" = "$1" ]
}

has_cursor()
{
    [ "$(mux display-message -p '#{cursor_flag}#{alternate_on}')" = "$1" ]
}

# ---- the balancer ----

write_configuration()
{
    write_common "$stats_port"
    cat <<END
[service web]
listen = 127.0.0.1:$web_port
check = tcp
check_interval = 200ms
server cp1 = 127.0.0.1:$first_port
server cp2 = 127.0.0.1:$second_port
END
}

# A backend that only has to be there; it goes with whoever stops it.
start_backend()
{
    start "$1" "$standin" serve "$work" "$1" 127.0.0.1 "$2" "$3" "$4"
}

are_up()
{
    backend_is web cp1 up && backend_is web cp2 up
}

second_at()
{
    screen | sed -n '1s/.*T\([0-9:]*\)Z.*/\1/p'
}

# Whether the time in the first line stands still, or goes on.
stands_still()
{
    before=$(second_at)
    sleep 2
    [ "$(second_at)" = "$before" ]
}

goes_on()
{
    ! stands_still
}

# What bash offers for the last of the words "$@".
bash_offers()
{
    bash --norc --noprofile -c '
        . "$1/etc/completion/bash/k0slbctl" || exit 1
        program=$2
        shift 2
        COMP_WORDS=(k0slbctl "$@")
        COMP_CWORD=$#
        _k0slbctl "$program" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        echo "${COMPREPLY[*]}"' bash "$K0SLB_SRCDIR" "$k0slbctl" "$@"
}

offers()
{
    wanted=$1
    shift
    [ "$(bash_offers "$@")" = "$wanted" ]
}

has_no_wide_line()
{
    ! "$k0slbctl" -n "$instance" status | grep -q '.\{100\}'
}

# ---- the test ----

begin top
need tmux bash stty

# shellcheck disable=SC2046 # nine words are meant
set -- $("$standin" free 9 127.0.0.1)
stats_port=$1 web_port=$2 first_port=$3 second_port=$4
first_rest="$5 $6" second_rest="$7 $8"
"$standin" ca "$work" || exit 1

write_configuration >"$work/k0slb.ini"
# shellcheck disable=SC2086 # two words are meant
start_backend cp1 "$first_port" $first_rest
# shellcheck disable=SC2086
start_backend cp2 "$second_port" $second_rest
start k0slbd "$k0slbd" -c "$work/k0slb.ini"
require "k0slb has two backends" wait_until 15 are_up

require "a terminal of 80 by 24" open_terminal 80 24
modes_before=$(modes)
type_line "'$k0slbctl' -n $instance top; echo ended with \$?"
require "top starts" wait_until 10 shows "^k0slb .*  $instance  up "
check "... shows the backends that are up" wait_until 5 shows '^  cp2  .* up [0-9]'
check "... and what it is called by" shows 'web is reachable: both backends are up'
check "... in 24 lines" is_laid_out 24
check "... on the other screen, without a cursor" has_cursor 01
check "... with keys that are not shown" [ "$(modes)" != "$modes_before" ]

stop cp2 KILL
check "a killed backend is down at once" wait_until 10 shows '^! cp2  .* down [0-9]'
check "... and why" shows '^! cp2 .*connection refused'
check "... with an event" wait_until 5 shows '^2.*T.*Z  web/cp2 is down: L4CON'

mux resize-window -x 200 -y 60
check "a larger terminal is filled" wait_until 5 is_laid_out 60
check "... to its right edge" wait_until 5 shows '^k0slb .\{170,\}every 1s$'
mux resize-window -x 60 -y 18
check "a smaller one, too" wait_until 5 is_laid_out 18
check "... with no line in two" shows '^k0slb .*  up '
mux resize-window -x 80 -y 24
check "and the first again" wait_until 5 is_laid_out 24

check "it is renewed" goes_on
press p
check "p pauses" wait_until 5 shows 'PAUSED, was every 1s$'
check "... and time stands still" stands_still
press p
check "p goes on" wait_until 5 hides PAUSED
press s
check "s changes the order" wait_until 5 shows 's sort: worst first'

press q
check "q quits with status 0" wait_until 10 shows '^ended with 0$'
check "... and the terminal is as it was" wait_until 5 modes_are "$modes_before"
check "... with its cursor and its screen" has_cursor 10

type_line "clear; '$k0slbctl' -n $instance top --interval 200ms; echo ended with \$?"
check "top starts again" wait_until 10 shows 'every 200ms$'
press C-c
check "Ctrl-C quits as well" wait_until 10 shows '^ended with 0$'
check "... and the terminal is as it was" wait_until 5 modes_are "$modes_before"

type_line "clear; '$k0slbctl' -n $instance top & echo \$! >'$work/top.number'; fg; echo ended with \$?"
type_line ""
check "top can be told to end" wait_until 10 shows "^k0slb .*  $instance  up "
kill -TERM "$(cat "$work/top.number")"
check "... by TERM" wait_until 10 shows '^ended with 0$'
check "... and the terminal is as it was" wait_until 5 modes_are "$modes_before"

type_line "clear; '$k0slbctl' -n $instance status; echo ended with \$?"
check "status has colours on a terminal" wait_until 10 shows '^ended with 0$'
check "... of the terminal's own" sh -c "TMUX_TMPDIR='$work' tmux -L top capture-pane -p -e -S - |
    grep -q \"\$(printf '\\033')\\[31m.*cp2\\|\$(printf '\\033')\\[31mdown\""
type_line "clear; NO_COLOR=1 '$k0slbctl' -n $instance status; echo ended with \$?"
check "... and none with NO_COLOR" wait_until 10 shows '^ended with 0$'
check "no line is wider than 99 columns" has_no_wide_line

check "completion has the backends" offers 'cp1 cp2' -n "$instance" drain ''
check "... the services" offers web -n "$instance" drain cp1 ''
check "... and both" offers web -n "$instance" status w

type_line "clear; '$k0slbctl' -n $instance top; echo ended with \$?"
check "top shows once more" wait_until 10 shows "^k0slb .*  $instance  up "
check "k0slb ends in order" stop k0slbd
check "top says that it is not running" wait_until 10 shows "^! $instance is not running"
start k0slbd "$k0slbd" -c "$work/k0slb.ini"
check "... and finds it when it is there again" wait_until 15 hides 'is not running'
check "k0slb ends in order again" stop k0slbd
check "top is told" wait_until 10 shows "^! $instance is not running"
press q
check "q ends it with status 3 then" wait_until 10 shows '^ended with 3$'
stop terminal
check "no memory of it is left" has_left_no_memory
finish
