# The short table for the README, in Markdown, out of what `run --json` has written: the rows in
# which something is to be reached. report.awk writes one result, and one fact about the machine, on
# a line of its own; that is all that is understood here. With number.awk.

function unquoted(text) {
    gsub(/\\"/, "\"", text)
    gsub(/\\\\/, "\\", text)
    return text
}

# The text, or the plain value, of a key in the line; "" when it is not there. A key that stands
# twice means its first place.
function text_of(line, key,    place) {
    place = index(line, "\"" key "\":\"")
    if (place == 0)
        return ""
    line = substr(line, place + length(key) + 4)
    match(line, /^([^"\\]|\\.)*/)
    return unquoted(substr(line, 1, RLENGTH))
}

function value_of(line, key,    place) {
    place = index(line, "\"" key "\":")
    if (place == 0)
        return ""
    line = substr(line, place + length(key) + 3)
    match(line, /^[-+.0-9a-z]*/)
    return substr(line, 1, RLENGTH)
}

function median_of(line, balancer,    place) {
    place = index(line, "\"" balancer "\":{")
    return place == 0 ? "" : value_of(substr(line, place), "median")
}

/^\{"machine":\{/ { inside = "machine" }
/^"results":\[/ || /^},$/ { inside = "" }

# A line of the machine's is "KEY":"TEXT", with a comma before or behind it.
inside == "machine" && match($0, /"[a-z_0-9]*":"/) {
    key = substr($0, RSTART + 1, RLENGTH - 4)
    machine[key] = text_of($0, key)
}

# What is never a goal of its own: that nothing failed is what all the rest stands on.
/^,?\{"row":"/ || /\[\{"row":"/ {
    if (text_of($0, "to_reach") == "-" || text_of($0, "row") ~ /failed$/)
        next
    lines++
    unit = text_of($0, "unit")
    what[lines] = text_of($0, "group") ": " text_of($0, "title") (unit == "-" ? "" : ", " unit)
    workers[lines] = value_of($0, "workers")
    peer = text_of($0, "best_peer")
    best[lines] = peer == "" ? "-" : number(median_of($0, peer)) " (" peer ")"
    own = median_of($0, "k0slb")
    k0slb[lines] = own == "" ? "-" : number(own)
    ratio = value_of($0, "ratio")
    ratios[lines] = ratio == "" || ratio == "null" ? "-" : sprintf("%.2f", ratio)
}

# ---- the table ----

function longer(width, text) {
    return length(text) > width ? length(text) : width
}

function print_line(a, b, c, d) {
    printf "| %-" wide[1] "s | %" wide[2] "s | %" wide[3] "s | %" wide[4] "s |\n", a, b, c, d
}

function rule(width,    text) {
    while (length(text) < width)
        text = text "-"
    return text
}

function print_table(count,    i) {
    print ""
    print count (count == 1 ? " worker:" : " workers:")
    print ""
    print_line("what", "best peer", "k0slb", "ratio")
    printf "|-%s-|-%s:|-%s:|-%s:|\n", rule(wide[1]), rule(wide[2]), rule(wide[3]), rule(wide[4])
    for (i = 1; i <= lines; i++)
        if (workers[i] == count)
            print_line(what[i], best[i], k0slb[i], ratios[i])
}

END {
    if (lines == 0) {
        print "run: there is no table in that file" >"/dev/stderr"
        exit 1
    }
    wide[2] = length("best peer")
    wide[3] = wide[4] = length("ratio")
    for (i = 1; i <= lines; i++) {
        wide[1] = longer(wide[1], what[i])
        wide[2] = longer(wide[2], best[i])
        wide[3] = longer(wide[3], k0slb[i])
    }
    print "Medians of " machine["rounds"] ", beside " machine["haproxy"] " and " machine["nginx"] "."
    print "Machine: " machine["cpu"] ", " machine["memory"] ", " machine["kernel"] "."
    print "k0slb " machine["commit"] ", " machine["date"] ": " machine["command"]
    for (i = 1; i <= lines; i++)
        if (!(workers[i] in printed)) {
            printed[workers[i]] = 1
            print_table(workers[i])
        }
}
