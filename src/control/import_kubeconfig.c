#include "control/import.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "base/pem.h"
#include "base/safe_file.h"
#include "control/yaml_tree.h"

#define REMEDY "make one on a controller with: k0s kubeconfig create k0slb"

/* What is being read, and where the sentence goes that says what is wrong. */
struct reader {
    const struct import_source *source;
    struct yaml_tree *tree;
    struct import_material *material;
    char *reason;
};

/* How a kubeconfig calls each file, and what it has to hold. */
static const struct {
    const char *data; /* the key of its content in base64 */
    const char *path; /* the key of its path, which counts where that is not there */
    enum pem_kind kind;
} keys[IMPORT_FILES] = {
    [IMPORT_CA] = {"certificate-authority-data", "certificate-authority", PEM_CERTIFICATE},
    [IMPORT_CERT] = {"client-certificate-data", "client-certificate", PEM_CERTIFICATE},
    [IMPORT_KEY] = {"client-key-data", "client-key", PEM_KEY},
};

/* The text that a mapping has under a key; NULL when it has none, or "". */
static const char *text_of(struct reader *reader, yaml_node node, const char *key)
{
    const char *text = yaml_tree_text(reader->tree, yaml_tree_get(reader->tree, node, key));

    return text != NULL && *text != '\0' ? text : NULL;
}

/* Of a list of {name: NAME, KIND: {...}}, what stands under KIND of that name; 0 = none. */
static yaml_node find_named(struct reader *reader, const char *list, const char *kind,
                            const char *name)
{
    yaml_node items = yaml_tree_get(reader->tree, yaml_tree_root(reader->tree), list);
    yaml_node item;

    for (unsigned i = 0; (item = yaml_tree_item(reader->tree, items, i)) != 0; i++) {
        const char *found = text_of(reader, item, "name");

        if (found != NULL && strcmp(found, name) == 0)
            return yaml_tree_get(reader->tree, item, kind);
    }
    return 0;
}

/* ---- one file ---- */

static int take(struct reader *reader, enum import_file file, char *data, size_t size)
{
    const char *refusal = pem_refuse(data, size, keys[file].kind);

    reader->material->files[file].data = data;
    reader->material->files[file].size = size;
    if (refusal != NULL)
        return import_refuse(reader->reason, "%s: what it has for %s %s", reader->source->name,
                             import_names[file], refusal);
    return 0;
}

static int take_base64(struct reader *reader, enum import_file file, const char *text)
{
    size_t length = strlen(text);
    char *data = malloc(BASE64_ROOM(length));
    ssize_t size = data != NULL ? base64_decode(text, length, data) : -1;

    if (size > 0)
        return take(reader, file, data, (size_t)size);
    free(data);
    return import_refuse(reader->reason, "%s: %s is not base64", reader->source->name,
                         keys[file].data);
}

/* A relative path begins where the kubeconfig is. */
static int resolve_path(const struct reader *reader, const char *path, char out[PATH_MAX])
{
    char *copy = reader->source->path != NULL ? strdup(reader->source->path) : strdup(".");
    int length;

    if (copy == NULL)
        return -1;
    if (path[0] == '/')
        length = snprintf(out, PATH_MAX, "%s", path);
    else
        length = snprintf(out, PATH_MAX, "%s/%s",
                          reader->source->path != NULL ? dirname(copy) : copy, path);
    free(copy);
    return length < PATH_MAX ? 0 : -1;
}

static int take_file(struct reader *reader, enum import_file file, const char *relative)
{
    char why[SAFE_FILE_REASON];
    char path[PATH_MAX];
    struct safe_file content;

    if (resolve_path(reader, relative, path) == -1)
        return import_refuse(reader->reason, "%s: the path of %s is too long", reader->source->name,
                             keys[file].path);
    if (safe_file_read(&content, path, SAFE_FILE_PUBLIC, why) == -1)
        return import_refuse(reader->reason, "%s %s (%s in %s)", path, why, keys[file].path,
                             reader->source->name);
    if (file == IMPORT_KEY && (content.mode & S_IROTH) != 0)
        control_complain("warning: %s is readable by everybody: chmod 600 it", path);
    /* Its memory goes over to the material. */
    return take(reader, file, content.data, content.size);
}

/* Returns 1, 0 when the mapping has neither content nor path, or -1. */
static int take_either(struct reader *reader, yaml_node node, enum import_file file)
{
    const char *data = text_of(reader, node, keys[file].data);
    const char *path = text_of(reader, node, keys[file].path);

    if (data == NULL && path == NULL)
        return 0;
    if (data == NULL)
        return take_file(reader, file, path) == -1 ? -1 : 1;
    if (file == IMPORT_KEY && reader->source->exposed)
        control_complain("warning: %s holds a key and is readable by everybody: chmod 600 it",
                         reader->source->name);
    return take_base64(reader, file, data) == -1 ? -1 : 1;
}

/* ---- cluster and user ---- */

/* https://HOST:PORT/PATH: what stands between the slashes. What cannot be read is left out. */
static void take_server(struct reader *reader, const char *url)
{
    static const char scheme[] = "https://";
    struct conf_external *server = &reader->material->server;
    char reason[CONF_REASON_SIZE];
    char authority[CONF_LINE_SIZE];
    size_t length;

    if (url == NULL || strncmp(url, scheme, strlen(scheme)) != 0)
        return;
    url += strlen(scheme);
    length = strcspn(url, "/?#");
    if (length >= sizeof(authority))
        return;
    memcpy(authority, url, length);
    authority[length] = '\0';
    if (conf_address_external(authority, server, reason) == -1)
        *server = (struct conf_external){0};
}

static int read_cluster(struct reader *reader, const char *name)
{
    const char *file = reader->source->name;
    yaml_node cluster = find_named(reader, "clusters", "cluster", name);
    int got;

    if (cluster == 0)
        return import_refuse(reader->reason, "%s: it has no cluster \"%s\"", file, name);
    take_server(reader, text_of(reader, cluster, "server"));
    got = take_either(reader, cluster, IMPORT_CA);
    if (got == 0)
        return import_refuse(reader->reason,
                             "%s: cluster \"%s\" has no certificate-authority-data: without the CA "
                             "no controller can be verified",
                             file, name);
    return got == 1 ? 0 : -1;
}

/* What a user without a certificate has instead. */
static const char *name_other_ways(struct reader *reader, yaml_node user)
{
    static const char *const ways[][2] = {
        {"token", "a token"},       {"tokenFile", "a token"},
        {"exec", "an exec plugin"}, {"auth-provider", "an auth-provider"},
        {"username", "a password"},
    };

    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        if (yaml_tree_get(reader->tree, user, ways[i][0]) != 0)
            return ways[i][1];
    }
    return "nothing";
}

static int read_user(struct reader *reader, const char *name)
{
    const char *file = reader->source->name;
    yaml_node user = find_named(reader, "users", "user", name);
    int cert;
    int key;

    if (user == 0)
        return import_refuse(reader->reason, "%s: it has no user \"%s\"", file, name);
    cert = take_either(reader, user, IMPORT_CERT);
    if (cert == -1)
        return -1;
    if (cert == 0)
        return import_refuse(reader->reason,
                             "%s: user \"%s\" has no client certificate but %s; " REMEDY, file,
                             name, name_other_ways(reader, user));
    key = take_either(reader, user, IMPORT_KEY);
    if (key == 0)
        return import_refuse(reader->reason, "%s: user \"%s\" has a certificate without its key",
                             file, name);
    return key == 1 ? 0 : -1;
}

/* ---- the whole ---- */

static int read_context(struct reader *reader)
{
    const char *file = reader->source->name;
    const char *name = text_of(reader, yaml_tree_root(reader->tree), "current-context");
    yaml_node context = name != NULL ? find_named(reader, "contexts", "context", name) : 0;
    const char *cluster;
    const char *user;

    if (name == NULL)
        return import_refuse(reader->reason, "%s: it has no current-context", file);
    if (context == 0)
        return import_refuse(reader->reason,
                             "%s: its current-context \"%s\" is none of its "
                             "contexts",
                             file, name);
    cluster = text_of(reader, context, "cluster");
    user = text_of(reader, context, "user");
    if (cluster == NULL || user == NULL)
        return import_refuse(reader->reason, "%s: context \"%s\" has no %s", file, name,
                             cluster == NULL ? "cluster" : "user");
    return read_cluster(reader, cluster) == 0 && read_user(reader, user) == 0 ? 0 : -1;
}

bool import_is_kubeconfig(const struct import_source *source)
{
    char reason[YAML_TREE_REASON];
    struct yaml_tree *tree = yaml_tree_read(source->text, source->size, reason);
    const char *kind;
    bool is;

    if (tree == NULL)
        return false;
    kind = yaml_tree_text(tree, yaml_tree_get(tree, yaml_tree_root(tree), "kind"));
    is = (kind != NULL && strcmp(kind, "Config") == 0) ||
         yaml_tree_get(tree, yaml_tree_root(tree), "clusters") != 0;
    yaml_tree_free(tree);
    return is;
}

int import_kubeconfig(const struct import_source *source, struct import_material *material,
                      char reason[IMPORT_REASON])
{
    struct reader reader = {source, NULL, material, reason};
    char why[YAML_TREE_REASON];
    int result;

    *material = (struct import_material){0};
    reader.tree = yaml_tree_read(source->text, source->size, why);
    if (reader.tree == NULL)
        return import_refuse(reason, "%s is not YAML: %s", source->name, why);
    result = read_context(&reader);
    yaml_tree_free(reader.tree);
    if (result == -1)
        import_material_free(material);
    return result;
}
