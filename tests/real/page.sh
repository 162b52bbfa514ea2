#!/bin/sh
# Chromium opens the status page of a balancer that has a dead controller, a warning and a failed
# reload on it: what should be seen is there, the page renews itself and can be paused, nothing
# leaves its origin, and its console has nothing to say. The page is looked at through k0slb itself,
# which so counts how often it is asked. Pictures of it go to the directory K0SLB_PICTURES.

# shellcheck source=tests/real/lib.sh
# shellcheck disable=SC2317 # what check and wait_until call is reachable
. "${K0SLB_SRCDIR:?is not set; run this by make check-real}/tests/real/lib.sh"
# shellcheck source=tests/real/webdriver.sh
. "$K0SLB_SRCDIR/tests/real/webdriver.sh"

# ---- the balancer ----

start_controller()
{
    start "$1" "$standin" serve "$work/ca" "$1" "127.0.0.1${1#cp}" "$api_port" "$konnectivity_port" \
        "$join_port"
}

write_configuration()
{
    write_common "$stats_port"
    cat <<END
refresh = 1s
[controllers]
cp1 = 127.0.0.11
cp2 = 127.0.0.12
[service kubeAPI]
listen = 127.0.0.1:$api_listen
port = $api_port
[service konnectivity]
listen = 127.0.0.1:$konnectivity_listen
port = $konnectivity_port
[service controllerJoinAPI]
listen = 127.0.0.1:$join_listen
port = $join_port
[service page]
listen = 127.0.0.1:$page_listen
check = tcp
server itself = 127.0.0.1:$stats_port
END
}

# What jq's expression $1 makes of the JSON.
json()
{
    curl -s -m 5 "http://127.0.0.1:$stats_port/stats.json" | jq -r "$1"
}

is_settled()
{
    backend_is page itself up && backend_is kubeAPI cp1 up && backend_is kubeAPI cp2 up
}

has_trouble()
{
    backend_is kubeAPI cp2 down && backend_is controllerJoinAPI cp2 down &&
        [ "$(json '.last_reload.ok, (.warnings | length > 0)' | tr '\n' ' ')" = 'false true ' ]
}

has_run_for()
{
    [ "$(json .uptime_seconds)" -ge "$1" ]
}

# What curl gets at the page's address, with the rest of the words as further options.
curl_gets()
{
    pattern=$1
    shift
    curl -sS -m 5 "$@" "http://127.0.0.1:$page_listen/" | grep -q -- "$pattern"
}

# ---- the page ----

# Whether the text of what selector $1 finds first has $2 in it.
shows()
{
    evaluate "const e = document.querySelector('$1'); return e ? e.innerText : ''" | tr '\n' ' ' |
        grep -q -- "$2"
}

is_of_state()
{
    is_true "document.querySelector('[data-at=\"$1\"] .state.$2')"
}

# How many sessions the table has for the page's own backend.
sessions_shown()
{
    evaluate "return [...document.querySelectorAll('.numbers tr')].find(row =>
        row.textContent.startsWith('itself')).cells[5].textContent"
}

shows_more_than()
{
    [ "$(sessions_shown)" -gt "$1" ]
}

# Names of the script's numbers that are nowhere in the JSON.
unknown_numbers()
{
    evaluate "return fetch('stats.json').then(a => a.json()).then(json => {
        const find = (o, path) => path === '' ? o : path.split('.').reduce((at, key) =>
            at === null || at === undefined ? at : at[key], o);
        const row = e => e.closest('[data-at]') || e.closest('table').querySelector(
            '[data-at*=backends], [data-at^=workers]');
        const missing = [...document.querySelectorAll('[data-k]')].filter(e =>
            find(find(json, row(e).dataset.at), e.dataset.k) === undefined);
        return missing.map(e => e.dataset.k).join(' '); })"
}

all_numbers_are_known()
{
    [ "$(unknown_numbers)" = '' ]
}

# A page that forbids its own style sheet.
notices_a_wrong_page()
{
    cat >"$work/wrong.html" <<'END'
<!DOCTYPE html>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<style>p{color:red}</style>
<p>wrong</p>
END
    visit "file://$work/wrong.html" && shows p wrong &&
        console_is_empty | grep -q 'Content Security Policy'
}

asks_its_origin_alone()
{
    is_true "(names => names.length > 3 && names.every(name =>
        name.startsWith(location.origin + '/')))(performance.getEntriesByType('resource').map(
        entry => entry.name))"
}

# While it is paused: not one request in as long as three would take.
asks_nothing()
{
    before=$(backend_total page itself)
    wait_until 20 has_run_for $(($(json .uptime_seconds) + 4)) || return 1
    [ "$(backend_total page itself)" -eq "$before" ]
}

background()
{
    evaluate 'return getComputedStyle(document.body).backgroundColor'
}

# Switches from the system's theme to light, and on to dark, which is remembered, and back.
switches_theme()
{
    dress_browser 1280 light && light=$(background)
    dress_browser 1280 dark && dark=$(background)
    [ "$light" != "$dark" ] || return 1
    click '#theme' && [ "$(background)" = "$light" ] || return 1
    click '#theme' && dress_browser 1280 light && [ "$(background)" = "$dark" ] || return 1
    visit "$page" && [ "$(background)" = "$dark" ] || return 1
    click '#theme' && [ "$(background)" = "$light" ]
}

fits_width()
{
    dress_browser "$1" light && is_true 'document.documentElement.scrollWidth <= innerWidth'
}

# Pictures for people to look at.
takes_pictures()
{
    for width in 1280 390; do
        for theme in light dark; do
            dress_browser "$width" "$theme" &&
                save_picture "$pictures/page-$width-$theme.png" "$width" || return 1
        done
    done
}

# The first stop of the tabulator key leads past the controls, and is seen.
skips_by_keyboard()
{
    visit "$page" && press "$(printf '\356\200\204')" &&
        is_true "document.activeElement.className === 'skip'" &&
        is_true "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
}

renews_without_scripts()
{
    devtools Emulation.setScriptExecutionDisabled '{"value": true}' >/dev/null && visit "$page" &&
        wait_until 30 has_more_than page itself $(($(backend_total page itself) + 3)) &&
        devtools Emulation.setScriptExecutionDisabled '{"value": false}' >/dev/null
}

# ---- the test ----

begin page
need chromium chromedriver curl jq timeout

pictures=${K0SLB_PICTURES:-$work/pictures}
mkdir -p "$pictures"
# shellcheck disable=SC2046 # words are meant
set -- $("$standin" free 8 127.0.0.1 127.0.0.11 127.0.0.12)
stats_port=$1 api_port=$2 konnectivity_port=$3 join_port=$4
api_listen=$5 konnectivity_listen=$6 join_listen=$7 page_listen=$8
page=http://127.0.0.1:$page_listen/

require "an authority is made" "$standin" ca "$work/ca"
start_controller cp1
start_controller cp2
write_configuration >"$work/k0slb.ini"
start k0slbd "$k0slbd" -c "$work/k0slb.ini"
require "k0slb serves its own page" wait_until 20 is_settled
stop cp2 KILL
echo 'chekc = tcp' >>"$work/k0slb.ini"
kill -HUP "$(pid_of k0slbd)"
require "... and has a dead controller, a warning and a failed reload" wait_until 20 has_trouble

check "curl gets the text" curl_gets "^k0slb .* $instance pid $(pid_of k0slbd) up "
check "... with a hint for caches" curl_gets '^Vary: Accept' -i

require "Chromium starts" open_browser
check "a wrong page would be noticed" notices_a_wrong_page
require "Chromium opens the page" visit "$page"
evaluate 'window.opened = true; return 1' >/dev/null
check "... which names the instance" shows h1 "$instance"
check "... says what is reachable, and who is not" shows .answer \
    'kubeAPI is reachable: 1 of 2 controllers is up, and etcd needs 2; cp2 .* (connection refused)'
check "... what was wrong with the reload" shows .notices 'did you mean "check"'
check "... and what to do about a warning" shows .notices 'readiness.*What to do:.*k0slbctl import'
check "... the controller that is up" is_of_state services.0.backends.0 good
check "... and the one that is down" is_of_state services.0.backends.1 bad
check "... by its word, too" shows '.matrix td.bad' 'down.*L4CON connection refused'
check "... and the master" shows '#processes' "master.*$(pid_of k0slbd)"
check "the script's numbers are all in the JSON" all_numbers_are_known

check "the page renews its numbers" wait_until 30 shows_more_than $(($(sessions_shown) + 3))
check "... and draws them" is_true "document.querySelectorAll('polyline[points]').length === 8"
check "it can be paused" click '#pause'
check "... and says so" shows '#clock' 'paused, as of [0-9:]*Z'
check "... and asks nothing then" asks_nothing
check "... until the key is pressed" press p
check "... and it goes on" wait_until 30 shows_more_than $(($(sessions_shown) + 2))
start_controller cp2
check "what changes is shown" wait_until 30 shows .answer 'kubeAPI is reachable: both controllers'
check "... in the same document" is_true window.opened
check "no request has left the origin" asks_its_origin_alone
check "the theme can be switched" switches_theme
check "the page fits a desktop" fits_width 1280
check "... and a phone" fits_width 390
stop cp2 KILL
check "the controller is down again" wait_until 30 shows .answer 'kubeAPI.*cp2 has been down'
check "pictures are taken" takes_pictures
check "a keyboard finds the way" skips_by_keyboard
check "its console is empty" console_is_empty
check "without scripts the browser loads it again" renews_without_scripts
visit "$page"

check "k0slb ends in order" stop k0slbd
check "the page says that nobody answers" wait_until 30 shows '#lost' 'No answer for .*Last seen at'
close_browser
check "no memory of k0slb is left" has_left_no_memory
finish
