#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf_services.h"
#include "control/import_haproxy_service.h"

static enum conf_check find_check(const struct haproxy_service *service)
{
    const char *probe = service->values[HAPROXY_PROBE].text;
    bool has_tls = service->values[HAPROXY_TLS].text != NULL;

    if (service->values[HAPROXY_CHECK].text == NULL)
        return CHECK_NONE;
    if (probe != NULL && strcmp(probe, "tls") == 0)
        return CHECK_TLS;
    if (probe != NULL && strcmp(probe, "http") == 0 && has_tls)
        return CHECK_HTTPS;
    return has_tls ? CHECK_TLS : CHECK_TCP;
}

static void write_http(struct import_draft *draft, const struct haproxy_service *service)
{
    const struct haproxy_value *expect = &service->values[HAPROXY_EXPECT];

    haproxy_write_value(draft, service, "check_method", HAPROXY_METHOD);
    haproxy_write_value(draft, service, "check_path", HAPROXY_PATH);
    haproxy_write_value(draft, service, "check_host", HAPROXY_HOST);
    if (expect->text != NULL)
        haproxy_write_text(draft, service, "check_expect", expect);
    else
        import_draft_key(draft, service->values[HAPROXY_PROBE].line, "check_expect", "200-399");
}

/* HAProxy's file holds both; since 2.2 the key may stand beside it. */
static void write_certificate(struct import_draft *draft, const struct haproxy_service *service)
{
    const struct haproxy_value *cert = &service->values[HAPROXY_CERT];
    char key[CONF_PATH_SIZE + 8];

    if (cert->text == NULL)
        return;
    snprintf(key, sizeof(key), "%s.key", cert->text);
    import_draft_key(draft, cert->line, "check_cert", "%s", cert->text);
    import_draft_key(draft, cert->line, "check_key", "%s",
                     access(key, F_OK) == 0 ? key : cert->text);
}

static void write_tls(const struct haproxy_services *services, struct import_draft *draft,
                      const struct haproxy_service *service)
{
    const struct haproxy_value *verify = &service->values[HAPROXY_VERIFY];

    haproxy_write_value(draft, service, "check_sni", HAPROXY_SNI);
    if (verify->text != NULL && strcmp(verify->text, "none") == 0 && services->ca != NULL)
        import_draft_key(draft, verify->line, "check_verify", "none");
    if (verify->text != NULL && strcmp(verify->text, "ca") == 0 && services->ca == NULL)
        haproxy_note_at(services->file, HAPROXY_NO_PROXY, verify->line,
                        "verify required: name the CA by `ca` in [k0slb]");
    write_certificate(draft, service);
}

/* k0slb knows how to ask k0s's services. */
static enum conf_check write_kind(struct import_draft *draft, struct haproxy *file,
                                  const struct haproxy_service *service)
{
    enum conf_check check = find_check(service);
    const struct haproxy_value *probe = &service->values[HAPROXY_PROBE];
    const struct haproxy_value *path = &service->values[HAPROXY_PATH];

    if (haproxy_is_k0s(service)) {
        const char *own = conf_services_built_in_value(service->name, "check_path");

        if (probe->text != NULL && strcmp(probe->text, "http") == 0 && path->text != NULL &&
            (own == NULL || strcmp(own, path->text) != 0))
            haproxy_note_at(file, HAPROXY_NO_PROXY, probe->line,
                            "check of %s: %s has a check of its own", path->text, service->name);
        return service->built_in == HAPROXY_KONNECTIVITY ? CHECK_H2 : CHECK_HTTPS;
    }
    if (check != CHECK_TLS)
        import_draft_key(draft, probe->line, "check", "%s", conf_check_name(check));
    if (check == CHECK_TCP && probe->text != NULL && strcmp(probe->text, "http") == 0)
        haproxy_note_at(file, HAPROXY_NO_PROXY, probe->line,
                        "option httpchk: HTTP is only checked over TLS; %s is by connecting",
                        service->name);
    if (check == CHECK_HTTPS)
        write_http(draft, service);
    return check;
}

void haproxy_write_check(const struct haproxy_services *services, struct import_draft *draft,
                         const struct haproxy_service *service)
{
    enum conf_check check = write_kind(draft, services->file, service);

    if (check == CHECK_NONE)
        return;
    if (check != CHECK_TCP)
        write_tls(services, draft, service);
    haproxy_write_value(draft, service, "check_port", HAPROXY_PORT);
    haproxy_write_value(draft, service, "check_interval", HAPROXY_INTERVAL);
    haproxy_write_value(draft, service, "check_fast_interval", HAPROXY_FAST);
    haproxy_write_value(draft, service, "check_down_interval", HAPROXY_DOWN);
    haproxy_write_value(draft, service, "check_timeout", HAPROXY_CHECK_TIMEOUT);
    haproxy_write_value(draft, service, "check_rise", HAPROXY_RISE);
    haproxy_write_value(draft, service, "check_fall", HAPROXY_FALL);
}
