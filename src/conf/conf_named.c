#include "conf/conf_named.h"

#include "conf/conf_services.h"

static const struct conf_named *find_named(const struct conf *conf,
                                           const struct conf_service *service, enum conf_file file)
{
    if (service == NULL)
        return &conf->global.ca_named;
    return file == CONF_FILE_KEY ? &service->key_named : &service->cert_named;
}

void conf_named_refuse(const struct conf *conf, const struct conf_service *service,
                       enum conf_file file, const char *reason, struct conf_report *report)
{
    static const char *const keys[] = {
        [CONF_FILE_CA] = "ca", [CONF_FILE_CERT] = "check_cert", [CONF_FILE_KEY] = "check_key"};
    const struct conf_named *named = find_named(conf, service, file);
    const char *key = named->origin == ORIGIN_DIRECTORY ? "credentials" : keys[file];
    char own[CONF_SECTION_SIZE];
    const char *section = "k0slb";

    if (named->origin == ORIGIN_DEFAULTS)
        section = "defaults";
    else if (named->origin == ORIGIN_OWN && service != NULL)
        section = conf_services_section(service->name, own);
    conf_report_add(report, CONF_ERROR, named->line, section, key, "%s", reason);
}
