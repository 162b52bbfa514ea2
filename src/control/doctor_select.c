#include "control/doctor.h"

#include <string.h>

#include "conf/conf_keys.h"
#include "report/words.h"

#define NAMES_LIMIT (1u << 17)

/* A longer list is not for a line. */
#define NAMES_SHOWN 2000

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

/* ---- what means nothing ---- */

/* Names that could have been typed, each once. */
struct names {
    const char *typed;
    const char *meant;   /* one that differs from it by a slip, or NULL */
    struct textbuf list; /* "a, b, c" */
};

static void add_name(struct names *names, const char *name)
{
    words_separate(&names->list, 0, ", ");
    words_safe(&names->list, name);
    if (names->meant == NULL && conf_is_typo(names->typed, name))
        names->meant = name;
}

/* Whether an earlier service has a backend of that name, too. */
static bool is_repeated(const struct conf *conf, unsigned backend)
{
    for (unsigned i = 0; i < backend; i++) {
        if (strcmp(conf->backends[i].name, conf->backends[backend].name) == 0)
            return true;
    }
    return false;
}

static void complain_about(const struct conf *conf, const char *typed)
{
    struct names names = {.typed = typed};

    textbuf_init(&names.list, NAMES_LIMIT);
    for (unsigned i = 0; i < conf->service_count; i++)
        add_name(&names, conf->services[i].name);
    for (unsigned i = 0; i < conf->backend_count; i++) {
        if (!is_repeated(conf, i) && !is_service(conf, conf->backends[i].name))
            add_name(&names, conf->backends[i].name);
    }
    if (names.meant != NULL)
        control_complain("doctor: there is no service and no controller named %s; did you mean %s?",
                         typed, names.meant);
    else
        control_complain("doctor: there is no service and no controller named %s", typed);
    if (names.list.length <= NAMES_SHOWN)
        control_complain("there are: %s", names.list.length > 0 ? names.list.data : "none");
    textbuf_fini(&names.list);
}

/* ---- what is wanted ---- */

static int understand(const struct conf *conf, struct choice *choice)
{
    for (int i = 0; i < choice->count; i++) {
        bool service = is_service(conf, choice->names[i]);
        bool backend = is_backend(conf, choice->names[i]);

        if (!service && !backend) {
            complain_about(conf, choice->names[i]);
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
