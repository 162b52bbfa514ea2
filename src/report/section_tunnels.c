#include <stdio.h>

#include "report/section.h"
#include "report/tunnel.h"
#include "report/words.h"

/* Of each kind; the JSON has them all. */
#define ROWS_SHOWN 200

static enum html_level level_of(enum tunnel_links links)
{
    static const enum html_level levels[] = {
        [TUNNEL_PARTIAL] = HTML_WARN, [TUNNEL_NONE] = HTML_BAD, [TUNNEL_FULL] = HTML_GOOD};

    return levels[links];
}

/* ---- the head ---- */

static void put_summary(const struct snapshot_service *service, struct textbuf *out)
{
    static const enum tunnel_links order[] = {TUNNEL_FULL, TUNNEL_PARTIAL, TUNNEL_NONE};

    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        size_t count = tunnel_count(service, order[i]);

        textbuf_printf(out, "<span class=\"state %s\">%zu %s</span>",
                       html_level_name(count > 0 ? level_of(order[i]) : HTML_IDLE), count,
                       tunnel_links_name(order[i]));
    }
}

static void put_head(const struct snapshot_service *service, size_t index, struct textbuf *out)
{
    size_t count = service->client_count + service->clients_left_out;

    textbuf_printf(out,
                   "<div class=\"head\"><h3 id=\"tunnels-of-%zu\">Tunnels of %zu client "
                   "address%s</h3>",
                   index, count, count == 1 ? "" : "es");
    put_summary(service, out);
    textbuf_puts(out, "</div>\n<p class=\"legend\"><b>full</b>: a connection to each backend that "
                      "is up or suspect; <b>partial</b>: to some of them; <b>none</b>: to others "
                      "only. Behind NAT many agents are one address.</p>\n");
}

/* ---- the table ---- */

static void put_place(const struct snapshot_backend *backend, uint32_t held, struct textbuf *out)
{
    bool is_wanted = backend->status == STATUS_UP || backend->status == STATUS_SUSPECT;
    enum html_level level = held > 0 ? HTML_GOOD : is_wanted ? HTML_WARN : HTML_IDLE;

    textbuf_printf(out, "<td class=\"link %s\">", html_level_name(level));
    if (held > 0)
        textbuf_printf(out, "%u</td>", held);
    else
        textbuf_puts(out, is_wanted ? "missing</td>" : "-</td>");
}

static void put_client(const struct snapshot_service *service, const struct snapshot_client *client,
                       struct textbuf *out)
{
    enum tunnel_links links = tunnel_links(service, client);
    char ip[ADDR_TEXT_SIZE];

    textbuf_printf(out, "<tr><th scope=\"row\">%s</th><td class=\"t\">",
                   addr_format_ip(&client->address, ip));
    html_state(out, level_of(links), tunnel_links_name(links));
    textbuf_puts(out, "</td>");
    for (size_t i = 0; i < service->backend_count; i++) {
        const struct snapshot_backend *backend = &service->backends[i];

        put_place(backend, backend->ordinal < CONF_MAX_SPREAD ? client->at[backend->ordinal] : 0,
                  out);
    }
    textbuf_puts(out, "</tr>\n");
}

static void put_titles(const struct snapshot_service *service, struct textbuf *out)
{
    textbuf_puts(out, "<thead>\n<tr><th scope=\"col\">Client</th><th scope=\"col\" class=\"t\">"
                      "Tunnels</th>");
    for (size_t i = 0; i < service->backend_count; i++) {
        textbuf_puts(out, "<th scope=\"col\">");
        words_html(out, service->backends[i].name);
        textbuf_puts(out, "</th>");
    }
    textbuf_puts(out, "</tr>\n</thead>\n<tbody>\n");
}

static void begin_table(const struct snapshot_service *service, size_t index, const char *name,
                        struct textbuf *out)
{
    textbuf_printf(out,
                   "<div class=\"scroll\" id=\"tunnels-%s-%zu\" role=\"region\" tabindex=\"0\" "
                   "aria-labelledby=\"tunnels-of-%zu\">\n<table class=\"tunnels\">\n",
                   name, index, index);
    put_titles(service, out);
}

static void end_table(struct textbuf *out)
{
    textbuf_puts(out, "</tbody>\n</table>\n</div>\n");
}

/* Those with such links, up to ROWS_SHOWN. Returns how many there are beyond that. */
static size_t put_rows(const struct snapshot_service *service, enum tunnel_links links,
                       struct textbuf *out)
{
    size_t count = 0;

    for (size_t i = 0; i < service->client_count; i++) {
        if (tunnel_links(service, &service->clients[i]) != links)
            continue;
        if (count < ROWS_SHOWN)
            put_client(service, &service->clients[i], out);
        count++;
    }
    return count > ROWS_SHOWN ? count - ROWS_SHOWN : 0;
}

static void put_rest(size_t rest, struct textbuf *out)
{
    if (rest > 0)
        textbuf_printf(out, "<p class=\"more\">and %zu more</p>\n", rest);
}

/* What is amiss stands open. */
static void put_amiss(const struct snapshot_service *service, size_t index, struct textbuf *out)
{
    size_t rest;

    if (tunnel_count(service, TUNNEL_FULL) == service->client_count)
        return;
    begin_table(service, index, "amiss", out);
    rest = put_rows(service, TUNNEL_PARTIAL, out);
    rest += put_rows(service, TUNNEL_NONE, out);
    end_table(out);
    put_rest(rest, out);
}

static void put_full(const struct snapshot_service *service, size_t index, struct textbuf *out)
{
    size_t count = tunnel_count(service, TUNNEL_FULL);
    size_t rest;

    if (count == 0)
        return;
    textbuf_printf(out,
                   "<details id=\"full-%zu\">\n<summary>%zu client address%s with all tunnels"
                   "</summary>\n",
                   index, count, count == 1 ? "" : "es");
    begin_table(service, index, "full", out);
    rest = put_rows(service, TUNNEL_FULL, out);
    end_table(out);
    put_rest(rest, out);
    textbuf_puts(out, "</details>\n");
}

void section_tunnels(const struct snapshot *snapshot, size_t index, struct textbuf *out)
{
    const struct snapshot_service *service = &snapshot->services[index];

    if (service->balance != BALANCE_SOURCE_SPREAD)
        return;
    textbuf_puts(out, "<div class=\"tunnel-view\">\n");
    put_head(service, index, out);
    put_amiss(service, index, out);
    put_full(service, index, out);
    textbuf_puts(out, "</div>\n");
}
