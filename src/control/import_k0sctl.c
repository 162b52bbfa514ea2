#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/strnum.h"
#include "conf/conf_keys.h"
#include "conf/conf_services.h"
#include "conf/conf_value.h"
#include "control/import.h"
#include "control/import_draft.h"
#include "control/yaml_tree.h"

#define GROUP    "k0sctl.k0sproject.io/"
#define EXTERNAL "external_address"

/* The one that is looked for is among so many. */
#define DOCUMENTS_MOST 32

/* The documents, and what is made of them. */
struct reader {
    const struct import_source *source;
    struct yaml_tree *tree;
    struct yaml_tree *cluster; /* another document, of kind ClusterConfig; NULL = none */
    struct import_draft draft;
    unsigned controllers;
    unsigned addresses; /* of them */
    size_t first;       /* the line of the draft where they begin */
};

/* What stands under a path of keys, ended by NULL; 0 = nothing. */
static yaml_node find(struct yaml_tree *tree, yaml_node node, const char *const *path)
{
    for (; *path != NULL && node != 0; path++)
        node = yaml_tree_get(tree, node, *path);
    return node;
}

static const char *text_of(struct yaml_tree *tree, yaml_node node, const char *key)
{
    const char *text = yaml_tree_text(tree, yaml_tree_get(tree, node, key));

    return text != NULL && *text != '\0' ? text : NULL;
}

static unsigned line_of(struct yaml_tree *tree, yaml_node node, const char *key)
{
    return yaml_tree_line(tree, yaml_tree_get(tree, node, key));
}

/* ---- hosts ---- */

/* How the other controllers see it, else how k0sctl comes to it; 0 = nobody says. */
static yaml_node find_address(struct yaml_tree *tree, yaml_node host)
{
    static const char *const ways[] = {"ssh", "openSSH", "winRM"};
    yaml_node address = yaml_tree_get(tree, host, "privateAddress");

    for (size_t i = 0; i < ARRAY_LEN(ways) && address == 0; i++)
        address = yaml_tree_get(tree, yaml_tree_get(tree, host, ways[i]), "address");
    return address;
}

/* Those of controllers before the others. */
static const char *const roles[] = {"controller", "controller+worker", "single", "worker"};

#define CONTROLLER_ROLES 3

/* Its index; ARRAY_LEN(roles) = it is none. */
static size_t find_role(const char *role)
{
    size_t i = 0;

    while (i < ARRAY_LEN(roles) && strcmp(role, roles[i]) != 0)
        i++;
    return i;
}

static void refuse_role(struct reader *reader, yaml_node host, const char *role)
{
    unsigned line = line_of(reader->tree, host, "role");
    const char *meant = NULL;

    for (size_t i = 0; i < ARRAY_LEN(roles) && meant == NULL; i++) {
        if (conf_is_typo(role, roles[i]))
            meant = roles[i];
    }
    import_draft_comment(&reader->draft, line, line,
                         "a host is left out: its role \"%s\" is unknown%s%s%s", role,
                         meant != NULL ? "; did you mean " : "", meant != NULL ? meant : "",
                         meant != NULL ? "?" : "");
}

/* Whether it is a controller that stays one; what is left out otherwise is said. */
static bool is_controller(struct reader *reader, yaml_node host)
{
    const char *role = text_of(reader->tree, host, "role");
    const char *reset = text_of(reader->tree, host, "reset");
    unsigned line = line_of(reader->tree, host, "reset");

    if (role == NULL)
        return false;
    if (find_role(role) == ARRAY_LEN(roles))
        refuse_role(reader, host, role);
    if (find_role(role) >= CONTROLLER_ROLES)
        return false;
    if (reset == NULL || strcasecmp(reset, "true") != 0)
        return true;
    import_draft_comment(&reader->draft, line, line,
                         "a controller is left out: with `reset: true` it leaves the cluster");
    return false;
}

/* Whether the draft has a controller of that name. */
static bool is_taken(const struct import_draft *draft, const char *name)
{
    for (size_t i = 0; i < draft->count; i++) {
        const char *text = draft->lines[i].text;

        if (draft->lines[i].kind == DRAFT_KEY && strncmp(text, name, strlen(name)) == 0 &&
            strncmp(text + strlen(name), " =", 2) == 0)
            return true;
    }
    return false;
}

static const char *name_controller(struct reader *reader, yaml_node host, char out[CONF_NAME_SIZE])
{
    const char *name = text_of(reader->tree, host, "hostname");
    unsigned number = reader->controllers;

    if (name != NULL && conf_value_is_name(name) && !is_taken(&reader->draft, name))
        return name;
    do
        snprintf(out, CONF_NAME_SIZE, "k0s-controller%u", number++);
    while (is_taken(&reader->draft, out));
    return out;
}

/* Whether the value of a line "NAME = ADDRESS" is that address. */
static bool is_at(const char *text, const char *address)
{
    const char *value = strstr(text, " = ") + 3;
    struct addr a;
    struct addr b;

    if (addr_parse(&a, value) == 0 && addr_parse(&b, address) == 0)
        return addr_same_ip(&a, &b);
    return strcasecmp(value, address) == 0;
}

/* Two of one address are one machine that is counted twice, or one of them is mistyped. */
static void tell_twin(struct reader *reader, const char *name, const char *address, unsigned line)
{
    for (size_t i = reader->first; i < reader->draft.count; i++) {
        const struct import_draft_line *other = &reader->draft.lines[i];

        if (other->kind != DRAFT_KEY || !is_at(other->text, address))
            continue;
        import_draft_comment(&reader->draft, line, line, "%s has the address of %.*s (line %u)",
                             name, (int)strcspn(other->text, " "), other->text, other->origin);
        return;
    }
}

static void add_controller(struct reader *reader, yaml_node host)
{
    yaml_node node = find_address(reader->tree, host);
    const char *address = yaml_tree_text(reader->tree, node);
    unsigned line = yaml_tree_line(reader->tree, node != 0 ? node : host);
    char numbered[CONF_NAME_SIZE];
    const char *name;
    struct addr parsed;

    reader->controllers++;
    name = name_controller(reader, host, numbered);
    if (address == NULL) {
        import_draft_comment(&reader->draft, line, line,
                             "%s has no address: write %s = ADDRESS, as this machine reaches it",
                             name, name);
    } else if (addr_parse(&parsed, address) == -1 && !addr_is_host_name(address)) {
        import_draft_comment(&reader->draft, line, line, "%s: \"%s\" is not an address", name,
                             address);
    } else {
        tell_twin(reader, name, address, line);
        import_draft_key(&reader->draft, line, name, "%s", address);
        reader->addresses++;
    }
}

static void add_controllers(struct reader *reader)
{
    const char *const path[] = {"spec", "hosts", NULL};
    yaml_node hosts = find(reader->tree, yaml_tree_root(reader->tree), path);
    yaml_node host;

    import_draft_section(&reader->draft, "controllers");
    reader->first = reader->draft.count;
    for (unsigned i = 0; (host = yaml_tree_item(reader->tree, hosts, i)) != 0; i++) {
        if (is_controller(reader, host))
            add_controller(reader, host);
    }
}

/* ---- what the cluster's own configuration says ---- */

/* Where it is: in the same document, else in one of its own. */
static struct yaml_tree *find_spec(struct reader *reader, yaml_node *spec)
{
    const char *const own[] = {"spec", "k0s", "config", "spec", NULL};

    *spec = find(reader->tree, yaml_tree_root(reader->tree), own);
    if (*spec != 0 || reader->cluster == NULL)
        return reader->tree;
    *spec = yaml_tree_get(reader->cluster, yaml_tree_root(reader->cluster), "spec");
    return reader->cluster;
}

/* Whether a port stands behind the name or address. */
static bool has_port(const char *text)
{
    const char *bracket = strchr(text, ']');
    const char *colon = strchr(bracket != NULL ? bracket : text, ':');

    return colon != NULL && strchr(colon + 1, ':') == NULL;
}

/* One of several names or addresses in the certificates of the controllers. */
static void add_san(struct reader *reader, struct yaml_tree *tree, yaml_node item)
{
    const char *text = yaml_tree_text(tree, item);
    unsigned line = yaml_tree_line(tree, item);
    struct conf_external external;
    char reason[CONF_REASON_SIZE] = "it is no text";
    char host[CONF_HOST_SIZE];
    unsigned count = 0; /* there is nothing else yet */
    char wanted[CONF_HOST_SIZE + sizeof(EXTERNAL " = ")];

    if (text == NULL || conf_address_external(text, &external, reason) == -1) {
        import_draft_comment(&reader->draft, line, line, "sans: %s", reason);
        return;
    }
    conf_address_format_host(&external, host);
    snprintf(wanted, sizeof(wanted), EXTERNAL " = %s", host);
    for (size_t i = 0; i < reader->draft.count; i++) {
        if (strcasecmp(reader->draft.lines[i].text, wanted) == 0)
            return;
        count += reader->draft.lines[i].kind == DRAFT_KEY;
    }
    if (count < CONF_MAX_EXTERNALS)
        import_draft_key(&reader->draft, line, EXTERNAL, "%s", host);
    else
        import_draft_comment(&reader->draft, line, line,
                             "sans: %s is more than the %d addresses that there may be", host,
                             CONF_MAX_EXTERNALS);
}

/* The balancer's address has to stand before them. */
static void add_sans(struct reader *reader, struct yaml_tree *tree, yaml_node api, bool has_first)
{
    yaml_node sans = yaml_tree_get(tree, api, "sans");
    unsigned line = yaml_tree_line(tree, sans);
    yaml_node item;

    if (sans == 0)
        return;
    if (!has_first) {
        import_draft_comment(&reader->draft, line, line,
                             "sans are not carried over: write them as " EXTERNAL
                             ", behind this balancer's address");
        return;
    }
    if (yaml_tree_text(tree, sans) != NULL)
        import_draft_comment(&reader->draft, line, line, "sans is no list");
    for (unsigned i = 0; (item = yaml_tree_item(tree, sans, i)) != 0; i++)
        add_san(reader, tree, item);
}

/* Returns whether there is one that could be carried over. */
static bool add_address(struct reader *reader, struct yaml_tree *tree, yaml_node api)
{
    const char *text = text_of(tree, api, "externalAddress");
    unsigned line = line_of(tree, api, "externalAddress");
    struct conf_external external;
    char reason[CONF_REASON_SIZE];
    char host[CONF_HOST_SIZE];

    if (text == NULL) {
        import_draft_comment(
            &reader->draft, 0, 0,
            "it has no spec.api.externalAddress, which is this balancer's address");
        return false;
    }
    if (conf_address_external(text, &external, reason) == -1) {
        import_draft_comment(&reader->draft, line, line, "spec.api.externalAddress: %s", reason);
        return false;
    }
    import_draft_section(&reader->draft, "k0slb");
    import_draft_key(&reader->draft, line, EXTERNAL, "%s",
                     conf_address_format_host(&external, host));
    if (has_port(text))
        import_draft_comment(&reader->draft, line, line,
                             "externalAddress has a port: k0s sends the clients of the join API "
                             "there, too; leave it out");
    return true;
}

static void add_external(struct reader *reader)
{
    yaml_node spec;
    struct yaml_tree *tree = find_spec(reader, &spec);
    yaml_node api = yaml_tree_get(tree, spec, "api");

    add_sans(reader, tree, api, add_address(reader, tree, api));
}

static void add_port(struct reader *reader, yaml_node part, struct yaml_tree *tree,
                     const char *const names[2])
{
    const char *port = text_of(tree, part, names[0]);
    unsigned line = line_of(tree, part, names[0]);
    char section[CONF_SECTION_SIZE];
    uint64_t number;

    if (port == NULL || strcmp(port, conf_services_built_in_value(names[1], "port")) == 0)
        return;
    if (strnum_uint(port, 1, UINT16_MAX, &number) == -1) {
        import_draft_comment(&reader->draft, line, line, "%s: \"%s\" is not a port", names[0],
                             port);
        return;
    }
    import_draft_section(&reader->draft, conf_services_section(names[1], section));
    import_draft_key(&reader->draft, line, "listen", ":%s", port);
    import_draft_key(&reader->draft, line, "port", "%s", port);
}

/* k0s's clients come to the balancer at the ports that the controllers have. */
static void add_ports(struct reader *reader)
{
    static const char *const api[][2] = {{"port", "kubeAPI"}, {"k0sApiPort", "controllerJoinAPI"}};
    static const char *const konnectivity[2] = {"agentPort", "konnectivity"};
    yaml_node spec;
    struct yaml_tree *tree = find_spec(reader, &spec);

    for (size_t i = 0; i < ARRAY_LEN(api); i++)
        add_port(reader, yaml_tree_get(tree, spec, "api"), tree, api[i]);
    add_port(reader, yaml_tree_get(tree, spec, "konnectivity"), tree, konnectivity);
}

/* ---- the whole ---- */

static bool is_k0sctl(struct yaml_tree *tree)
{
    const char *version = text_of(tree, yaml_tree_root(tree), "apiVersion");
    const char *const hosts[] = {"spec", "hosts", NULL};

    return version != NULL && strncmp(version, GROUP, strlen(GROUP)) == 0 &&
           find(tree, yaml_tree_root(tree), hosts) != 0;
}

static bool is_cluster(struct yaml_tree *tree)
{
    const char *kind = text_of(tree, yaml_tree_root(tree), "kind");

    return kind != NULL && strcmp(kind, "ClusterConfig") == 0;
}

/* The first of a kind; NULL = there is none, or it is no YAML. The caller's. */
static struct yaml_tree *find_document(const struct import_source *source,
                                       bool (*is_wanted)(struct yaml_tree *tree))
{
    char reason[YAML_TREE_REASON];

    for (unsigned i = 0; i < DOCUMENTS_MOST; i++) {
        struct yaml_tree *tree = yaml_tree_read_nth(source->text, source->size, i, reason);

        if (tree == NULL || is_wanted(tree))
            return tree;
        yaml_tree_free(tree);
    }
    return NULL;
}

bool import_is_k0sctl(const struct import_source *source)
{
    struct yaml_tree *tree = find_document(source, is_k0sctl);

    yaml_tree_free(tree);
    return tree != NULL;
}

static int print(const struct import_draft *draft)
{
    int status = import_draft_print(draft);

    import_draft_tell(draft);
    return status;
}

/* There is nothing to print; what is known about the hosts is said. */
static void tell_hosts(const struct reader *reader)
{
    for (size_t i = reader->first; i < reader->draft.count; i++) {
        const struct import_draft_line *line = &reader->draft.lines[i];

        if (line->kind == DRAFT_COMMENT && line->origin != 0)
            control_complain("%s", line->text + strlen("; "));
    }
}

static int write_out(struct reader *reader)
{
    const char *file = reader->source->name;

    add_external(reader);
    add_controllers(reader);
    if (reader->addresses > 0) {
        add_ports(reader);
        return import_draft_settle(&reader->draft) == 0 ? print(&reader->draft) : CONTROL_REFUSED;
    }
    if (reader->controllers == 0)
        control_complain("%s: it has no host with the role controller", file);
    else
        control_complain("%s: no host with the role controller has an address", file);
    tell_hosts(reader);
    return CONTROL_REFUSED;
}

int import_k0sctl(const struct import_source *source)
{
    struct reader reader = {
        .source = source,
        .tree = find_document(source, is_k0sctl),
        .cluster = find_document(source, is_cluster),
        .draft = {.name = source->name},
    };
    int status = CONTROL_REFUSED;

    if (reader.tree != NULL)
        status = write_out(&reader);
    else
        control_complain("there is not enough memory");
    import_draft_free(&reader.draft);
    yaml_tree_free(reader.tree);
    yaml_tree_free(reader.cluster);
    return status;
}
