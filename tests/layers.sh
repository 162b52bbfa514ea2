#!/bin/sh
# Holds the source tree to its layers: which room may include which, one door for each foreign
# interface, guards, own header first, every file in a makefile fragment. Prints each violation as
# FILE:LINE: what is wrong. The tree is K0SLB_SRCDIR, else the one this script stands in.

set -u
LC_ALL=C
export LC_ALL

# A room, and the rooms whose headers it may include beside its own. A file's name stands for a
# program made of rooms. Siblings never meet but for role, whose children all have a channel.
rooms='base:
conf: base
board: base conf
balance: base conf board
probe: base conf board
advice: base conf board
report: base conf board
channel: base conf board
role: base conf board channel
worker: base conf board balance probe report channel role
checker: base conf board balance probe advice report channel role
stats: base conf board balance probe report channel role
master: base conf board balance probe advice report channel role worker checker stats
control: base conf board probe advice report
k0slbd.c: base conf board balance probe advice report channel role worker checker stats master
k0slbctl.c: base conf board probe advice report control'

# A foreign interface (an extended regular expression on code without comments and texts), and the
# files or directories under src/ that are its door.
word='(^|[^A-Za-z0-9_])'
doors="<ini[.]h> conf/conf_load.c
<openssl/ probe/
<yaml[.]h> control/yaml_tree.c
${word}epoll_ base/loop.c
<sys/epoll[.]h> base/loop.c
${word}splice[[:space:]]*[(] worker/pump.c
${word}shm_open[[:space:]]*[(] board/segment.c
${word}fork[[:space:]]*[(] master/child.c base/daemonize.c"

cd "${K0SLB_SRCDIR:-$(dirname "$0")/..}" || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/k0slb-layers.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

# Every line of code as FILE:LINE:CODE, comments left out and texts emptied; include lines keep
# their names.
code_of()
{
    awk '
    FNR == 1 { in_comment = 0 }
    {
        line = $0
        is_include = line ~ /^[[:space:]]*#[[:space:]]*include/
        out = ""
        while (line != "") {
            if (in_comment) {
                end = index(line, "*/")
                if (end == 0)
                    break
                line = substr(line, end + 2)
                in_comment = 0
            } else if (substr(line, 1, 2) == "/*") {
                in_comment = 1
                line = substr(line, 3)
                out = out " "
            } else if (substr(line, 1, 2) == "//") {
                break
            } else if (!is_include && match(line, /^"([^"\\]|\\.)*"/)) {
                out = out "\"\""
                line = substr(line, RLENGTH + 1)
            } else if (!is_include && match(line, /^'\''([^'\''\\]|\\.)*'\''/)) {
                out = out "0"
                line = substr(line, RLENGTH + 1)
            } else {
                out = out substr(line, 1, 1)
                line = substr(line, 2)
            }
        }
        print FILENAME ":" FNR ":" out
    }' "$@"
}

# The include lines of room or program $1, which may include the rooms "$2" and its own.
check_room()
{
    case $1 in
    *.c) prefix=src/$1: ;;
    *) prefix=src/$1/ ;;
    esac
    awk -v prefix="$prefix" -v self="$1" -v allowed=" $2 " '
    index($0, prefix) == 1 {
        split($0, at, ":")
        place = at[1] ":" at[2] ": "
        line = substr($0, length(at[1] ":" at[2] ":") + 1)
        if (line !~ /^[[:space:]]*#[[:space:]]*include[[:space:]]*"/)
            next
        split(line, quoted, "\"")
        name = quoted[2]
        if (name == "config.h")
            next
        slash = index(name, "/")
        room = substr(name, 1, slash - 1)
        if (slash == 0 || name ~ /[.][.]?\// || name ~ /\/.*\//)
            print place "\"" name "\" is not written as \"room/file.h\""
        else if (room != self && index(allowed, " " room " ") == 0)
            print place self " may not include \"" name "\""
    }' "$work/code"
}

# The uses of interface $1 outside the doors "$2".
check_door()
{
    awk -v interface="$1" -v doors="$2" '
    {
        split($0, at, ":")
        line = substr($0, length(at[1] ":" at[2] ":") + 1)
        if (line !~ interface)
            next
        count = split(doors, door, " ")
        for (i = 1; i <= count; i++) {
            path = "src/" door[i]
            if (at[1] == path || path ~ /\/$/ && index(at[1], path) == 1)
                next
        }
        print at[1] ":" at[2] ": belongs in " doors " alone:" line
    }' "$work/code"
}

# Rooms and programs that the table does not know.
check_unknown()
{
    for path in src/*; do
        name=${path#src/}
        { [ -d "$path" ] && [ -n "$(find "$path" -name '*.[ch]')" ]; } || case $name in
        *.[ch]) ;;
        *) continue ;;
        esac
        echo "$rooms" | grep -q "^$name:" || echo "$path:1: is not in the table of rooms"
    done
}

# Headers are guarded by a name made from their path, and nothing stands behind the guard.
check_guards()
{
    find src tests -name '*.h' | sort | while read -r header; do
        guard=K0SLB_$(echo "${header#src/}" | tr 'a-z/.-' 'A-Z___')
        awk -v guard="$guard" -v place="$header:1" -F: '
        BEGIN { first_place = place }
        {
            line = $0
            sub(/^[^:]*:[^:]*:/, "", line)
            gsub(/[[:space:]]+/, " ", line)
            sub(/^ /, "", line)
            sub(/ $/, "", line)
            if (line == "")
                next
            last = line
            place = $1 ":" $2
            if (++count == 1)
                first_place = place
            if (count == 1 && line != "#ifndef " guard || count == 2 && line != "#define " guard)
                bad = 1
        }
        END {
            if (bad || count < 2)
                print first_place ": the guard is not " guard
            if (last != "#endif")
                print place ": something stands behind the guard"
        }' <<END
$(code_of "$header")
END
    done
}

# foo.c includes its own foo.h, where there is one, before anything else.
check_own_header()
{
    find src -name '*.c' | sort | while read -r source; do
        own=${source%.c}.h
        [ -f "$own" ] || continue
        first=$(grep -n '^[[:space:]]*#[[:space:]]*include' "$source" | head -n 1)
        case $first in
        *"\"${own#src/}\""*) ;;
        *) echo "$source:${first%%:*}: \"${own#src/}\" is not its first include" ;;
        esac
    done
}

# Every source file and script stands in a makefile fragment: else `make dist` leaves it behind.
check_fragments()
{
    find . -name local.mk -exec cat {} + | tr -s '[:blank:]' '[\n*]' | sort -u >"$work/listed"
    find src tests \( -name '*.[ch]' -o -name '*.sh' \) | sort | while read -r path; do
        grep -qxF "$path" "$work/listed" || echo "$path:1: is in no local.mk"
    done
}

passed=0
failed=0

# Runs the rest of the words, which print violations, as the rule named $1.
rule()
{
    name=$1
    shift
    "$@" >"$work/violations"
    if [ -s "$work/violations" ]; then
        echo "FAILED $name"
        cat "$work/violations"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

find src -name '*.[ch]' | sort >"$work/files"
# Word splitting is meant: no path here has blanks.
# shellcheck disable=SC2046
code_of $(cat "$work/files") >"$work/code"
if [ ! -s "$work/code" ]; then
    echo "there is no source in $PWD/src"
    echo "layers.sh: 0 passed, 1 failed, 0 skipped"
    exit 1
fi

while IFS=: read -r room allowed; do
    rule "includes of $room" check_room "$room" "$allowed"
done <<END
$rooms
END
while read -r interface files; do
    rule "door for $interface" check_door "$interface" "$files"
done <<END
$doors
END
rule 'known rooms' check_unknown
rule 'header guards' check_guards
rule 'own header first' check_own_header
rule 'files in fragments' check_fragments

echo "layers.sh: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
