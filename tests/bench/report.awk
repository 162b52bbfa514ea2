# The results as a table for people, or as JSON with -v form=json. With number.awk. Reads tests/bench/rows and what
# the benchmark has written down, lines of fields between tabs:
#     meta KEY VALUE
#     note TEXT
#     sample ROW WORKERS BALANCER ROUND VALUE
#     point SERIES X BALANCER ROUND VALUE

# ---- reading ----

# The set `name` of this program's lists learns `value`; the order of arrival is kept.
function learn(name, value) {
    if ((name, value) in known)
        return
    known[name, value] = 1
    list[name, ++size[name]] = value
}

function trim(text) {
    gsub(/^[ \t]+|[ \t]+$/, "", text)
    return text
}

function keep(key, value,    place) {
    place = ++count[key]
    while (place > 1 && values[key, place - 1] > value + 0) {
        values[key, place] = values[key, place - 1]
        place--
    }
    values[key, place] = value + 0
}

FILENAME == ARGV[1] {
    if ($0 ~ /^#/ || split($0, column, "|") != 6)
        next
    row = trim(column[1])
    learn("row", row)
    group[row] = trim(column[2])
    title[row] = trim(column[3])
    unit[row] = trim(column[4])
    better[row] = trim(column[5])
    reach[row] = trim(column[6])
    next
}

FNR == 1 { FS = "\t"; $0 = $0 }
$1 == "meta" { learn("meta", $2); meta[$2] = $3 }
$1 == "meta" && $2 == "balancers" {
    total = split($3, column, " ")
    for (i = 1; i <= total; i++)
        learn("peer", column[i])
}
$1 == "note" { learn("note", $2) }
$1 == "sample" { learn("workers", $3); keep($2 SUBSEP $3 SUBSEP $4, $6) }
$1 == "point" { learn("x" $2, $3); keep($2 SUBSEP $3 SUBSEP $4, $6) }

# ---- numbers ----

function median(key,    n) {
    n = count[key]
    return n % 2 ? values[key, (n + 1) / 2] : (values[key, n / 2] + values[key, n / 2 + 1]) / 2
}

function lowest(key) {
    return values[key, 1]
}

function highest(key) {
    return values[key, count[key]]
}

# The peer that k0slb has to beat in this row; "" without one.
function best_peer(row, workers,    i, peer, value, best, least) {
    best = ""
    for (i = 1; i <= size["peer"]; i++) {
        peer = list["peer", i]
        if (peer == "k0slb" || !((row SUBSEP workers SUBSEP peer) in count))
            continue
        value = median(row SUBSEP workers SUBSEP peer) * (better[row] == "lower" ? 1 : -1)
        if (best == "" || value < least) {
            best = peer
            least = value
        }
    }
    return best
}

# k0slb's median by the best peer's; "" when there is no such thing.
function ratio_of(row, workers,    best, base) {
    best = best_peer(row, workers)
    if (best == "" || !((row SUBSEP workers SUBSEP "k0slb") in count))
        return ""
    base = median(row SUBSEP workers SUBSEP best)
    return base > 0 ? median(row SUBSEP workers SUBSEP "k0slb") / base : ""
}

# "reached", "missed", or "" where nothing is to be reached or nothing was measured.
function verdict(row, workers,    goal, value, own) {
    if (reach[row] == "-")
        return ""
    goal = reach[row]
    own = row SUBSEP workers SUBSEP "k0slb"
    if (sub(/^value /, "", goal))
        value = own in count ? median(own) : ""
    else
        value = ratio_of(row, workers)
    if (value == "")
        return ""
    return (better[row] == "lower" ? value <= goal + 0 : value >= goal + 0) ? "reached" : "missed"
}

# How many times as much as with the smallest x a point of the curve costs; "" when unknown.
function growth(series, x, peer,    first) {
    first = series SUBSEP list["x" series, 1] SUBSEP peer
    if (!(first in count) || !((series SUBSEP x SUBSEP peer) in count) || median(first) <= 0)
        return ""
    return median(series SUBSEP x SUBSEP peer) / median(first)
}

function growth_goal(series, x) {
    return series == "backends" && x > 30 ? 2 : 1.2
}

# ---- for people ----

function cell(key) {
    if (!(key in count))
        return "-"
    if (count[key] == 1)
        return number(median(key))
    return number(median(key)) " (" number(lowest(key)) "-" number(highest(key)) ")"
}

function print_head(what, tail,    i) {
    printf "\n%-34s", what
    for (i = 1; i <= size["peer"]; i++)
        printf " %22s", list["peer", i]
    print tail
}

function print_row(row, workers,    i, goal, ratio, result) {
    printf "    %-30s", title[row] (unit[row] == "-" ? "" : ", " unit[row])
    for (i = 1; i <= size["peer"]; i++)
        printf " %22s", cell(row SUBSEP workers SUBSEP list["peer", i])
    ratio = ratio_of(row, workers)
    goal = reach[row]
    if (goal == "-")
        goal = ""
    else if (!sub(/^value /, better[row] == "lower" ? "<= " : ">= ", goal))
        goal = (better[row] == "lower" ? "<= " : ">= ") goal " x"
    result = verdict(row, workers)
    printf " %11s", ratio == "" ? "-" : sprintf("%.2f x", ratio)
    print goal == "" ? "" : sprintf("  %-9s %s", goal, result == "" ? "-" : result)
}

function row_was_measured(row, workers,    i) {
    for (i = 1; i <= size["peer"]; i++)
        if ((row SUBSEP workers SUBSEP list["peer", i]) in count)
            return 1
    return 0
}

function print_table(workers,    i, row, last) {
    print_head(workers (workers == 1 ? " worker" : " workers"), " x best peer  to reach")
    for (i = 1; i <= size["row"]; i++) {
        row = list["row", i]
        if (!row_was_measured(row, workers))
            continue
        if (group[row] != last)
            print "  " group[row]
        last = group[row]
        print_row(row, workers)
    }
}

function print_point(series, x,    i, peer, more) {
    printf "    %-30s", x
    for (i = 1; i <= size["peer"]; i++) {
        peer = list["peer", i]
        more = growth(series, x, peer)
        more = more == "" ? "" : sprintf(" %.2f x", more)
        printf " %22s", cell(series SUBSEP x SUBSEP peer) more
    }
    more = growth(series, x, "k0slb")
    if (more != "" && x != list["x" series, 1])
        printf "  <= %s x  %s", growth_goal(series, x),
            more <= growth_goal(series, x) ? "reached" : "missed"
    print ""
}

function print_series(series, what,    i) {
    if (size["x" series] == 0)
        return
    print "  " what
    for (i = 1; i <= size["x" series]; i++)
        print_point(series, list["x" series, i])
}

function print_text(    i) {
    for (i = 1; i <= size["meta"]; i++)
        printf "%-14s %s\n", list["meta", i], meta[list["meta", i]]
    for (i = 1; i <= size["workers"]; i++)
        print_table(list["workers", i])
    if ("curve_workers" in meta) {
        print_head("cost curve, " meta["curve_workers"] " workers", "")
        print_series("few", "CPU us of a request on always the same 64 of so many open connections")
        print_series("request", "CPU us of a request on each of so many open connections in turn")
        print_series("connection", "CPU us of a new connection beside so many open ones")
        print_series("backends", "CPU us of a new connection with so many backends")
    }
    if (size["note"] > 0)
        print ""
    for (i = 1; i <= size["note"]; i++)
        print "note: " list["note", i]
}

# ---- for programs ----

function quoted(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    gsub(/[\001-\037]/, " ", text)
    return "\"" text "\""
}

function or_null(value) {
    return value == "" ? "null" : sprintf("%.6g", value)
}

function json_values(key,    i, text) {
    text = sprintf("{\"median\":%.6g,\"min\":%.6g,\"max\":%.6g,\"values\":[", median(key),
        lowest(key), highest(key))
    for (i = 1; i <= count[key]; i++)
        text = text (i > 1 ? "," : "") sprintf("%.6g", values[key, i])
    return text "]}"
}

function json_peers(first, second,    i, key, text) {
    for (i = 1; i <= size["peer"]; i++) {
        key = first SUBSEP second SUBSEP list["peer", i]
        if (key in count)
            text = text (text == "" ? "" : ",") quoted(list["peer", i]) ":" json_values(key)
    }
    return "{" text "}"
}

function json_row(row, workers,    result) {
    result = verdict(row, workers)
    return "{\"row\":" quoted(row) ",\"group\":" quoted(group[row]) \
        ",\"title\":" quoted(title[row]) ",\"unit\":" quoted(unit[row]) \
        ",\"better\":" quoted(better[row]) ",\"workers\":" workers \
        ",\"balancers\":" json_peers(row, workers) \
        ",\"best_peer\":" quoted(best_peer(row, workers)) \
        ",\"ratio\":" or_null(ratio_of(row, workers)) ",\"to_reach\":" quoted(reach[row]) \
        ",\"reached\":" (result == "" ? "null" : result == "reached" ? "true" : "false") "}"
}

function json_point(series, x) {
    return "{\"series\":" quoted(series) ",\"x\":" x ",\"unit\":\"us\",\"balancers\":" \
        json_peers(series, x) ",\"growth\":" or_null(growth(series, x, "k0slb")) ",\"to_reach\":" \
        growth_goal(series, x) "}"
}

# item TEXT: one more of an array.
function item(text) {
    printf "%s\n%s", separator, text
    separator = ","
}

function json_series(series,    i) {
    for (i = 1; i <= size["x" series]; i++)
        item(json_point(series, list["x" series, i]))
}

function print_json(    i, k) {
    printf "{\"machine\":{"
    for (i = 1; i <= size["meta"]; i++)
        item(quoted(list["meta", i]) ":" quoted(meta[list["meta", i]]))
    printf "},\n\"results\":["
    separator = ""
    for (i = 1; i <= size["workers"]; i++)
        for (k = 1; k <= size["row"]; k++)
            if (row_was_measured(list["row", k], list["workers", i]))
                item(json_row(list["row", k], list["workers", i]))
    printf "],\n\"curve\":["
    separator = ""
    json_series("few")
    json_series("request")
    json_series("connection")
    json_series("backends")
    printf "],\n\"notes\":["
    separator = ""
    for (i = 1; i <= size["note"]; i++)
        item(quoted(list["note", i]))
    print "]}"
}

END {
    if (form == "json")
        print_json()
    else
        print_text()
}
