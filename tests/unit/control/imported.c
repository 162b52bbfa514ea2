#include "imported.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "conf/conf_load.h"
#include "unit/unit.h"

static char directory[64];
static int origin = -1;

static void enter(const char *path)
{
    origin = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CU_ASSERT_FATAL(origin != -1 && chdir(path) == 0);
}

void imported_begin_fixtures(void)
{
    const char *source = getenv("K0SLB_SRCDIR");
    char path[4096];

    directory[0] = '\0';
    snprintf(path, sizeof(path), "%s/tests/fixtures", source != NULL ? source : ".");
    enter(path);
}

void imported_begin(void)
{
    strcpy(directory, "/tmp/k0slb-unit-imported-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    enter(directory);
}

void imported_end(void)
{
    if (directory[0] != '\0') {
        unlink("haproxy.cfg");
        unlink("k0slb.ini");
        unlink("k0sctl.yaml");
    }
    CU_ASSERT(fchdir(origin) == 0);
    fd_close(&origin);
    if (directory[0] != '\0')
        CU_ASSERT(rmdir(directory) == 0);
}

void imported_write(const char *name, const char *text, size_t size)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    CU_ASSERT_FATAL(fd != -1 && fd_write_all(fd, text, size) == 0);
    fd_close(&fd);
}

const char *imported_read(const char *name)
{
    static char text[RUN_TEXT];
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd != -1 ? fd_read_all(fd, text, sizeof(text) - 1) : -1;

    CU_ASSERT_FATAL(got >= 0);
    text[got] = '\0';
    fd_close(&fd);
    return text;
}

void imported_run(struct run *run, const char *name)
{
    const char *const args[] = {"import", name, NULL};

    run_control(run, args);
}

void imported_run_text(struct run *run, const char *text)
{
    imported_write("haproxy.cfg", text, strlen(text));
    imported_run(run, "haproxy.cfg");
}

static bool load(int fd, struct conf *conf)
{
    char path[32];
    struct conf_report report = {.path = path};
    int result;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    result = conf_load(conf, path, &report);
    if (result == -1)
        conf_report_print(&report, stdout);
    conf_report_free(&report);
    return result == 0;
}

bool imported_load(const struct run *run, struct conf *conf)
{
    int fd = memfd_create("imported", MFD_CLOEXEC);
    bool is_good;

    CU_ASSERT_FATAL(fd != -1 && fd_write_all(fd, run->out, strlen(run->out)) == 0);
    is_good = load(fd, conf);
    if (!is_good)
        printf("%s", run->out);
    fd_close(&fd);
    return is_good;
}

bool imported_keeps_its_word(struct run *run, const char *name)
{
    const char *const args[] = {"import", name, NULL};
    int fd = memfd_create("imported", 0);
    bool is_kept = false;
    struct conf conf;

    CU_ASSERT_FATAL(fd != -1);
    run_control_to(run, args, fd);
    if (run->status == 0) {
        is_kept = load(fd, &conf);
        if (is_kept)
            conf_free(&conf);
    } else {
        is_kept = run->status == 1 && lseek(fd, 0, SEEK_END) == 0 && run->err[0] != '\0';
    }
    fd_close(&fd);
    return is_kept;
}
