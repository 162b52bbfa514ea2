#include <stdio.h>
#include <string.h>

#include "conf/conf_services.h"
#include "conf/conf_value.h"
#include "control/import.h"
#include "control/import_draft.h"
#include "control/yaml_tree.h"

#define GROUP "k0sctl.k0sproject.io/"

/* The tree, and what is made of it. */
struct reader {
    struct yaml_tree *tree;
    struct import_draft draft;
    unsigned controllers;
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

bool import_is_k0sctl(struct yaml_tree *tree)
{
    const char *version = text_of(tree, yaml_tree_root(tree), "apiVersion");
    const char *const hosts[] = {"spec", "hosts", NULL};

    return version != NULL && strncmp(version, GROUP, strlen(GROUP)) == 0 &&
           find(tree, yaml_tree_root(tree), hosts) != 0;
}

/* ---- hosts ---- */

/* How the other controllers see it, else how k0sctl comes to it. */
static const char *find_address(struct yaml_tree *tree, yaml_node host)
{
    static const char *const ways[] = {"ssh", "openSSH", "winRM"};
    const char *address = text_of(tree, host, "privateAddress");

    for (size_t i = 0; i < ARRAY_LEN(ways) && address == NULL; i++)
        address = text_of(tree, yaml_tree_get(tree, host, ways[i]), "address");
    return address;
}

static bool is_controller(struct yaml_tree *tree, yaml_node host)
{
    const char *role = text_of(tree, host, "role");
    const char *reset = text_of(tree, host, "reset");

    if (role == NULL || (reset != NULL && strcmp(reset, "true") == 0))
        return false;
    return strcmp(role, "controller") == 0 || strcmp(role, "controller+worker") == 0 ||
           strcmp(role, "single") == 0;
}

static void add_controller(struct reader *reader, yaml_node host)
{
    const char *name = text_of(reader->tree, host, "hostname");
    const char *address = find_address(reader->tree, host);
    char numbered[CONF_NAME_SIZE];

    reader->controllers++;
    snprintf(numbered, sizeof(numbered), "k0s-controller%u", reader->controllers);
    if (name == NULL || !conf_value_is_name(name))
        name = numbered;
    if (address != NULL)
        import_draft_key(&reader->draft, 0, name, "%s", address);
    else
        import_draft_comment(&reader->draft, 0, 0,
                             "%s has no address: write %s = ADDRESS, as this machine reaches it",
                             name, name);
}

static void add_controllers(struct reader *reader)
{
    const char *const path[] = {"spec", "hosts", NULL};
    yaml_node hosts = find(reader->tree, yaml_tree_root(reader->tree), path);
    yaml_node host;

    import_draft_section(&reader->draft, "controllers");
    for (unsigned i = 0; (host = yaml_tree_item(reader->tree, hosts, i)) != 0; i++) {
        if (is_controller(reader->tree, host))
            add_controller(reader, host);
    }
}

/* ---- what the cluster's own configuration says ---- */

static yaml_node find_spec(struct reader *reader)
{
    const char *const path[] = {"spec", "k0s", "config", "spec", NULL};

    return find(reader->tree, yaml_tree_root(reader->tree), path);
}

static void add_external(struct reader *reader)
{
    yaml_node api = yaml_tree_get(reader->tree, find_spec(reader), "api");
    const char *text = text_of(reader->tree, api, "externalAddress");
    struct conf_external external;
    char reason[CONF_REASON_SIZE];
    char host[CONF_HOST_SIZE];

    if (text == NULL) {
        import_draft_comment(
            &reader->draft, 0, 0,
            "it has no spec.api.externalAddress, which is this balancer's address");
        return;
    }
    if (conf_address_external(text, &external, reason) == -1) {
        import_draft_comment(&reader->draft, 0, 0, "spec.api.externalAddress: %s", reason);
        return;
    }
    import_draft_section(&reader->draft, "k0slb");
    import_draft_key(&reader->draft, 0, "external_address", "%s",
                     conf_address_format_host(&external, host));
}

/* k0s's clients come to the balancer at the ports that the controllers have. */
static void add_ports(struct reader *reader)
{
    static const struct {
        const char *part;
        const char *key;
        const char *service;
    } ports[] = {
        {"api", "port", "kubeAPI"},
        {"konnectivity", "agentPort", "konnectivity"},
        {"api", "k0sApiPort", "controllerJoinAPI"},
    };
    yaml_node spec = find_spec(reader);

    for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
        yaml_node part = yaml_tree_get(reader->tree, spec, ports[i].part);
        const char *port = text_of(reader->tree, part, ports[i].key);
        const char *usual = conf_services_built_in_value(ports[i].service, "port");
        char section[CONF_SECTION_SIZE];

        if (port == NULL || strcmp(port, usual) == 0)
            continue;
        import_draft_section(&reader->draft, conf_services_section(ports[i].service, section));
        import_draft_key(&reader->draft, 0, "listen", ":%s", port);
        import_draft_key(&reader->draft, 0, "port", "%s", port);
    }
}

int import_k0sctl(const struct import_source *source, struct yaml_tree *tree)
{
    struct reader reader = {.tree = tree, .draft = {.name = source->name}};
    int status = CONTROL_REFUSED;

    add_external(&reader);
    add_controllers(&reader);
    add_ports(&reader);
    if (reader.controllers == 0)
        control_complain("%s: it has no host with the role controller", source->name);
    else if (import_draft_settle(&reader.draft) == 0)
        status = import_draft_print(&reader.draft);
    import_draft_free(&reader.draft);
    return status;
}
