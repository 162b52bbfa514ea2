#include "fuzz/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "conf/conf_load.h"
#include "control/import.h"
#include "control/verb.h"

/* One import at a time, in one thread. */
static struct {
    unsigned complaints;
    unsigned texts;
} said;

void said_begin(struct import_source *source, const uint8_t *data, size_t size)
{
    source->text = malloc(size + 1);
    source->size = size;
    if (source->text == NULL)
        abort();
    memcpy(source->text, data, size);
    source->text[size] = '\0';
    said.complaints = 0;
    said.texts = 0;
}

void said_check(int status)
{
    if (status == CONTROL_DONE ? said.texts != 1 : said.texts != 0 || said.complaints == 0)
        abort();
}

void control_complain(const char *format, ...)
{
    char line[4096];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (line[0] == '\0')
        abort();
    said.complaints++;
}

void control_complain_all(const struct conf_report *report)
{
    said.complaints += (unsigned)report->count;
}

/* What is printed is a configuration. */
int control_print(const struct textbuf *text)
{
    int fd = memfd_create("k0slb.ini", MFD_CLOEXEC);
    char path[32];
    struct conf_report report = {.path = path};
    struct conf conf;

    if (fd == -1 || text->truncated || fd_write_all(fd, text->data, text->length) == -1)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (conf_load(&conf, path, &report) == -1)
        abort();
    conf_free(&conf);
    conf_report_free(&report);
    fd_close(&fd);
    said.texts++;
    return CONTROL_DONE;
}
