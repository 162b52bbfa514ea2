#include "conf/conf_rules.h"

#include <string.h>

#include "conf/conf_address.h"

#define ONLY(check)  (1u << (check))
#define WITH_HTTP    ONLY(CHECK_HTTPS)
#define WITH_TLS     (ONLY(CHECK_HTTPS) | ONLY(CHECK_H2) | ONLY(CHECK_TLS))
#define WITH_ADDRESS (WITH_TLS | ONLY(CHECK_TCP))

/* The kinds of checks that a key says something to. */
static const struct {
    const char *key;
    unsigned checks;
} meanings[] = {
    {"check_method", WITH_HTTP}, {"check_path", WITH_HTTP},    {"check_host", WITH_HTTP},
    {"check_expect", WITH_HTTP}, {"check_port", WITH_ADDRESS}, {"check_verify", WITH_TLS},
    {"check_sni", WITH_TLS},     {"check_cert", WITH_TLS},     {"check_key", WITH_TLS},
};

static bool is_refused(const struct conf_rules *rules, const char *section, const char *key)
{
    const struct conf_statement *said = conf_statements_find(rules->statements, section, key);

    return said != NULL && said->refused;
}

/* What stands in [defaults] is for the services that have a use for it. */
static void check_meanings(const struct conf_rules *rules, const struct conf_service *service,
                           const char *section)
{
    if (is_refused(rules, section, "check") || is_refused(rules, "defaults", "check"))
        return;
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        uint32_t line = conf_rules_line(rules, section, meanings[i].key);

        if (line != 0 && (meanings[i].checks & ONLY(service->check)) == 0)
            conf_report_add(rules->report, CONF_ERROR, line, section, meanings[i].key,
                            "says nothing to check = %s",
                            conf_check_name((enum conf_check)service->check));
    }
}

static void settle_host(const struct conf *conf, struct conf_service *service)
{
    if (service->check_host[0] == '\0' && conf->external_count > 0)
        conf_address_format_host(&conf->externals[0], service->check_host);
}

static void settle_sni(const struct conf *conf, struct conf_service *service)
{
    for (unsigned i = 0; i < conf->external_count && service->check_sni[0] == '\0'; i++)
        strcpy(service->check_sni, conf->externals[i].host);
}

static void settle_verify(const struct conf_rules *rules, struct conf_service *service)
{
    const struct conf_global *global = &rules->conf->global;
    char section[CONF_SECTION_SIZE];
    uint32_t line;

    conf_rules_list_section(rules, service, "check_verify", section);
    line = conf_rules_line(rules, section, "check_verify");
    if (line == 0)
        service->check_verify = global->ca[0] != '\0' ? VERIFY_CA : VERIFY_NONE;
    if (service->check_verify != VERIFY_CA || global->ca[0] != '\0' ||
        conf_statements_has_refused(rules->statements, "k0slb") ||
        is_refused(rules, section, "check_verify") ||
        !conf_check_is_tls((enum conf_check)service->check))
        return;
    conf_report_add(rules->report, CONF_ERROR, line, section, "check_verify",
                    "no CA is known: write ca = FILE into [k0slb], or fill its credentials with "
                    "k0slbctl import");
}

static void check_external_count(const struct conf_rules *rules)
{
    if (rules->conf->external_count > CONF_MAX_EXTERNALS)
        conf_report_add(rules->report, CONF_ERROR,
                        conf_rules_line(rules, "k0slb", "external_address"), "k0slb",
                        "external_address", "more than %d addresses", CONF_MAX_EXTERNALS);
}

void conf_rules_checks(const struct conf_rules *rules)
{
    char section[CONF_SECTION_SIZE];

    check_external_count(rules);
    for (unsigned i = 0; i < rules->conf->service_count; i++) {
        struct conf_service *service = &rules->conf->services[i];

        conf_services_section(service->name, section);
        check_meanings(rules, service, section);
        settle_host(rules->conf, service);
        settle_sni(rules->conf, service);
        settle_verify(rules, service);
    }
}
