#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf_address.h"
#include "conf/conf_load.h"
#include "control/verb.h"

#define OUTPUT_LIMIT 32768

/* What k0s has unless it is told otherwise. */
static const struct {
    const char *service;
    const char *part; /* of `spec` */
    const char *key;
    unsigned port;
} ports[] = {
    {"kubeAPI", "api", "port", 6443},
    {"controllerJoinAPI", "api", "k0sApiPort", 9443},
    {"konnectivity", "konnectivity", "agentPort", 8132},
};

static const struct conf_service *find_service(const struct conf *conf, const char *name)
{
    for (unsigned i = 0; i < conf->service_count; i++) {
        if (strcmp(conf->services[i].name, name) == 0 && conf->services[i].enabled)
            return &conf->services[i];
    }
    return NULL;
}

/* The one port that all its backends have; 0 = they differ, or it is not known. */
static unsigned find_port(const struct conf *conf, const struct conf_service *service)
{
    const struct conf_backend *backends = &conf->backends[service->first_backend];

    for (unsigned i = 1; i < service->backend_count; i++) {
        if (backends[i].address.port != backends[0].address.port)
            return 0;
    }
    return service->backend_count > 0 ? backends[0].address.port : 0;
}

/* ---- what the fragments cannot mend ---- */

static bool listens_at(const struct conf *conf, const struct conf_service *service, unsigned port)
{
    for (unsigned i = 0; i < service->listener_count; i++) {
        if (conf->listeners[service->first_listener + i].address.port == port)
            return true;
    }
    return false;
}

/* Its clients come to the port that the controllers have. */
static void warn_about_ports(const struct conf *conf)
{
    for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
        const struct conf_service *service = find_service(conf, ports[i].service);

        unsigned port = service != NULL ? find_port(conf, service) : 0;

        if (port != 0 && !listens_at(conf, service, port))
            control_complain("warning: %s does not listen at port %u, where the controllers are "
                             "and k0s sends its clients to",
                             service->name, port);
    }
}

/* ---- YAML ---- */

/* What no reader of YAML takes for anything but a text needs no quotes. */
static bool is_plain(const struct conf_external *external)
{
    if (external->host[0] == '\0')
        return external->address.family == ADDR_IPV4;
    return isalpha((unsigned char)external->host[0]) && strchr(external->host, '.') != NULL;
}

/* k0s has IPv6 addresses without brackets. */
static void write_external(const struct conf_external *external, struct textbuf *out)
{
    char text[ADDR_TEXT_SIZE];
    const char *host =
        external->host[0] != '\0' ? external->host : addr_format_ip(&external->address, text);

    textbuf_printf(out, is_plain(external) ? "%s\n" : "\"%s\"\n", host);
}

/* The ports of one part of `spec`, each where it is not the usual one. Returns how many. */
static unsigned write_ports(const struct conf *conf, const char *part, int indent,
                            struct textbuf *out)
{
    unsigned count = 0;

    for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
        const struct conf_service *service = find_service(conf, ports[i].service);

        unsigned port = service != NULL ? find_port(conf, service) : 0;

        if (strcmp(ports[i].part, part) != 0 || port == 0 || port == ports[i].port)
            continue;
        if (out != NULL)
            textbuf_printf(out, "%*s%s: %u\n", indent, "", ports[i].key, port);
        count++;
    }
    return count;
}

static void write_spec(const struct conf *conf, int indent, struct textbuf *out)
{
    textbuf_printf(out, "%*sspec:\n%*sapi:\n%*sexternalAddress: ", indent, "", indent + 2, "",
                   indent + 4, "");
    write_external(&conf->externals[0], out);
    write_ports(conf, "api", indent + 4, out);
    textbuf_printf(out, "%*ssans:\n", indent + 4, "");
    for (unsigned i = 0; i < conf->external_count; i++) {
        textbuf_printf(out, "%*s- ", indent + 4, "");
        write_external(&conf->externals[i], out);
    }
    if (write_ports(conf, "konnectivity", 0, NULL) > 0) {
        textbuf_printf(out, "%*skonnectivity:\n", indent + 2, "");
        write_ports(conf, "konnectivity", indent + 4, out);
    }
}

static int print_fragments(const struct conf *conf)
{
    struct textbuf out;
    int status;

    textbuf_init(&out, OUTPUT_LIMIT);
    textbuf_puts(&out, "# in k0s.yaml of every controller\n");
    write_spec(conf, 0, &out);
    textbuf_puts(&out, "---\n# or in k0sctl.yaml\nspec:\n  k0s:\n    config:\n");
    write_spec(conf, 6, &out);
    status = control_print(&out);
    textbuf_fini(&out);
    return status;
}

int verb_k0s_config(const struct control *control)
{
    struct conf_report report = {.path = control->config, .spares_files = true};
    int status = CONTROL_REFUSED;
    struct conf conf;

    if (conf_load(&conf, control->config, &report) == -1) {
        control_complain_all(&report);
    } else {
        if (conf.external_count == 0) {
            control_complain("%s: [k0slb] external_address: it is not set; write the address or "
                             "name that clients use",
                             control->config);
        } else {
            warn_about_ports(&conf);
            status = print_fragments(&conf);
        }
        conf_free(&conf);
    }
    conf_report_free(&report);
    return status;
}
