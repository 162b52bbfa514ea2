-- The last line that wrk prints: requests, microseconds, errors, and latencies in microseconds.
function done(summary, latency)
    local errors = summary.errors
    io.write(string.format("k0slb-bench %d %d %d %d %d %d\n", summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
