#include "conf/conf_load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "unit/unit.h"

#include "conf_test.h"

extern const struct unit_test conf_load_tests[];

#define S10  "0123456789"
#define S100 S10 S10 S10 S10 S10 S10 S10 S10 S10 S10

static struct loaded loaded;

/* A directory of its own for the tests that need the disk. */
static char directory[] = "/tmp/k0slb-conf-XXXXXX";

static const char *in_directory(const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", directory, name);
    return path;
}

/* What is said about a path that cannot be read. */
static void expect_unreadable(const char *path, const char *said)
{
    struct conf_report report = {.path = "t.ini"};
    struct conf conf;

    ASSERT_NUMBER(conf_load(&conf, path, &report), -1);
    ASSERT_NUMBER(report.count, 1);
    ASSERT_TEXT(report.count > 0 ? report.messages[0].text : "", said);
    CU_ASSERT_PTR_NULL(conf.services);
    conf_report_free(&report);
}

static void make_directory(void)
{
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
}

static void missing_and_odd_files(void)
{
    char path[128];

    make_directory();
    expect_unreadable(in_directory("none", path), "t.ini: No such file or directory");
    expect_unreadable(directory, "t.ini: this is a directory, not a file");
    expect_unreadable("/dev/null", "t.ini: this is not a regular file");
    ASSERT_NUMBER(mkfifo(in_directory("fifo", path), 0600), 0);
    alarm(10); /* ends the program if the FIFO is waited for */
    expect_unreadable(path, "t.ini: this is not a regular file");
    alarm(0);
    ASSERT_NUMBER(unlink(path), 0);
    ASSERT_NUMBER(rmdir(directory), 0);
}

static void empty_and_huge_files(void)
{
    char path[128];
    int fd;

    make_directory();
    fd = open(in_directory("file", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CU_ASSERT_FATAL(fd != -1);
    expect_unreadable(path, "t.ini: the file is empty");
    ASSERT_NUMBER(ftruncate(fd, 1048577), 0);
    expect_unreadable(path, "t.ini: the file is larger than 1 MiB");
    fd_close(&fd);
    ASSERT_NUMBER(unlink(path), 0);
    ASSERT_NUMBER(rmdir(directory), 0);
}

static void unreadable_file(void)
{
    char path[128];
    int fd;

    if (geteuid() == 0) {
        unit_skip("root can read every file");
        return;
    }
    make_directory();
    fd = open(in_directory("file", path), O_RDWR | O_CREAT | O_CLOEXEC, 0);
    CU_ASSERT_FATAL(fd != -1);
    fd_close(&fd);
    expect_unreadable(path, "t.ini: Permission denied");
    ASSERT_NUMBER(unlink(path), 0);
    ASSERT_NUMBER(rmdir(directory), 0);
}

/* A file that is shorter than it says: half a configuration is not taken for a whole one. */
static void a_file_that_ends_early(void)
{
    static const char path[] = "/sys/devices/system/cpu/online";
    struct stat file;

    if (stat(path, &file) == -1 || !S_ISREG(file.st_mode) || file.st_size < 1024) {
        unit_skip("needs a file of sysfs, which says 4096 bytes and has fewer");
        return;
    }
    expect_unreadable(path, "t.ini: the file was changed while it was read");
}

static void one_mebibyte_is_read(void)
{
    static char text[1048576];
    size_t length = strlen(CONTROLLERS);

    memset(text, '\n', sizeof(text));
    memcpy(text + sizeof(text) - length, CONTROLLERS, length);
    load_bytes(&loaded, text, sizeof(text));
    ASSERT_TEXT(loaded.errors, "");
    ASSERT_NUMBER(loaded.conf.backend_count, 6);
    loaded_free(&loaded);
}

/* Each of the things that inih takes silently; those of files are above. */
static void silent_traps(void)
{
    static const char nul_behind_long_line[] =
        CONTROLLERS "[k0slb]\nname = " S100 S10 S10 S10 S10 S10 S10 S10 S10 S10 "0123\0 x\n";
    static const char nul_in_value[] = "[controllers]\nc1 = 10.0.0.1\0 backup\n";
    static const struct expectation cases[] = {
        /* A long line came cut, and its rest as another line. */
        {CONTROLLERS "[k0slb]\nname = " S100 S100 "\n",
         "t.ini:5: the line is longer than 198 bytes"},
        /* Two long names became one. */
        {"[service " S10 S10 S10 S10 "0123]\nlisten = :1\n[service " S10 S10 S10 S10 "4567]\n",
         "t.ini:1: the section's name is longer than 49 bytes\n"
         "t.ini:3: the section's name is longer than 49 bytes"},
        {"[controllers]\n" S10 S10 S10 S10 S10 " = 10.0.0.1\n",
         "t.ini:2: the key is longer than 49 bytes"},
        /* An indented line set the key before again. */
        {CONTROLLERS " c3 = 10.0.0.13\n",
         "t.ini:4: the line is indented: sections and keys begin in column 1"},
        /* The keys of a section that was not understood went to the one before. */
        {CONTROLLERS "\xef\xbb\xbf[k0slb]\nname = x\n",
         "t.ini:4: a byte order mark that is not at the start of the file"},
        /* Only the first mistake was told. */
        {CONTROLLERS "one\ntwo\nthree\n", "t.ini:4: no \"=\" in this line\n"
                                          "t.ini:5: no \"=\" in this line\n"
                                          "t.ini:6: no \"=\" in this line"},
        /* A comment in a value is one on purpose. */
        {CONTROLLERS "[k0slb]\nname = ab ;cd\n", ""},
        {CONTROLLERS "[k0slb]\nname = ab;cd\n",
         "t.ini:5: [k0slb] name: \"ab;cd\" is not a name of at most 49 letters, digits, - _ and ."},
    };

    expect_errors(cases, ARRAY_LEN(cases));
    load_bytes(&loaded, nul_in_value, sizeof(nul_in_value) - 1);
    ASSERT_TEXT(loaded.errors, "t.ini:2: a NUL byte");
    loaded_free(&loaded);
    load_bytes(&loaded, nul_behind_long_line, sizeof(nul_behind_long_line) - 1);
    ASSERT_TEXT(loaded.errors, "t.ini:5: a NUL byte");
    loaded_free(&loaded);
}

static void line_ends_and_a_mark_at_the_start(void)
{
    load_good(&loaded, "\xef\xbb\xbf[controllers]\r\nc1 = 10.0.0.1 ; first\r\n\r\n"
                       "[k0slb]\r\nname = x");
    ASSERT_NUMBER(loaded.conf.backend_count, 3);
    ASSERT_TEXT(loaded.conf.global.name, "x");
    loaded_free(&loaded);
}

/* Thirty mistakes of all kinds are told in one run, by line, each once. */
static void thirty_mistakes(void)
{
    static const char text[] = "stray = 1\n"
                               "[k0slb]\n"
                               "name = a/b\n"
                               "workers = 99\n"
                               "workers = 2\n"
                               "user = no-such-user-here\n"
                               "group = no-such-group-here\n"
                               "log = file\n"
                               "log_level = loud\n"
                               "relay = both\n"
                               "rely = auto\n"
                               "[controllers]\n"
                               "c1 = 127.0.0.512\n"
                               "c2 = cp2..example\n"
                               "c3 = 10.0.0.13:6443\n"
                               "c4 = 10.0.0.14 weight=500\n"
                               "c4 = 10.0.0.15\n"
                               "c/5 = 10.0.0.15\n"
                               "[defaults]\n"
                               "port = 1\n"
                               "check_interval = 1\n"
                               "retries = 50\n"
                               "[service x]\n"
                               "listen = :0\n"
                               "balance = busiest\n"
                               "server = 10.0.0.1:1\n"
                               "server a = 10.0.0.1\n"
                               "check =\n"
                               "\tcheck = tls\n"
                               "backlog : 5\n"
                               "[service y]\n"
                               "listen = :6443\n"
                               "server a = 10.0.0.1:1 # the first\n"
                               "[stats\n"
                               "listen = :9000\n"
                               "[stats]\n"
                               "allow = friends\n"
                               "[fronted]\n"
                               "all = 1\n";
    static const char errors[] =
        "t.ini:1: this line stands before the first [section]\n"
        "t.ini:3: [k0slb] name: \"a/b\" is not a name of at most 49 letters, digits, - _ and .\n"
        "t.ini:4: [k0slb] workers: \"99\" is not a number from 1 to 16, or auto\n"
        "t.ini:5: [k0slb] workers: is set in line 4 already\n"
        "t.ini:6: [k0slb] user: there is no user \"no-such-user-here\" on this machine\n"
        "t.ini:7: [k0slb] group: there is no group \"no-such-group-here\" on this machine\n"
        "t.ini:8: [k0slb] log: \"file\" is not auto, stderr or syslog\n"
        "t.ini:9: [k0slb] log_level: \"loud\" is not error, warning, notice, info or debug\n"
        "t.ini:10: [k0slb] relay: \"both\" is not auto, copy or splice\n"
        "t.ini:11: [k0slb] rely: unknown key; did you mean \"relay\"?\n"
        "t.ini:13: [controllers] c1: \"127.0.0.512\" is not an address\n"
        "t.ini:14: [controllers] c2: \"cp2..example\" is not an address\n"
        "t.ini:15: [controllers] c3: \"10.0.0.13:6443\": a controller is written without a port, "
        "each service has its own\n"
        "t.ini:16: [controllers] c4: weight \"500\" is not a number from 0 to 256\n"
        "t.ini:17: [controllers] c4: is set in line 16 already\n"
        "t.ini:18: [controllers] c/5: \"c/5\" is not a name of letters, digits, - _ and .\n"
        "t.ini:20: [defaults] port: unknown key here; it belongs to [service NAME]\n"
        "t.ini:21: [defaults] check_interval: \"1\" is not a duration such as 200ms, 2s, 5m or "
        "1h\n"
        "t.ini:22: [defaults] retries: \"50\" is not a number from 0 to 16\n"
        "t.ini:24: [service x] listen: port 0 is not in 1 to 65535\n"
        "t.ini:25: [service x] balance: \"busiest\" is not leastconn, roundrobin, random, source "
        "or "
        "source-spread\n"
        "t.ini:26: [service x] server: the server has no name: write server NAME = ADDRESS:PORT\n"
        "t.ini:27: [service x] server a: the port is missing in \"10.0.0.1\": write ADDRESS:PORT\n"
        "t.ini:28: [service x] check: the value is empty\n"
        "t.ini:29: the line is indented: sections and keys begin in column 1\n"
        "t.ini:30: [service x] backlog: \":\" where \"=\" has to be: write KEY = VALUE\n"
        "t.ini:32: [service y] listen: :6443 overlaps :6443 of [service kubeAPI] (by default)\n"
        "t.ini:33: [service y] server a: \"#\" does not start a comment here; comments start with "
        "\";\"\n"
        "t.ini:34: \"]\" is missing after the section's name\n"
        "t.ini:37: [stats] allow: \"friends\" is no range such as 10.0.0.0/8, and none of all, "
        "private, controllers\n"
        "t.ini:38: [fronted]: unknown section";

    load_text(&loaded, text);
    ASSERT_NUMBER(loaded.report.errors, 31);
    assert_lines(loaded.errors, errors);
    loaded_free(&loaded);
}

/* A file of another kind ends in a bounded number of messages. */
static void a_megabyte_of_nonsense(void)
{
    static char text[1000000];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = "a=b\n[x\n"[i % 7];
    memcpy(text, "[k0slb]\n", 8);
    load_bytes(&loaded, text, sizeof(text));
    ASSERT_NUMBER(loaded.result, -1);
    ASSERT_NUMBER(loaded.report.count, CONF_REPORT_MOST + 1);
    loaded_free(&loaded);
    for (size_t i = 8; i < sizeof(text); i++)
        text[i] = "k=v\n"[i % 4];
    load_bytes(&loaded, text, sizeof(text));
    ASSERT_NUMBER(loaded.result, -1);
    loaded_free(&loaded);
}

static void expect_name(const char *text, const char *name)
{
    char got[CONF_NAME_SIZE];
    char path[128];
    int fd;

    make_directory();
    fd = open(in_directory("file", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CU_ASSERT_FATAL(fd != -1 && fd_write_all(fd, text, strlen(text)) == 0);
    fd_close(&fd);
    ASSERT_TEXT(conf_load_name(path, got), name);
    ASSERT_NUMBER(unlink(path), 0);
    ASSERT_NUMBER(rmdir(directory), 0);
}

static void the_name_alone(void)
{
    char name[CONF_NAME_SIZE];

    expect_name("[k0slb]\nname = one\n", "one");
    expect_name("junk\n[k0slb]\nworkers = 99\nname = two\n[nonsense]\n", "two");
    expect_name("[k0slb]\nname = a/b\n", "k0slb");
    expect_name("[stats]\nname = three\n", "k0slb");
    expect_name("[k0slb]\nname = four\nname = five\n", "four");
    expect_name("[k0slb\nname = six\n", "k0slb");
    expect_name("", "k0slb");
    ASSERT_TEXT(conf_load_name("/nonexistent/k0slb.ini", name), "k0slb");
}

static void the_credentials_alone(void)
{
    static const char text[] = "[k0slb]\nworkers = none\ncredentials = /a/b/\n[nonsense]\n";
    char got[CONF_PATH_SIZE];
    char path[128];
    int fd;

    make_directory();
    fd = open(in_directory("file", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CU_ASSERT_FATAL(fd != -1 && fd_write_all(fd, text, strlen(text)) == 0);
    fd_close(&fd);
    ASSERT_TEXT(conf_load_credentials(path, got), "/a/b");
    ASSERT_NUMBER(unlink(path), 0);
    ASSERT_TEXT(conf_load_credentials(path, got), conf_default_credentials());
    ASSERT_NUMBER(rmdir(directory), 0);
}

static void the_default_path(void)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(conf_default_path(), "/k0slb/k0slb.ini"));
}

/* The sample as it is says what to fill in; with everything uncommented it is accepted. */
static void the_sample_file(void)
{
    static const char *const of_another_machine[] = {
        ";user",        ";group",        ";source_address", ";ca =",
        ";credentials", ";check_verify", ";check_cert",     ";check_key",
    };
    const char *root = getenv("K0SLB_SRCDIR");
    char sample[32768] = "";
    char all[32768] = "";
    char path[512];
    FILE *file;

    if (root == NULL) {
        unit_skip("K0SLB_SRCDIR is not set");
        return;
    }
    snprintf(path, sizeof(path), "%s/etc/k0slb.ini", root);
    file = fopen(path, "re");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (fgets(path, sizeof(path), file) != NULL) {
        bool machine = false;

        for (size_t i = 0; i < ARRAY_LEN(of_another_machine); i++)
            machine |= strncmp(path, of_another_machine[i], strlen(of_another_machine[i])) == 0;
        CU_ASSERT(strlen(path) <= 101);
        strcat(sample, path);
        strcat(all, path[0] == ';' && path[1] != ' ' && !machine ? path + 1 : path);
    }
    fclose(file);
    load_text(&loaded, sample);
    ASSERT_TEXT(loaded.errors, "t.ini: nothing to serve: write the addresses of the k0s "
                               "controllers into [controllers], one NAME = ADDRESS for each");
    ASSERT_NUMBER(loaded.report.count, 1);
    loaded_free(&loaded);
    load_good(&loaded, all);
    ASSERT_NUMBER(loaded.conf.service_count, 4);
    ASSERT_NUMBER(loaded.conf.backend_count, 12);
    loaded_free(&loaded);
}

const struct unit_test conf_load_tests[] = {
    {"missing_and_odd_files", missing_and_odd_files},
    {"empty_and_huge_files", empty_and_huge_files},
    {"unreadable_file", unreadable_file},
    {"a_file_that_ends_early", a_file_that_ends_early},
    {"one_mebibyte_is_read", one_mebibyte_is_read},
    {"silent_traps", silent_traps},
    {"line_ends_and_a_mark_at_the_start", line_ends_and_a_mark_at_the_start},
    {"thirty_mistakes", thirty_mistakes},
    {"a_megabyte_of_nonsense", a_megabyte_of_nonsense},
    {"the_name_alone", the_name_alone},
    {"the_credentials_alone", the_credentials_alone},
    {"the_default_path", the_default_path},
    {"the_sample_file", the_sample_file},
    {NULL, NULL},
};
