#include "report/text.h"
#include "report/tunnel.h"
#include "report/words.h"

/* So many of the clients that lack something are told; the JSON has them all. */
#define CLIENTS_TOLD 8

/* Whether it could have a session there, and has none. */
static bool is_lacking(const struct snapshot_client *client, const struct snapshot_backend *backend)
{
    return (backend->status == STATUS_UP || backend->status == STATUS_SUSPECT) &&
           backend->ordinal < CONF_MAX_SPREAD && client->at[backend->ordinal] == 0;
}

/* "    10.0.0.5: 2 sessions, none to k0s-controller2, k0s-controller3" */
static void put_client(struct text *text, const struct snapshot_service *service,
                       const struct snapshot_client *client)
{
    struct textbuf line;
    char address[ADDR_TEXT_SIZE];
    const char *before = ", none to ";

    textbuf_init(&line, 8192);
    textbuf_printf(&line, "%s: %u session%s", addr_format_ip(&client->address, address),
                   client->total, client->total == 1 ? "" : "s");
    for (size_t i = 0; i < service->backend_count; i++) {
        if (!is_lacking(client, &service->backends[i]))
            continue;
        textbuf_printf(&line, "%s%s", before, service->backends[i].name);
        before = ", ";
    }
    textbuf_puts(text->out, "    ");
    words_wrap(text->out, line.data != NULL ? line.data : "", 4, 8, text->width);
    textbuf_puts(text->out, "\n");
    textbuf_fini(&line);
}

/* "  clients: 50, of these 48 full, 2 partial" */
static void put_counts(struct text *text, const struct snapshot_service *service)
{
    static const enum tunnel_links order[] = {TUNNEL_FULL, TUNNEL_PARTIAL, TUNNEL_NONE};

    textbuf_printf(text->out, "  clients: %zu", service->client_count + service->clients_left_out);
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        size_t count = tunnel_count(service, order[i]);

        if (count > 0)
            textbuf_printf(text->out, ", %zu %s", count, tunnel_links_name(order[i]));
    }
    if (service->clients_left_out > 0)
        textbuf_printf(text->out, ", %zu not looked at", service->clients_left_out);
    textbuf_puts(text->out, "\n");
}

void text_tunnels(struct text *text, const struct snapshot_service *service)
{
    size_t wanting = service->client_count - tunnel_count(service, TUNNEL_FULL);
    size_t told = 0;

    if (service->client_count == 0)
        return;
    put_counts(text, service);
    for (size_t i = 0; i < service->client_count && told < CLIENTS_TOLD; i++) {
        if (tunnel_links(service, &service->clients[i]) == TUNNEL_FULL)
            continue;
        put_client(text, service, &service->clients[i]);
        told++;
    }
    if (wanting > told)
        textbuf_printf(text->out, "    and %zu more\n", wanting - told);
}
