#!/bin/sh
# Completion of k0slbctl: what bash is offered for a line, names among it that k0slbctl finds, and
# that the files for bash and for zsh have the verbs and options of k0slbctl's own help. Prints what
# is wrong. K0SLB_SRCDIR and K0SLB_BUILDDIR say where the files and the program are.
# shellcheck disable=SC2317 # what rule calls is reachable

set -u
LC_ALL=C
export LC_ALL

source_dir=${K0SLB_SRCDIR:?is not set; run this by make check}
build_dir=${K0SLB_BUILDDIR:?is not set; run this by make check}
for_bash=$source_dir/etc/completion/bash/k0slbctl
for_zsh=$source_dir/etc/completion/zsh/_k0slbctl
k0slbctl=$build_dir/k0slbctl

work=$(mktemp -d "${TMPDIR:-/tmp}/k0slb-completion.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

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

skip_rule()
{
    echo "skipped: $1"
    skipped=$((skipped + 1))
}

# ---- what k0slbctl says of itself ----

# They stand between the first empty line and the second.
verbs_of_help()
{
    "$k0slbctl" --help | awk '/^$/ { block++; next } block == 1 { print $1 }' | sort
}

# The options in the usage of verb $1, which goes on to the first empty line.
options_of_usage()
{
    "$k0slbctl" "$1" --help | sed '/^$/,$d' | grep -o -e '--[a-z-]*' | sort
}

# Every verb with each of its options, as "status --json".
options_of_help()
{
    for verb in $(verbs_of_help); do
        options_of_usage "$verb" | sed "s/^/$verb /"
    done
}

# ---- bash ----

# What is in the place of k0slbctl: it knows two names for the instance `other', and none else, and
# remembers how it was asked.
cat >"$work/fake" <<END
#!/bin/sh
echo "\$*" >>"$work/asked"
[ "\$1 \$2" = "-n other" ] || exit 3
printf 'service kubeAPI\nservice konnectivity\ncontroller cp1\ncontroller cp2\n'
END
chmod 755 "$work/fake"

# Prints what bash is offered for the last of the words "$@" behind k0slbctl, one a line.
offered()
{
    bash --norc --noprofile -c '
        program=$1
        file=$2
        shift 2
        . "$file" || exit 1
        COMP_WORDS=(k0slbctl "$@")
        COMP_CWORD=$#
        _k0slbctl "$program" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        [ "${#COMPREPLY[@]}" -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"
        ' bash "$work/fake" "$for_bash" "$@" | sort
}

# $1: what is offered, by blanks; the rest: for what words.
offers()
{
    wanted=$1
    shift
    got=$(offered "$@" | tr '\n' ' ')
    [ "${got% }" = "$wanted" ] || echo "k0slbctl $*: got \"${got% }\", not \"$wanted\""
}

lines_are_completed()
{
    offers 'status stop' st
    offers 'doctor drain' -n other d
    offers 'kubeAPI' -n other status ku
    offers 'cp1 cp2 konnectivity kubeAPI' -n other status ''
    offers 'cp1 cp2' -n other drain ''
    offers 'cp1 cp2' drain -n other --wait --over 30s ''
    offers 'konnectivity kubeAPI' -n other drain cp1 k
    offers 'cp2' -n other doctor kubeAPI cp2
    offers '' -n other drain cp1 kubeAPI ''
    offers '' -n other reload ''
    offers '' drain ''
    offers '' -n other ready --self ''
    offers '' -n other maint --self c
    offers 'cp1 cp2' -n other maint ''
    offers '' drain --over ''
    offers '' -n ''
    offers '--wait' drain --w
    offers '--version' -- --v
    offers '--json' -c x.ini status --j
}

files_are_completed()
{
    mkdir -p "$work/files" && cd "$work/files" && : >one.ini && : >'two words.ini'
    offers 'one.ini' check o
    offers 'one.ini two words.ini' import ''
    offers 'one.ini' -c one
    offers 'one.ini' status -c one
    cd /
}

# The instance is the one that the line means.
the_instance_is_passed_on()
{
    : >"$work/asked"
    offered -c /some/file -n other drain --force '' >/dev/null
    [ "$(cat "$work/asked")" = "-c /some/file -n other status --names" ] || cat "$work/asked"
}

# Nothing is printed where nothing runs.
silence_where_nothing_runs()
{
    "$k0slbctl" -n k0slb-nobody status --names >"$work/names" 2>/dev/null
    [ $? -eq 3 ] && [ ! -s "$work/names" ] || echo "the names of nobody"
    offers '' -n nobody status ''
}

bash_has_all_verbs()
{
    verbs_of_help >"$work/promised"
    [ "$(wc -l <"$work/promised")" -gt 10 ] || echo "k0slbctl --help names no verbs"
    offered '' >"$work/offered"
    diff "$work/promised" "$work/offered"
}

bash_has_all_options()
{
    options_of_help >"$work/promised"
    [ "$(wc -l <"$work/promised")" -gt 15 ] || echo "the usages have no options"
    for verb in $(verbs_of_help); do
        offered "$verb" -- | grep -v -x -e '--help' -e '--version' | sed "s/^/$verb /"
    done >"$work/offered"
    diff "$work/promised" "$work/offered"
}

# ---- zsh ----

zsh_has_all_verbs()
{
    verbs_of_help >"$work/promised"
    sed -n '/local -a verbs=(/,/^    )/s/^ *['\''"]\([a-z0-9-]*\):.*/\1/p' "$for_zsh" | sort \
        >"$work/offered"
    diff "$work/promised" "$work/offered"
}

# What it says of each verb is what the help says.
zsh_has_all_words()
{
    for verb in $(verbs_of_help); do
        said=$("$k0slbctl" "$verb" --help | sed -n "s/^$verb: //p")
        sed 's/\\:/:/g' "$for_zsh" | grep -q -F "$verb:$said" || echo "$verb: not \"$said\""
    done
}

# The lines of each verb in _k0slbctl_arguments, with the variables that stand for an option.
zsh_has_all_options()
{
    options_of_help >"$work/promised"
    awk '
    /^_k0slbctl_arguments/ { inside = 1 }
    /^}/ { inside = 0 }
    !inside { next }
    /^    local [a-z]*=/ {
        name = $2
        sub(/=.*/, "", name)
        match($0, /--[a-z-]*/)
        option["$" name] = substr($0, RSTART, RLENGTH)
    }
    /^    [a-z0-9 |*-]*\)$/ {
        verbs = $0
        gsub(/[ )]/, "", verbs)
        next
    }
    verbs != "" {
        count = split($0, words, " ")
        for (i = 1; i <= count; i++) {
            if (words[i] in option)
                say(option[words[i]])
            else if (match(words[i], /^'\''--[a-z-]*/))
                say(substr(words[i], 2, RLENGTH - 1))
        }
    }
    function say(word,    list, number, k) {
        number = split(verbs, list, "|")
        for (k = 1; k <= number; k++)
            print list[k], word
    }' "$for_zsh" | sort >"$work/offered"
    sort "$work/promised" | diff - "$work/offered"
}

# ---- the rules ----

if command -v bash >/dev/null 2>&1; then
    rule 'syntax for bash' bash -n "$for_bash"
    rule 'lines for bash' lines_are_completed
    rule 'files for bash' files_are_completed
    rule 'the instance that is meant' the_instance_is_passed_on
    rule 'nothing runs' silence_where_nothing_runs
    rule 'verbs for bash' bash_has_all_verbs
    rule 'options for bash' bash_has_all_options
else
    skip_rule 'bash is not installed'
fi
if command -v zsh >/dev/null 2>&1; then
    rule 'syntax for zsh' zsh -n "$for_zsh"
else
    skip_rule 'zsh is not installed'
fi
rule 'verbs for zsh' zsh_has_all_verbs
rule 'words for zsh' zsh_has_all_words
rule 'options for zsh' zsh_has_all_options

echo "completion.sh: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
