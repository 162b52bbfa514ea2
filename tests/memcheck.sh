#!/bin/sh
# Runs the unit tests of some rooms, and one system test whose every k0slbd process runs so, under
# valgrind: no bad access, nothing unset used, no memory lost at the end, no descriptor left open
# but those that a process has all its life. It takes minutes: `make check-valgrind'.
#
# Reads K0SLB_SRCDIR and K0SLB_BUILDDIR. Words on the command line are the programs to run instead.
# shellcheck disable=SC2086 # options are words

set -u
LC_ALL=C
export LC_ALL

source=${K0SLB_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}
build=${K0SLB_BUILDDIR:-.}
units='unit/conf/test_conf unit/board/test_board unit/worker/test_worker unit/balance/test_balance'
system=system/test_relay
passed=0
failed=0
skipped=0

# What a program may take: it is some thirty times as slow.
BOUND=900

finish()
{
    echo "memcheck.sh: $passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ] || exit 1
    [ "$passed" -gt 0 ] || exit 77
    exit 0
}

skip()
{
    echo "skipped: memcheck: $*"
    skipped=$((skipped + 1))
    finish
}

valgrind=$(command -v valgrind) || skip 'valgrind is not installed'
! grep -q __asan_init "$build/k0slbd" || skip 'a build with sanitizers does not run under valgrind'
work=$(mktemp -d "${TMPDIR:-/tmp}/k0slb-memcheck.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Children write there too, after they have become another user.
chmod 1777 "$work"
cp "$source/tests/memcheck.supp" "$work/supp" && chmod 644 "$work/supp"

# glibc gives back the environment before memory is looked at: what is kept there would be lost.
options="-q --leak-check=full --show-leak-kinds=definite --run-libc-freeres=no --track-fds=yes
    --suppressions=$work/supp --log-file=$work/log.%p"

# What valgrind has said of one process, but for descriptors that came from outside, valgrind's own
# log, and what the master opens for itself and all its children when it starts.
complaints()
{
    awk '
    function tell() {
        if (block != "" && block !~ /inherited from parent|log\.[0-9]+\n|start_open/)
            print block
        block = ""
    }
    { sub(/^==[0-9]+== ?/, "") }
    /^FILE DESCRIPTORS/ { next }
    /^Open / { tell(); block = $0 "\n"; next }
    block != "" && /^ / { block = block $0 "\n"; next }
    { tell() }
    /[^ ]/ { print }
    END { tell() }' "$1"
}

# verdict STATUS NAME: of the program that has just ended.
verdict()
{
    for log in "$work"/log.*; do
        [ ! -e "$log" ] || complaints "$log"
    done >"$work/complaints"
    if [ "$1" -eq 0 ] && [ ! -s "$work/complaints" ]; then
        passed=$((passed + 1))
    else
        echo "FAILED $2 (status $1)"
        tail -n 20 "$work/out"
        head -n 100 "$work/complaints"
        failed=$((failed + 1))
    fi
    rm -f "$work"/log.*
}

# Which tests of program $1 are run, if not all: what is promised over 100,000 picks, or in each of
# some thousand states with a process of its own, takes too long.
filter_of()
{
    case $1 in
    unit/balance/*) echo balance.examples ;;
    esac
}

# The children of a unit test end wherever they are: what they leave is no leak.
run_unit()
{
    timeout -k 10 "$BOUND" "$valgrind" $options --child-silent-after-fork=yes "$build/tests/$1" \
        $(filter_of "$1") >"$work/out" 2>&1 </dev/null
    verdict $? "$1"
}

run_system()
{
    K0SLB_WRAPPER="$valgrind $(echo $options)" timeout -k 10 "$BOUND" "$build/tests/$1" \
        >"$work/out" 2>&1 </dev/null
    verdict $? "$1"
}

for program in ${*:-$units $system}; do
    case $program in
    system/*) run_system "$program" ;;
    *) run_unit "$program" ;;
    esac
done
finish
