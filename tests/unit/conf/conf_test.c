#include "conf_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "unit/unit.h"

static void join_errors(struct loaded *loaded)
{
    size_t length = 0;

    loaded->errors[0] = '\0';
    for (size_t i = 0; i < loaded->report.count; i++) {
        const struct conf_message *message = &loaded->report.messages[i];

        if (message->severity != CONF_ERROR || length >= sizeof(loaded->errors))
            continue;
        length += (size_t)snprintf(loaded->errors + length, sizeof(loaded->errors) - length, "%s%s",
                                   length > 0 ? "\n" : "", message->text);
    }
}

void load_bytes(struct loaded *loaded, const char *text, size_t size)
{
    int fd = memfd_create("t.ini", MFD_CLOEXEC);
    char path[40];

    memset(loaded, 0, sizeof(*loaded));
    loaded->report.path = "t.ini";
    CU_ASSERT_FATAL(fd != -1 && fd_write_all(fd, text, size) == 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    loaded->result = conf_load(&loaded->conf, path, &loaded->report);
    fd_close(&fd);
    join_errors(loaded);
    CU_ASSERT((loaded->result == 0) == (loaded->report.errors == 0));
    CU_ASSERT(loaded->result == 0 || loaded->conf.services == NULL);
}

void load_text(struct loaded *loaded, const char *text)
{
    load_bytes(loaded, text, strlen(text));
}

void load_good(struct loaded *loaded, const char *text)
{
    load_text(loaded, text);
    ASSERT_TEXT(loaded->errors, "");
    CU_ASSERT_EQUAL_FATAL(loaded->result, 0);
}

void loaded_free(struct loaded *loaded)
{
    conf_free(&loaded->conf);
    conf_report_free(&loaded->report);
}

/* Copies the first line without its end and returns what follows it. */
static const char *take_line(const char *text, char line[400])
{
    size_t length = strcspn(text, "\n");
    size_t copied = length < 399 ? length : 399;

    memcpy(line, text, copied);
    line[copied] = '\0';
    return text[length] == '\n' ? text + length + 1 : text + length;
}

void assert_lines(const char *got, const char *wanted)
{
    char got_line[400];
    char wanted_line[400];

    while (*got != '\0' || *wanted != '\0') {
        got = take_line(got, got_line);
        wanted = take_line(wanted, wanted_line);
        ASSERT_TEXT(got_line, wanted_line);
    }
}

void expect_errors(const struct expectation *list, size_t count)
{
    static struct loaded loaded;

    for (size_t i = 0; i < count; i++) {
        load_text(&loaded, list[i].text);
        assert_lines(loaded.errors, list[i].errors);
        loaded_free(&loaded);
    }
}

const struct conf_service *service_named(const struct conf *conf, const char *name)
{
    for (unsigned i = 0; i < conf->service_count; i++) {
        if (strcmp(conf->services[i].name, name) == 0)
            return &conf->services[i];
    }
    CU_FAIL("no such service");
    return conf->services;
}

const char *listen_text(const struct conf *conf, const struct conf_service *service, char out[1024])
{
    char text[ADDR_TEXT_SIZE];

    *out = '\0';
    for (unsigned i = 0; i < service->listener_count; i++) {
        const struct conf_listener *listener = &conf->listeners[service->first_listener + i];

        CU_ASSERT_EQUAL(listener->owner, service - conf->services);
        if (i > 0)
            strcat(out, ", ");
        strcat(out, addr_format(&listener->address, text));
    }
    return out;
}

const char *backends_text(const struct conf *conf, const struct conf_service *service,
                          char out[1024])
{
    size_t length = 0;
    char text[CONF_PLACE_SIZE];

    *out = '\0';
    for (unsigned i = 0; i < service->backend_count; i++) {
        const struct conf_backend *backend = &conf->backends[service->first_backend + i];

        CU_ASSERT_EQUAL(backend->service, service - conf->services);
        length += (size_t)snprintf(out + length, 1024 - length, "%s%s %s %u%s", i > 0 ? ", " : "",
                                   backend->name,
                                   conf_place_format(backend->host, &backend->address, text),
                                   backend->weight, backend->backup ? " backup" : "");
    }
    return out;
}
