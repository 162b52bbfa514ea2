#include "control/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "conf/conf_keys.h"
#include "conf/conf_load.h"
#include "control/import_haproxy.h"
#include "control/yaml_tree.h"

#define OUTPUT_LIMIT 8192

int import_refuse(char reason[IMPORT_REASON], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reason, IMPORT_REASON, format, args);
    va_end(args);
    return -1;
}

void import_material_free(struct import_material *material)
{
    for (int i = 0; i < IMPORT_FILES; i++) {
        if (material->files[i].data != NULL)
            explicit_bzero(material->files[i].data, material->files[i].size);
        free(material->files[i].data);
    }
    *material = (struct import_material){0};
}

/* ---- what is read ---- */

static void source_free(struct import_source *source)
{
    if (source->text != NULL)
        explicit_bzero(source->text, source->size);
    free(source->text);
}

static int cannot_read(const struct import_source *source, const char *why)
{
    control_complain("cannot read %s: %s", source->name, why);
    return -1;
}

/* All of it, of a file or a pipe; one byte too many shows that it is too large. */
static int read_text(struct import_source *source, int fd)
{
    struct stat status;
    ssize_t got;

    source->text = malloc(YAML_TREE_MOST + 2);
    if (source->text == NULL || fstat(fd, &status) == -1)
        return cannot_read(source, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return cannot_read(source, strerror(EISDIR));
    source->exposed = S_ISREG(status.st_mode) && (status.st_mode & S_IROTH) != 0;
    got = fd_read_all(fd, source->text, YAML_TREE_MOST + 1);
    if (got == -1)
        return cannot_read(source, strerror(errno));
    source->size = (size_t)got;
    source->text[got] = '\0';
    if (got > YAML_TREE_MOST)
        return cannot_read(source, "it is larger than 1 MiB");
    return 0;
}

static int read_source(struct import_source *source, const char *operand)
{
    bool is_input = strcmp(operand, "-") == 0;
    int fd = STDIN_FILENO;
    int result;

    *source = (struct import_source){
        .name = is_input ? "standard input" : operand,
        .path = is_input ? NULL : operand,
    };
    if (!is_input)
        fd = open(operand, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd == -1)
        return cannot_read(source, strerror(errno));
    result = read_text(source, fd);
    if (!is_input)
        fd_close(&fd);
    return result;
}

/* ---- what is said ---- */

static bool is_loopback(const struct conf_external *server)
{
    static const uint8_t loopback6[16] = {[15] = 1};

    if (server->host[0] != '\0')
        return strcasecmp(server->host, "localhost") == 0;
    if (server->address.family == ADDR_IPV4)
        return server->address.ip[0] == 127;
    return memcmp(server->address.ip, loopback6, sizeof(loopback6)) == 0;
}

static bool is_same(const struct conf_external *server, const char *host,
                    const struct addr *address)
{
    if (server->host[0] != '\0')
        return strcasecmp(server->host, host) == 0;
    return *host == '\0' && addr_same_ip(&server->address, address);
}

static bool is_controller(const struct conf *conf, const struct conf_external *server)
{
    for (unsigned i = 0; i < conf->backend_count; i++) {
        if (is_same(server, conf->backends[i].host, &conf->backends[i].address))
            return true;
    }
    return false;
}

static bool is_known(const struct conf *conf, const struct conf_external *server)
{
    for (unsigned i = 0; i < conf->external_count; i++) {
        if (is_same(server, conf->externals[i].host, &conf->externals[i].address))
            return true;
    }
    return false;
}

/* What the server of the kubeconfig means to the configuration, as far as that can be read. */
static void suggest_address(const struct control *control, const struct conf_external *server,
                            struct textbuf *out)
{
    struct conf_report report = {.path = control->config};
    char host[CONF_HOST_SIZE];
    struct conf conf;
    int loaded;

    if ((server->host[0] == '\0' && server->address.family == ADDR_NONE) || is_loopback(server))
        return;
    loaded = conf_load(&conf, control->config, &report);
    conf_address_format_host(server, host);
    if (loaded == 0 && is_controller(&conf, server))
        textbuf_printf(out,
                       "its server, %s, is a controller: clients find this balancer once k0s.yaml "
                       "has its address in spec.api.externalAddress\n",
                       host);
    else if (loaded == -1 || !is_known(&conf, server))
        textbuf_printf(out, "add to [k0slb] in %s:\n\nexternal_address = %s\n\n", control->config,
                       host);
    conf_report_free(&report);
    conf_free(&conf);
}

static int report_done(const struct control *control, const char *directory,
                       const struct import_material *material, bool replaced)
{
    struct textbuf out;
    int status;

    textbuf_init(&out, OUTPUT_LIMIT);
    textbuf_printf(&out, "%s: wrote %s, %s and %s\n", directory, import_names[IMPORT_CA],
                   import_names[IMPORT_CERT], import_names[IMPORT_KEY]);
    suggest_address(control, &material->server, &out);
    textbuf_puts(&out, replaced ? "a running balancer that uses the old ones takes them within "
                                  "10 seconds\n"
                                : "a running balancer uses them after: k0slbctl reload\n");
    status = control_print(&out);
    textbuf_fini(&out);
    return status;
}

/* ---- the verb ---- */

static int import_credentials(const struct control *control, const struct import_source *source)
{
    char directory[CONF_PATH_SIZE];
    char reason[IMPORT_REASON];
    struct import_material material;
    int status = CONTROL_REFUSED;
    bool replaces;

    conf_load_credentials(control->config, directory);
    if (import_kubeconfig(source, &material, reason) == -1) {
        control_complain("%s", reason);
        return CONTROL_REFUSED;
    }
    replaces = import_is_there(directory);
    if (import_write(directory, &material, reason) == 0)
        status = report_done(control, directory, &material, replaces);
    else
        control_complain("%s; nothing was changed", reason);
    import_material_free(&material);
    return status;
}

#define KINDS "a haproxy.cfg, a k0sctl.yaml or a kubeconfig"

/* Whether its first section is one of k0slb.ini. */
static bool is_own(const char *text)
{
    char section[CONF_NAME_SIZE + 8];
    size_t length;

    while (*text != '\0' && *text != '[')
        text += strcspn(text, "\n") + (strchr(text, '\n') != NULL);
    length = *text == '[' ? strcspn(text + 1, "]\n") : 0;
    if (length == 0 || length >= sizeof(section) || text[1 + length] != ']')
        return false;
    memcpy(section, text + 1, length);
    section[length] = '\0';
    return conf_section_find(section) != 0;
}

/* What was meant is anybody's guess. */
static int refuse_kind(const struct import_source *source)
{
    char reason[YAML_TREE_REASON];
    struct yaml_tree *tree = yaml_tree_read_nth(source->text, source->size, 0, reason);

    if (strspn(source->text, " \t\r\n") == source->size)
        control_complain("%s is empty: write " KINDS, source->name);
    else if (memchr(source->text, '\0', source->size) != NULL)
        control_complain("%s is not a text: it has to be " KINDS, source->name);
    else if (is_own(source->text))
        control_complain("%s is a configuration of k0slb already: try k0slbctl check",
                         source->name);
    else if (tree == NULL && reason[0] != '\0')
        control_complain("%s has no section of a haproxy.cfg and is not YAML: %s", source->name,
                         reason);
    else
        control_complain("%s is not " KINDS, source->name);
    yaml_tree_free(tree);
    return CONTROL_REFUSED;
}

/* Each kind of file that can be imported is known by what is in it. */
static int import_any(const struct control *control, const struct import_source *source)
{
    if (import_is_kubeconfig(source))
        return import_credentials(control, source);
    if (import_is_k0sctl(source))
        return import_k0sctl(source);
    if (import_is_haproxy(source->text, source->size))
        return import_haproxy(source);
    return refuse_kind(source);
}

int verb_import(const struct control *control)
{
    struct import_source source;
    int status = CONTROL_REFUSED;

    if (control->operand == NULL) {
        control_complain("import: what to import is missing; try k0slbctl import --help");
        return CONTROL_USAGE;
    }
    if (read_source(&source, control->operand) == 0)
        status = import_any(control, &source);
    source_free(&source);
    return status;
}
