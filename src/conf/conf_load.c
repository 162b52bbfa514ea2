#include "conf/conf_load.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

#include "conf/conf_check.h"
#include "conf/conf_listeners.h"
#include "conf/conf_reader.h"
#include "conf/conf_resolve.h"
#include "conf/conf_services.h"
#include "conf/conf_value.h"

#define FILE_SIZE_MOST 1048576

/* A file in memory. */
struct text {
    char *data;
    size_t size;
};

static int refuse(struct conf_report *report, const char *reason)
{
    conf_report_add(report, CONF_ERROR, 0, NULL, NULL, "%s", reason);
    return -1;
}

static int check_file(const struct stat *file, struct conf_report *report)
{
    if (S_ISDIR(file->st_mode))
        return refuse(report, "this is a directory, not a file");
    if (!S_ISREG(file->st_mode))
        return refuse(report, "this is not a regular file");
    if (file->st_size == 0)
        return refuse(report, "the file is empty");
    if (file->st_size > FILE_SIZE_MOST)
        return refuse(report, "the file is larger than 1 MiB");
    return 0;
}

static bool is_changed(const struct stat *before, const struct stat *after)
{
    return before->st_size != after->st_size || before->st_mtim.tv_sec != after->st_mtim.tv_sec ||
           before->st_mtim.tv_nsec != after->st_mtim.tv_nsec;
}

/* Reads the whole of an open file: never half a configuration taken for a whole one. */
static int read_open_file(int fd, struct text *text, struct conf_report *report)
{
    struct stat before;
    struct stat after;
    ssize_t got;

    if (fstat(fd, &before) == -1)
        return refuse(report, strerror(errno));
    if (check_file(&before, report) == -1)
        return -1;
    text->size = (size_t)before.st_size;
    text->data = malloc(text->size);
    if (text->data == NULL)
        return refuse(report, strerror(errno));
    got = fd_read_all(fd, text->data, text->size);
    if (got == -1 || fstat(fd, &after) == -1)
        return refuse(report, strerror(errno));
    if ((size_t)got != text->size || is_changed(&before, &after))
        return refuse(report, "the file was changed while it was read");
    return 0;
}

/* O_NONBLOCK: a FIFO without a writer must not hold the start up. */
static int read_file(const char *path, struct text *text, struct conf_report *report)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int result;

    *text = (struct text){NULL, 0};
    if (fd == -1)
        return refuse(report, strerror(errno));
    result = read_open_file(fd, text, report);
    fd_close(&fd);
    if (result == -1) {
        free(text->data);
        text->data = NULL;
    }
    return result;
}

/* inih's handler. Section and line are the reader's, which cuts nothing. */
static int collect(void *context, const char *section, const char *key, const char *value)
{
    struct conf_reader *reader = context;

    (void)section;
    if (key != NULL)
        conf_statements_add(reader->statements, reader->section, key, value != NULL ? value : "",
                            reader->line);
    return 1;
}

static void parse(const struct text *text, struct conf_statements *statements,
                  struct conf_report *report)
{
    struct conf_reader reader;
    int result;

    conf_reader_init(&reader, text->data, text->size, statements, report);
    result = ini_parse_stream(conf_reader_line, &reader, collect, &reader);
    /* The reader lets nothing pass that inih stumbles over; if it does, the file is not used. */
    if (result > 0)
        conf_report_add(report, CONF_ERROR, (uint32_t)result, NULL, NULL,
                        "inih cannot read this line");
    else if (result < 0)
        conf_report_add(report, CONF_ERROR, 0, NULL, NULL, "inih failed (%d)", result);
}

/* Room for one element more than allowed, so that the checks can see that it is too many. */
static int reserve(struct conf *conf)
{
    conf->services = calloc(CONF_MAX_SERVICES + 1, sizeof(*conf->services));
    conf->backends = calloc(CONF_MAX_BACKENDS + 1, sizeof(*conf->backends));
    conf->listeners = calloc(CONF_MAX_LISTENERS + 1, sizeof(*conf->listeners));
    conf->cidrs = calloc(CONF_MAX_CIDRS + 1, sizeof(*conf->cidrs));
    conf->locals = calloc(CONF_MAX_LOCALS + 1, sizeof(*conf->locals));
    conf->externals = calloc(CONF_MAX_EXTERNALS + 1, sizeof(*conf->externals));
    if (conf->services != NULL && conf->backends != NULL && conf->listeners != NULL &&
        conf->cidrs != NULL && conf->locals != NULL && conf->externals != NULL)
        return 0;
    conf_free(conf);
    return -1;
}

/* Gives the rest of an array back; the old one is as good where that fails. */
static void *trim(void *array, size_t count, size_t size)
{
    void *trimmed = reallocarray(array, count > 0 ? count : 1, size);

    return trimmed != NULL ? trimmed : array;
}

static void trim_all(struct conf *conf)
{
    conf->services = trim(conf->services, conf->service_count, sizeof(*conf->services));
    conf->backends = trim(conf->backends, conf->backend_count, sizeof(*conf->backends));
    conf->listeners = trim(conf->listeners, conf->listener_count, sizeof(*conf->listeners));
    conf->cidrs = trim(conf->cidrs, conf->cidr_count, sizeof(*conf->cidrs));
    conf->locals = trim(conf->locals, conf->local_count, sizeof(*conf->locals));
    conf->externals = trim(conf->externals, conf->external_count, sizeof(*conf->externals));
}

static void fill_stats(struct conf *conf, const struct conf_statements *statements)
{
    const struct conf_list listen = {statements, "stats", "listen",
                                     conf_key_find(CONF_IN_STATS, "listen")->fallback};
    const struct conf_list allow = {statements, "stats", "allow",
                                    conf_key_find(CONF_IN_STATS, "allow")->fallback};

    conf_value_store_defaults(CONF_IN_STATS, &conf->stats);
    conf_apply(statements, "stats", &conf->stats);
    conf_listeners_add(conf, &listen, CONF_STATS_OWNER);
    conf_access_fill(conf, &allow, &conf->stats.allow);
}

static void fill(struct conf *conf, const struct conf_statements *statements)
{
    const struct conf_list external = {statements, "k0slb", "external_address", NULL};

    conf_value_store_defaults(CONF_IN_K0SLB, &conf->global);
    conf_apply(statements, "k0slb", &conf->global);
    conf_externals_fill(conf, &external);
    conf_services_fill(conf, statements);
    fill_stats(conf, statements);
}

int conf_load(struct conf *conf, const char *path, struct conf_report *report)
{
    struct conf_statements statements = {0};
    size_t errors = report->errors;
    struct text text;

    *conf = (struct conf){0};
    if (read_file(path, &text, report) == -1)
        return -1;
    parse(&text, &statements, report);
    conf_resolve(&statements, report);
    if (reserve(conf) == 0) {
        fill(conf, &statements);
        conf_check_all(conf, &statements, report);
        trim_all(conf);
    } else {
        statements.out_of_memory = true;
    }
    if (statements.out_of_memory)
        refuse(report, strerror(ENOMEM));
    conf_statements_free(&statements);
    free(text.data);
    conf_report_sort(report);
    if (report->errors == errors)
        return 0;
    conf_free(conf);
    return -1;
}

/* What can be read of [k0slb] in a file that may be wrong otherwise. */
static void load_global(const char *path, struct conf_global *global)
{
    struct conf_statements statements = {0};
    struct conf_report report = {.path = path};
    struct text text;

    *global = (struct conf_global){0};
    conf_value_store_defaults(CONF_IN_K0SLB, global);
    if (read_file(path, &text, &report) == 0) {
        parse(&text, &statements, &report);
        conf_resolve(&statements, &report);
        conf_apply(&statements, "k0slb", global);
        free(text.data);
    }
    conf_statements_free(&statements);
    conf_report_free(&report);
}

char *conf_load_name(const char *path, char name[CONF_NAME_SIZE])
{
    struct conf_global global;

    load_global(path, &global);
    return strcpy(name, global.name);
}

char *conf_load_credentials(const char *path, char directory[CONF_PATH_SIZE])
{
    struct conf_global global;

    load_global(path, &global);
    if (global.credentials[0] == '\0')
        return strcpy(directory, conf_default_credentials());
    return strcpy(directory, global.credentials);
}

const char *conf_default_path(void)
{
    return K0SLB_SYSCONFDIR "/k0slb/k0slb.ini";
}

const char *conf_default_credentials(void)
{
    return K0SLB_SYSCONFDIR "/k0slb/credentials";
}
