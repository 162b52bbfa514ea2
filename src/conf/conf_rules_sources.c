#include "conf/conf_rules.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"

#include "conf/conf_address.h"

/* One source address, and where it was written. */
struct source {
    unsigned index;
    const struct addr *address;
    char text[ADDR_TEXT_SIZE];
    char section[CONF_SECTION_SIZE];
    uint32_t line;
};

static bool has_source(const struct conf_service *service, unsigned index)
{
    return index >= service->first_local && index - service->first_local < service->local_count;
}

static unsigned count_items(const char *value)
{
    char item[CONF_LINE_SIZE];
    unsigned count = 0;

    while (conf_list_next(&value, item) == 1)
        count++;
    return count;
}

/* The line that holds the nth address of a section, from 0. */
static uint32_t line_of_source(const struct conf_rules *rules, const char *section, unsigned nth)
{
    const struct conf_statements *statements = rules->statements;

    for (size_t i = 0; i < statements->count; i++) {
        const struct conf_statement *statement = &statements->list[i];
        unsigned count;

        if (statement->refused || strcmp(statement->section, section) != 0 ||
            strcmp(statement->key, "source_address") != 0)
            continue;
        count = count_items(statement->value);
        if (nth < count)
            return statement->line;
        nth -= count;
    }
    return 0;
}

/* Every address belongs to a service, or to several that have it from [defaults]. */
static void find_source(const struct conf_rules *rules, unsigned index, struct source *out)
{
    const struct conf_service *service = rules->conf->services;

    while (!has_source(service, index))
        service++;
    out->index = index;
    out->address = &rules->conf->locals[index];
    addr_format_ip(out->address, out->text);
    conf_rules_list_section(rules, service, "source_address", out->section);
    out->line = line_of_source(rules, out->section, index - service->first_local);
}

/* Returns 0, or -1 with errno as bind(2) sets it. */
static int try_bind(const struct addr *address)
{
    struct sockaddr_storage name;
    socklen_t length = addr_to_sockaddr(address, &name);
    int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = fd != -1 ? bind(fd, (const struct sockaddr *)&name, length) : -1;
    int error = errno;

    fd_close(&fd);
    errno = error;
    return result;
}

static const char *explain(int error, const struct addr *address)
{
    if (error == EADDRNOTAVAIL)
        return "this machine has no such address";
    if (error == EAFNOSUPPORT)
        return "this machine has no IPv6";
    if (error == EINVAL && address->family == ADDR_IPV6 && address->scope == 0)
        return "behind a link-local address stands its interface, as in fe80::1%eth0";
    return strerror(error);
}

static bool is_of_this_machine(const struct conf_rules *rules, const struct source *source)
{
    if (try_bind(source->address) == 0)
        return true;
    conf_report_add(rules->report, CONF_ERROR, source->line, source->section, "source_address",
                    "\"%s\" cannot be connected from: %s", source->text,
                    explain(errno, source->address));
    return false;
}

/* What the services that use a source address have to connect to. */
struct targets {
    bool any;
    bool of_family;
    bool reached; /* one of them can be connected to from there */
    bool names;   /* nobody knows yet of which family those are */
};

static bool is_loopback(const struct addr *address)
{
    return address->family == ADDR_IPV4 && address->ip[0] == 127;
}

/*
 * Whether the backend can be connected to from there: from a loopback address this machine's own
 * can be, and the kernel says EINVAL to all others. Connecting a socket for datagrams sends
 * nothing.
 */
static bool is_way(const struct addr *from, const struct addr *to)
{
    struct sockaddr_storage source;
    struct sockaddr_storage target;
    socklen_t source_length = addr_to_sockaddr(from, &source);
    socklen_t target_length = addr_to_sockaddr(to, &target);
    bool is_wrong;
    int fd;

    if (!is_loopback(from))
        return true;
    fd = socket(source.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    is_wrong = fd != -1 && bind(fd, (const struct sockaddr *)&source, source_length) == 0 &&
               connect(fd, (const struct sockaddr *)&target, target_length) == -1 &&
               errno == EINVAL;
    fd_close(&fd);
    return !is_wrong;
}

static void add_targets(const struct conf *conf, const struct conf_service *service,
                        const struct addr *from, struct targets *targets)
{
    for (unsigned i = 0; i < service->backend_count; i++) {
        const struct addr *to = &conf->backends[service->first_backend + i].address;

        targets->any = true;
        targets->names |= to->family == ADDR_NONE;
        targets->of_family |= to->family == from->family;
        targets->reached |= to->family == from->family && (targets->reached || is_way(from, to));
    }
}

/* Adds them all. Returns false when some may be missing only because they were written wrong. */
static bool find_targets(const struct conf_rules *rules, const struct source *source,
                         struct targets *targets)
{
    char section[CONF_SECTION_SIZE];

    *targets = (struct targets){0};
    for (unsigned i = 0; i < rules->conf->service_count; i++) {
        const struct conf_service *service = &rules->conf->services[i];

        if (!has_source(service, source->index))
            continue;
        conf_services_section(service->name, section);
        if (conf_rules_is_backend_refused(rules, section))
            return false;
        add_targets(rules->conf, service, source->address, targets);
    }
    return targets->any;
}

static void report_family(const struct conf_rules *rules, const struct source *source, bool names)
{
    const char *family = source->address->family == ADDR_IPV4 ? "IPv4" : "IPv6";

    if (names)
        conf_report_add(
            rules->report, CONF_WARNING, source->line, source->section, "source_address",
            "\"%s\" is of no use unless a backend's name has an %s address", source->text, family);
    else
        conf_report_add(rules->report, CONF_ERROR, source->line, source->section, "source_address",
                        "\"%s\" is of no use: no backend has an %s address", source->text, family);
}

static void check_targets(const struct conf_rules *rules, const struct source *source)
{
    struct targets targets;

    if (!find_targets(rules, source, &targets))
        return;
    if (!targets.of_family)
        report_family(rules, source, targets.names);
    else if (!targets.reached && !targets.names)
        conf_report_add(rules->report, CONF_WARNING, source->line, source->section,
                        "source_address",
                        "\"%s\" reaches no backend: connections from a loopback address stay on "
                        "this machine",
                        source->text);
}

void conf_rules_sources(const struct conf_rules *rules)
{
    unsigned count = rules->conf->local_count;
    struct source source;

    if (count > CONF_MAX_LOCALS) {
        find_source(rules, CONF_MAX_LOCALS, &source);
        conf_report_add(rules->report, CONF_ERROR, source.line, source.section, "source_address",
                        "more than %d source addresses in all", CONF_MAX_LOCALS);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        find_source(rules, i, &source);
        if (is_of_this_machine(rules, &source))
            check_targets(rules, &source);
    }
}
