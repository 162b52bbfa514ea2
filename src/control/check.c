#include "control/verb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "conf/conf_load.h"
#include "conf/conf_report.h"
#include "probe/trial.h"
#include "report/table.h"
#include "report/words.h"

#define SUMMARY_LIMIT (1u << 20)

/* One byte more than conf_load() takes, for it to say so. */
#define INPUT_MOST ((1u << 20) + 1)

/* More backends than this are only counted. */
#define BACKENDS_SHOWN 5

static void write_listen(const struct conf *conf, size_t first, size_t count, struct textbuf *out)
{
    struct addr addresses[CONF_MAX_LISTENERS];

    for (size_t i = 0; i < count; i++)
        addresses[i] = conf->listeners[first + i].address;
    words_listen(out, addresses, count);
}

static size_t count_stats_listeners(const struct conf *conf)
{
    size_t count = 0;

    for (size_t i = 0; i < conf->listener_count; i++)
        count += conf->listeners[i].owner == CONF_STATS_OWNER;
    return count;
}

static void write_globals(const struct conf *conf, struct textbuf *out)
{
    size_t stats = count_stats_listeners(conf);

    textbuf_printf(out, "  instance %s, %u worker%s, stats ", conf->global.name,
                   (unsigned)conf->global.workers, conf->global.workers == 1 ? "" : "s");
    write_listen(conf, conf->listener_count - stats, stats, out);
    textbuf_puts(out, "\n");
}

static void write_backends(const struct conf *conf, const struct conf_service *service,
                           struct textbuf *out)
{
    char place[CONF_PLACE_SIZE];

    textbuf_printf(out, "%u backend%s:", (unsigned)service->backend_count,
                   service->backend_count == 1 ? "" : "s");
    for (size_t i = 0; i < service->backend_count && i < BACKENDS_SHOWN; i++) {
        const struct conf_backend *backend = &conf->backends[service->first_backend + i];

        textbuf_printf(out, "%s %s", i > 0 ? "," : "",
                       conf_place_format(backend->host, &backend->address, place));
    }
    if (service->backend_count > BACKENDS_SHOWN)
        textbuf_puts(out, ", …");
}

/* Adds the next cell and clears the text. */
static void move_to_table(struct textbuf *cell, struct table *table)
{
    table_add(table, cell->data != NULL ? cell->data : "");
    textbuf_clear(cell);
}

static void add_service(const struct conf *conf, const struct conf_service *service,
                        struct table *table)
{
    struct textbuf cell;

    textbuf_init(&cell, SUMMARY_LIMIT);
    table_add(table, service->name);
    write_listen(conf, service->first_listener, service->listener_count, &cell);
    move_to_table(&cell, table);
    table_add(table, conf_balance_name(service->balance));
    table_add(table, conf_check_name(service->check));
    if (service->enabled)
        write_backends(conf, service, &cell);
    else
        textbuf_puts(&cell, "disabled");
    move_to_table(&cell, table);
    textbuf_fini(&cell);
}

static void write_summary(const struct conf *conf, const char *path, struct textbuf *out)
{
    static const struct table_column columns[] = {
        {.title = "SERVICE", .gap = 2}, {.title = "LISTEN", .gap = 2},
        {.title = "BALANCE", .gap = 2}, {.title = "CHECK", .gap = 2},
        {.title = "TO", .gap = 2},
    };
    struct table table;

    words_safe(out, path);
    textbuf_puts(out, ": ok\n");
    write_globals(conf, out);
    table_init(&table, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < conf->service_count; i++)
        add_service(conf, &conf->services[i], &table);
    table_print(&table, out);
    table_fini(&table);
}

static int say_ok(const struct conf *conf, const char *path)
{
    struct textbuf text;
    int status;

    textbuf_init(&text, SUMMARY_LIMIT);
    write_summary(conf, path, &text);
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

/* ---- what is checked ---- */

struct checked {
    const char *name; /* for messages */
    char path[sizeof("/proc/self/fd/") + 10];
    int fd; /* of a copy of standard input; -1 = it is a file */
};

/* A configuration is read from files alone: standard input becomes one, in memory. */
static int copy_input(struct checked *checked)
{
    char *text = malloc(INPUT_MOST);
    ssize_t got = text != NULL ? fd_read_all(STDIN_FILENO, text, INPUT_MOST) : -1;
    int result = -1;

    checked->fd = memfd_create("k0slb.ini", MFD_CLOEXEC);
    if (got != -1 && checked->fd != -1)
        result = fd_write_all(checked->fd, text, (size_t)got);
    if (result == -1)
        control_complain("cannot read standard input: %s", strerror(errno));
    free(text);
    snprintf(checked->path, sizeof(checked->path), "/proc/self/fd/%d", checked->fd);
    return result;
}

static int check(const struct checked *checked, const char *path)
{
    struct conf_report report = {.path = checked->name};
    struct conf conf;
    int status = CONTROL_REFUSED;
    int loaded = conf_load(&conf, path, &report);

    if (loaded == 0 && trial_conf(&conf, &report) == -1) {
        conf_free(&conf);
        loaded = -1;
    }
    control_complain_all(&report);
    conf_report_free(&report);
    if (loaded == 0) {
        status = say_ok(&conf, checked->name);
        conf_free(&conf);
    }
    return status;
}

int verb_check(const struct control *control)
{
    const char *path = control->operand != NULL ? control->operand : control->config;
    struct checked checked = {.name = path, .fd = -1};
    int status = CONTROL_REFUSED;

    if (control->operand == NULL || strcmp(path, "-") != 0)
        return check(&checked, path);
    checked.name = "standard input";
    if (copy_input(&checked) == 0)
        status = check(&checked, checked.path);
    fd_close(&checked.fd);
    return status;
}
