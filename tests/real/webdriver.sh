# A browser for the tests, driven as its users do: Chromium by chromedriver, which speaks the W3C's
# WebDriver. Read with `.' after lib.sh; needs chromium, chromedriver, curl, jq and timeout.
# shellcheck shell=sh
# shellcheck disable=SC2154,SC2317 # lib.sh sets $work; functions are for the tests that read this

session=

driver_port()
{
    sed -n 's/.*started successfully on port \([0-9]*\)\..*/\1/p' "$work/log/chromedriver"
}

has_driver_port()
{
    [ -n "$(driver_port)" ]
}

# Sends request $1 for path $2 with the object $3; prints the value of the answer.
webdriver()
{
    curl -sS -m 60 -X "$1" -H 'Content-Type: application/json' ${3:+--data-binary "$3"} \
        "http://127.0.0.1:$(driver_port)$session$2" 2>>"$work/log/webdriver" >"$work/answer" ||
        return 1
    if jq -e '.value | type == "object" and has("error")' "$work/answer" >/dev/null; then
        jq -r '.value | .error + ": " + .message' "$work/answer" >>"$work/log/webdriver"
        return 1
    fi
    jq -r '.value' "$work/answer"
}

# Starts the browser, which ends by itself should nobody end it.
open_browser()
{
    printf '#!/bin/sh\nexec timeout 300 chromium "$@"\n' >"$work/browser"
    chmod 755 "$work/browser"
    start chromedriver chromedriver --port=0
    wait_until 30 has_driver_port || return 1
    session=/session/$(session='' webdriver POST /session "$(jq -n --arg binary "$work/browser" \
        --arg profile "--user-data-dir=$work/profile" '{capabilities: {alwaysMatch: {
            "goog:loggingPrefs": {browser: "ALL"},
            "goog:chromeOptions": {binary: $binary, args: [$profile, "--headless=new",
                "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--disable-extensions"]}}}}')" | jq -r .sessionId)
    [ "$session" != /session/ ]
}

close_browser()
{
    webdriver DELETE '' >/dev/null
    session=
    stop chromedriver
    return 0
}

# Loads page $1.
visit()
{
    webdriver POST /url "$(jq -n --arg url "$1" '{url: $url}')" >/dev/null
}

# Prints what the function body $1 returns in the page.
evaluate()
{
    webdriver POST /execute/sync "$(jq -n --arg script "$1" '{script: $script, args: []}')"
}

# Whether expression $1 is true in the page.
is_true()
{
    [ "$(evaluate "return Boolean($1)")" = true ]
}

# Clicks on the element that selector $1 finds.
click()
{
    element=$(webdriver POST /element \
        "$(jq -n --arg value "$1" '{using: "css selector", value: $value}')" | jq -r '.[]') &&
        webdriver POST "/element/$element/click" '{}' >/dev/null
}

# Presses the key $1, a character of WebDriver's.
press()
{
    webdriver POST /actions "$(jq -n --arg key "$1" '{actions: [{type: "key", id: "keys",
        actions: [{type: "keyDown", value: $key}, {type: "keyUp", value: $key}]}]}')" >/dev/null
}

# Sends command $1 with the object $2 to the developer tools.
devtools()
{
    webdriver POST /goog/cdp/execute \
        "$(jq -n --arg cmd "$1" --argjson params "$2" '{cmd: $cmd, params: $params}')"
}

# Makes the window $1 places wide, as the user's system with theme $2 has it.
dress_browser()
{
    devtools Emulation.setDeviceMetricsOverride "{\"width\": $1, \"height\": 900,
        \"deviceScaleFactor\": 1, \"mobile\": false}" >/dev/null &&
        devtools Emulation.setEmulatedMedia \
            "{\"features\": [{\"name\": \"prefers-color-scheme\", \"value\": \"$2\"}]}" >/dev/null
}

# Saves the whole page, $2 places wide, as file $1, a PNG.
save_picture()
{
    height=$(evaluate 'return document.documentElement.scrollHeight') &&
        devtools Page.captureScreenshot "{\"captureBeyondViewport\": true, \"clip\": {\"x\": 0,
            \"y\": 0, \"width\": $2, \"height\": $height, \"scale\": 1}}" |
        jq -r .data | base64 -d >"$1"
    [ "$(wc -c <"$1")" -gt 10000 ]
}

# Whether the console has had nothing to say since this was asked for the last time.
console_is_empty()
{
    said=$(webdriver POST /se/log '{"type": "browser"}' | jq -c '.[]') || return 1
    [ -z "$said" ] || echo "$said"
    [ -z "$said" ]
}
