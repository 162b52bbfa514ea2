#include "control/doctor.h"

#include <string.h>

/* A name may be a service's, a controller's, or both. */
static bool is_service(const struct conf *conf, const char *name)
{
    for (unsigned i = 0; i < conf->service_count; i++) {
        if (strcmp(conf->services[i].name, name) == 0)
            return true;
    }
    return false;
}

static bool is_backend(const struct conf *conf, const char *name)
{
    for (unsigned i = 0; i < conf->backend_count; i++) {
        if (strcmp(conf->backends[i].name, name) == 0)
            return true;
    }
    return false;
}

struct choice {
    char *const *names;
    int count;
    bool has_services; /* some of the names are services: no other service is wanted */
    bool has_backends;
};

static bool is_among(const struct choice *choice, const char *name)
{
    for (int i = 0; i < choice->count; i++) {
        if (strcmp(choice->names[i], name) == 0)
            return true;
    }
    return false;
}

static int understand(const struct conf *conf, struct choice *choice)
{
    for (int i = 0; i < choice->count; i++) {
        bool service = is_service(conf, choice->names[i]);
        bool backend = is_backend(conf, choice->names[i]);

        if (!service && !backend) {
            control_complain("doctor: there is no service and no controller named %s",
                             choice->names[i]);
            return -1;
        }
        choice->has_services |= service;
        choice->has_backends |= backend && !service;
    }
    return 0;
}

int doctor_select(struct doctor *doctor, char *const *names, int count)
{
    struct choice choice = {.names = names, .count = count};
    const struct conf *conf = &doctor->conf;

    if (understand(conf, &choice) == -1)
        return -1;
    for (size_t i = 0; i < doctor->backend_count; i++) {
        const struct conf_backend *backend = &conf->backends[i];
        const struct conf_service *service = &conf->services[backend->service];

        doctor->backends[i].is_wanted =
            service->enabled && (!choice.has_services || is_among(&choice, service->name)) &&
            (!choice.has_backends || is_among(&choice, backend->name));
    }
    return 0;
}
