#!/bin/sh
# Holds the manual to the truth: k0slb.ini(5) and the sample file to the table of keys, the built-in
# services to what is served, the examples and messages to what k0slbd says, the other pages to what
# the programs say of themselves, and results, states, warnings, columns and events to the source.
# Prints what is wrong. K0SLB_SRCDIR and K0SLB_BUILDDIR say where the pages and the programs are.
# shellcheck disable=SC2317 # what rule calls is reachable

set -u
LC_ALL=C
export LC_ALL

source_dir=${K0SLB_SRCDIR:?is not set; run this by make check}
build_dir=${K0SLB_BUILDDIR:?is not set; run this by make check}
page=$source_dir/man/k0slb.ini.5
sample=$source_dir/etc/k0slb.ini
k0slbd=$build_dir/k0slbd
k0slbctl=$build_dir/k0slbctl
keys=$build_dir/tests/keys

work=$(mktemp -d "${TMPDIR:-/tmp}/k0slb-manual.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
tab=$(printf '\t')

passed=0
failed=0
skipped=0

# Runs the rest of the words, which print what is wrong, as the rule named $1.
rule()
{
    rule_name=$1
    shift
    if "$@" >"$work/wrong" 2>&1 && [ ! -s "$work/wrong" ]; then
        passed=$((passed + 1))
    else
        echo "FAILED $rule_name"
        cat "$work/wrong"
        failed=$((failed + 1))
    fi
}

# ---- k0slb.ini(5) and the table of keys ----

# Every key of the page, once for each time it stands there: heading, key, default, and the source
# of its text in one line.
keys_of_page()
{
    awk -v OFS='\t' '
    function finish() {
        if (key != "")
            print heading, key, value, text
        key = ""
    }
    /^[.]S[hs] / {
        finish()
        heading = substr($0, 5)
        next
    }
    /^[.]It Ic / && heading ~ /^\[/ {
        finish()
        key = substr($0, 8)
        sub(/ No =.*/, "", key)
        value = "-"
        if ($0 ~ / No = Cm [^ ]+$/) {
            value = $0
            sub(/.* No = Cm /, "", value)
        }
        text = $0
        next
    }
    key != "" {
        sub(/^[.]/, "")
        text = text " " $0
    }
    END { finish() }' "$page"
}

# Compares the lines of the table with those of the page.
keys_agree()
{
    awk -F '\t' '
    NR == FNR {
        count[$1 FS $2]++
        value[$1 FS $2] = $3
        text[$1 FS $2] = $4
        next
    }
    {
        id = $1 FS $2
        known[id] = 1
        place = $1 " " $2 ": "
        if (count[id] != 1) {
            print place "stands in the page " count[id] + 0 " times"
            next
        }
        if (value[id] != $3)
            print place "the default is " $3 ", in the page " value[id]
        if ($4 != "-" && index(text[id], $4) == 0)
            print place "the bounds, " $4 ", are not in the page"
        check_words($5)
    }
    function check_words(list,    words, number, i, rest, word) {
        if (list == "-")
            return
        number = split(list, words, " ")
        list = " " list " "
        for (i = 1; i <= number; i++) {
            if (index(text[id] " ", "Cm " words[i] " ") == 0)
                print place "the word " words[i] " is not in the page"
        }
        rest = text[id] " "
        while ((i = index(rest, "Cm ")) > 0) {
            rest = substr(rest, i + 3)
            word = substr(rest, 1, index(rest, " ") - 1)
            if (index(list, " " word " ") == 0 && word != $3)
                print place "the word " word " of the page is unknown"
        }
    }
    END {
        for (id in count) {
            if (!(id in known)) {
                sub(FS, " ", id)
                print id ": is in the page, and not a key"
            }
        }
    }' "$work/page" "$work/table"
}

# ---- the sample file ----

# The lines "KEY = VALUE" of the sample, commented out or not, as section, key and value.
keys_of_sample()
{
    awk -v OFS='\t' '
    /^;?\[/ {
        section = $0
        gsub(/^;?\[|\].*/, "", section)
        sub(/ .*/, "", section)
        next
    }
    /^;?[a-zA-Z0-9_-]+( [a-zA-Z0-9_-]+)? = / {
        line = $0
        sub(/^;/, "", line)
        at = index(line, " = ")
        print section, substr(line, 1, at - 1), substr(line, at + 3)
    }' "$sample"
}

# The headings of the sample are single sections: the keys of both stand in [defaults].
sample_agrees()
{
    awk -F '\t' '
    function section_of(heading) {
        if (heading ~ /defaults/)
            return "defaults"
        gsub(/[][]/, "", heading)
        sub(/ .*/, "", heading)
        return heading
    }
    NR == FNR {
        section = section_of($1)
        name = $2
        sub(/ .*/, "", name)
        table[section FS name] = $3
        next
    }
    {
        name = $2
        sub(/ .*/, "", name)
        if ($1 == "controllers")
            name = "NAME"
        id = $1 FS name
        if (!(id in table)) {
            print "[" $1 "] " $2 ": is in the sample, and not a key"
            next
        }
        seen[id] = 1
        if (table[id] != "-" && table[id] != $3)
            print "[" $1 "] " $2 ": the default is " table[id] ", in the sample " $3
    }
    END {
        for (id in table) {
            if (!(id in seen)) {
                sub(FS, " ", id)
                print id ": is not in the sample"
            }
        }
    }' "$work/table" "$work/sample"
}

# ---- what k0slbd and k0slbctl make of it ----

# The literal blocks in section $1 of a page, each in a file of its own: $work/block1, block2 ...
blocks_of()
{
    rm -f "$work"/block*
    awk -v section="$1" -v prefix="$work/block" '
    /^[.]Sh / { inside = substr($0, 5) == section }
    inside && /^[.]Bd / { file = prefix (++number); next }
    /^[.]Ed/ { file = "" }
    file != "" { print >file }' "$page"
}

examples_are_good()
{
    blocks_of "$1"
    found=0
    for block in "$work"/block*; do
        found=$((found + 1))
        "$k0slbd" -t -c "$block" >"$work/said" 2>&1 || cat "$work/said" "$block"
    done
    [ "$found" -eq "$2" ] || echo "$found examples in $1, not $2"
}

# The first block of DIAGNOSTICS is a file, the second one what is said about it.
messages_are_true()
{
    blocks_of DIAGNOSTICS
    (cd "$work" && mv block1 k0slb.ini && ! "$k0slbd" -t -c k0slb.ini >said 2>&1) ||
        echo "the wrong file is taken"
    diff "$work/block2" "$work/said"
}

# NAME LISTEN BALANCE CHECK, by the page and by k0slbctl check.
built_in_services_are_true()
{
    sed -n 's/^[.]It Sy \([^ ]*\) Ta \([^ ]*\) Ta [^ ]* Ta \([^ ]*\) Ta \([^ ]*\) Ta.*/\1 \2 \3 \4/p' \
        "$page" >"$work/promised"
    printf '[controllers]\nc1 = 10.0.0.11\n' >"$work/small.ini"
    "$k0slbctl" check "$work/small.ini" 2>/dev/null | sed '1,/SERVICE/d' |
        awk '{ print $1, $2, $3, $4 }' >"$work/served"
    diff "$work/promised" "$work/served"
    sed -n 's/^[.]It Sy [^ ]* Ta [^ ]* Ta \([^ ]*\) Ta.*/:\1/p' "$page" >"$work/promised"
    "$k0slbctl" check "$work/small.ini" 2>/dev/null | sed '1,/SERVICE/d' |
        sed 's/.*\(:[0-9]*\)$/\1/' >"$work/served"
    diff "$work/promised" "$work/served"
}

# ---- the programs and their pages ----

# The options in a program's help: -c, --help ...
options_of_help()
{
    grep -o -e '\(^\|[^a-zA-Z0-9-]\)--\{0,1\}[a-zA-Z][a-z-]*' | sed 's/^[^-]*//' | sort -u
}

# The options that a page explains, in the same words.
options_of_page()
{
    sed -n 's/^[.]It Fl //p' "$1" | sed 's/ Ar .*//' | tr -d ',' | tr -s ' ' '\n' |
        sed -e '/^$/d' -e 's/^/-/' | sort -u
}

help_agrees()
{
    options_of_help >"$work/promised"
    options_of_page "$1" >"$work/explained"
    diff "$work/promised" "$work/explained"
}

# The help of k0slbctl and of all its verbs.
all_help_of_k0slbctl()
{
    "$k0slbctl" --help
    for verb in $(verbs_of_help); do
        "$k0slbctl" "$verb" --help | sed '1d'
    done
}

# They stand between the first empty line and the second.
verbs_of_help()
{
    "$k0slbctl" --help | awk '/^$/ { block++; next } block == 1 { print $1 }' | sort
}

verbs_agree()
{
    verbs_of_help >"$work/promised"
    sed -n 's/^[.]It Ic \([^ ]*\).*/\1/p' "$source_dir/man/k0slbctl.8" | sort >"$work/explained"
    [ -s "$work/promised" ] || echo "k0slbctl --help names no verb"
    diff "$work/promised" "$work/explained"
}

# The headings of section $1 of k0slbd(8).
headings_of()
{
    awk -v section="$1" '
    /^[.]Sh / { inside = substr($0, 5) == section }
    inside && /^[.]It Sy / { print $3 }' "$source_dir/man/k0slbd.8" | sort
}

# The codes of all warnings there can be: those that are found, and those of the master.
warnings_agree()
{
    {
        grep -o '\[ADVICE_[A-Z_]*\] = "[a-z-]*"' "$source_dir/src/advice/advice_list.c"
        grep -ho 'board_warning [a-z]* = {[.]code = "[a-z-]*"' "$source_dir"/src/master/*.c
    } | sed 's/.*"\(.*\)"/\1/' | sort >"$work/promised"
    [ "$(wc -l <"$work/promised")" -gt 20 ] || echo "the codes of warnings are not found"
    headings_of WARNINGS >"$work/explained"
    diff "$work/promised" "$work/explained"
}

# The results of probes, and the states of backends.
health_agrees()
{
    {
        grep -o '\[CHECKED_[A-Z0-9_]*\] = "L[A-Z0-9]*"' "$source_dir/src/board/board.c"
        grep -o '\[STATUS_[A-Z]*\] = "[a-z]*"' "$source_dir/src/board/snapshot.c"
    } | sed 's/.*"\(.*\)"/\1/' | sort >"$work/promised"
    [ "$(wc -l <"$work/promised")" -gt 15 ] || echo "the words of health are not found"
    headings_of HEALTH >"$work/explained"
    diff "$work/promised" "$work/explained"
}

# Our own columns of the CSV report.
columns_agree()
{
    awk '
    /^#define CSV_OWN_COLUMNS/ { inside = 1 }
    inside { print }
    inside && !/\\$/ { exit }' "$source_dir/src/report/csv_row.h" |
        grep -o 'X([a-z0-9_]*)' | sed 's/X(\(.*\))/\1/' | sort >"$work/promised"
    [ "$(wc -l <"$work/promised")" -gt 10 ] || echo "the columns are not found"
    awk '
    /^[.]S[hs] / { inside = $2 == "CSV" }
    inside && /^[.]It Sy / { for (i = 3; i <= NF; i++) if ($i != ",") print $i }
    ' "$source_dir/man/k0slbd.8" | sort >"$work/explained"
    diff "$work/promised" "$work/explained"
}

metrics_agree()
{
    grep -ho '{"k0slb_[a-z_]*"' "$source_dir"/src/report/report_metrics*.c |
        tr -d '{"' | sort >"$work/promised"
    [ "$(wc -l <"$work/promised")" -gt 60 ] || echo "the metrics are not found"
    sed -n 's/^\(k0slb_[a-z_]*\).*/\1/p' "$source_dir/man/k0slbd.8" | sort >"$work/explained"
    diff "$work/promised" "$work/explained"
}

# The events of the log, and all of their keys; which event has which is for tests/system/test_log.
events_agree()
{
    grep -rhoE 'keyvalue_begin\(&?line, "[a-z-]+"' "$source_dir/src" |
        sed 's/.*"\(.*\)"/\1/' | sort -u >"$work/promised"
    [ "$(wc -l <"$work/promised")" -gt 15 ] || echo "the events are not found"
    headings_of LOG >"$work/explained"
    diff "$work/promised" "$work/explained"
    grep -rhoE '(keyvalue_[a-z]+|add|add_ms)\(&?line, "[a-z_]+",' \
        --exclude=keyvalue.c --exclude-dir=report "$source_dir/src" |
        sed 's/.*"\(.*\)",/\1/' | sort -u >"$work/promised"
    awk '
    /^[.]Sh / { inside = $2 == "LOG" }
    inside && /^[.]It Sy / { for (i = 5; i <= NF; i++) print $i }
    END { print "text" }
    ' "$source_dir/man/k0slbd.8" | sort -u >"$work/explained"
    diff "$work/promised" "$work/explained"
}

# The pages that are installed speak of the paths that the programs were built with.
paths_are_true()
{
    default=$("$k0slbd" --help | sed -n 's/.*(default: \(.*\)).*/\1/p')
    for name in k0slb.ini.5 k0slbctl.8 k0slbd.8; do
        grep -qxF ".It Pa $default" "$build_dir/man/installed/$name" ||
            echo "$name: $default is not among the files"
    done
}

lint()
{
    mandoc -T lint -W warning "$source_dir/man/$1"
}

# ---- the rules ----

keys_of_page | sort >"$work/page"
keys_of_sample >"$work/sample"
if ! "$keys" >"$work/table" || [ ! -s "$work/table" ] || grep -q "^unknown$tab" "$work/table"; then
    echo "there is no table of keys, or it has a section that k0slb.ini(5) has no heading for"
    echo "manual.sh: 0 passed, 1 failed, 0 skipped"
    exit 1
fi

rule 'keys in k0slb.ini(5)' keys_agree
rule 'keys in the sample' sample_agrees
rule 'the short example' examples_are_good DESCRIPTION 1
rule 'the examples of k0slb.ini(5)' examples_are_good EXAMPLES 4
rule 'the messages of k0slb.ini(5)' messages_are_true
rule 'the built-in services' built_in_services_are_true
"$k0slbd" --help >"$work/help"
rule 'options of k0slbd' help_agrees "$source_dir/man/k0slbd.8" <"$work/help"
all_help_of_k0slbctl >"$work/help"
rule 'options of k0slbctl' help_agrees "$source_dir/man/k0slbctl.8" <"$work/help"
rule 'verbs of k0slbctl' verbs_agree
rule 'warnings of k0slbd(8)' warnings_agree
rule 'results and states of k0slbd(8)' health_agrees
rule 'columns of k0slbd(8)' columns_agree
rule 'metrics of k0slbd(8)' metrics_agree
rule 'events of k0slbd(8)' events_agree
rule 'paths of installed pages' paths_are_true
if command -v mandoc >/dev/null 2>&1; then
    for name in k0slb.ini.5 k0slbctl.8 k0slbd.8; do
        rule "lint of $name" lint "$name"
    done
else
    echo "skipped: mandoc is not installed"
    skipped=3
fi

echo "manual.sh: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
