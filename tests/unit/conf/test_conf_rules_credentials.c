#include "conf/conf_rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/defs.h"
#include "base/fd.h"
#include "unit/unit.h"

#include "conf_test.h"

extern const struct unit_test conf_rules_credentials_tests[];

#define CERT "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
#define KEY  "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"

static struct loaded loaded;
static char directory[64];

static char *in_directory(const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", directory, name);
    return path;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    char path[128];
    int fd = open(in_directory(name, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    CU_ASSERT_FATAL(fd != -1 && fd_write_all(fd, text, strlen(text)) == 0);
    CU_ASSERT(fchmod(fd, mode) == 0);
    fd_close(&fd);
}

static void remove_file(const char *name)
{
    char path[128];

    unlink(in_directory(name, path));
}

static void make_directory(void)
{
    strcpy(directory, "/tmp/k0slb-unit-creds-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    write_file("ca.crt", CERT, 0644);
    write_file("client.crt", CERT, 0644);
    write_file("client.key", KEY, 0600);
}

static void remove_directory(void)
{
    remove_file("ca.crt");
    remove_file("client.crt");
    remove_file("client.key");
    ASSERT_NUMBER(rmdir(directory), 0);
}

/* A text with the directory for each '@'. */
static char *expand(const char *text, char out[1024])
{
    size_t length = 0;

    for (; *text != '\0' && length < 900; text++) {
        if (*text == '@')
            length += (size_t)snprintf(out + length, 1024 - length, "%s", directory);
        else
            out[length++] = *text;
    }
    out[length] = '\0';
    return out;
}

static void load_here(const char *text)
{
    char whole[1024];

    load_text(&loaded, expand(text, whole));
}

static void expect_here(const char *text, const char *errors)
{
    char wanted[1024];

    load_here(text);
    assert_lines(loaded.errors, expand(errors, wanted));
    loaded_free(&loaded);
}

static void assert_path(const char *got, const char *name)
{
    char path[128];

    ASSERT_TEXT(got, *name != '\0' ? in_directory(name, path) : "");
}

#define X  "[service x]\nlisten = :1\n"
#define XY CONTROLLERS "[k0slb]\ncredentials = @/\n" X

static void a_directory_has_them_all(void)
{
    const struct conf *conf = &loaded.conf;

    make_directory();
    load_here(XY);
    ASSERT_TEXT(loaded.errors, "");
    CU_ASSERT_FATAL(loaded.result == 0);
    ASSERT_TEXT(conf->global.credentials, directory);
    assert_path(conf->global.ca, "ca.crt");
    for (unsigned i = 0; i < 3; i++) {
        assert_path(conf->services[i].check_cert, "client.crt");
        assert_path(conf->services[i].check_key, "client.key");
        ASSERT_NUMBER(conf->services[i].check_verify, VERIFY_CA);
    }
    /* The certificate is for the services of k0s. */
    ASSERT_TEXT(service_named(conf, "x")->check_cert, "");
    ASSERT_NUMBER(service_named(conf, "x")->check_verify, VERIFY_CA);
    loaded_free(&loaded);
    remove_directory();
}

static void what_is_missing_is_not_used(void)
{
    make_directory();
    remove_file("ca.crt");
    load_here(XY);
    ASSERT_TEXT(loaded.errors, "");
    ASSERT_TEXT(loaded.conf.global.ca, "");
    ASSERT_NUMBER(loaded.conf.services[0].check_verify, VERIFY_NONE);
    assert_path(loaded.conf.services[0].check_key, "client.key");
    loaded_free(&loaded);
    remove_file("client.crt");
    expect_here(XY, "t.ini:5: [k0slb] credentials: @/client.key has no client.crt beside it");
    write_file("client.crt", CERT, 0644);
    remove_file("client.key");
    expect_here(XY, "t.ini:5: [k0slb] credentials: @/client.crt has no client.key beside it");
    remove_file("client.crt");
    load_here(XY);
    ASSERT_TEXT(loaded.errors, "");
    ASSERT_TEXT(loaded.conf.services[0].check_cert, "");
    loaded_free(&loaded);
    remove_directory();
}

static void own_files_come_first(void)
{
    make_directory();
    write_file("own.crt", CERT, 0644);
    write_file("own.key", KEY, 0640);
    load_here(XY "check = https\ncheck_cert = @/own.crt\ncheck_key = @/own.key\n"
                 "check_verify = none\n[service kubeAPI]\ncheck_cert = @/own.crt\n"
                 "check_key = @/own.key\n[service konnectivity]\ncheck = tcp\n");
    ASSERT_TEXT(loaded.errors, "");
    CU_ASSERT_FATAL(loaded.result == 0);
    assert_path(service_named(&loaded.conf, "x")->check_cert, "own.crt");
    ASSERT_NUMBER(service_named(&loaded.conf, "x")->check_verify, VERIFY_NONE);
    assert_path(service_named(&loaded.conf, "kubeAPI")->check_key, "own.key");
    assert_path(service_named(&loaded.conf, "konnectivity")->check_key, "");
    assert_path(service_named(&loaded.conf, "controllerJoinAPI")->check_key, "client.key");
    loaded_free(&loaded);
    remove_file("own.crt");
    remove_file("own.key");
    remove_directory();
}

static void bad_files(void)
{
    make_directory();
    write_file("client.key", KEY, 0604);
    expect_here(XY, "t.ini:5: [k0slb] credentials: @/client.key is readable by everybody: "
                    "chmod 600 it");
    /* Nobody shows it, so that nobody minds. */
    expect_here("[k0slb]\ncredentials = @\n" X "server a = 10.0.0.1:1\n", "");
    write_file("client.key", "", 0600);
    expect_here(XY, "t.ini:5: [k0slb] credentials: @/client.key is empty");
    write_file("client.key", KEY, 0600);
    write_file("client.crt", KEY, 0600);
    expect_here(XY, "t.ini:5: [k0slb] credentials: @/client.crt holds a private key, not a "
                    "certificate");
    write_file("client.crt", CERT, 0646);
    expect_here(XY, "t.ini:5: [k0slb] credentials: @/client.crt is writable by everybody: "
                    "chmod 600 it");
    write_file("client.crt", CERT, 0644);
    write_file("ca.crt", "junk", 0644);
    expect_here(XY, "t.ini:5: [k0slb] credentials: @/ca.crt is not PEM");
    expect_here(X "server a = 10.0.0.1:1\n[k0slb]\nca = @/ca.crt\n",
                "t.ini:5: [k0slb] ca: @/ca.crt is not PEM");
    expect_here(X "server a = 10.0.0.1:1\n[k0slb]\nca = @/none.crt\n",
                "t.ini:5: [k0slb] ca: @/none.crt is not there");
    expect_here(X "server a = 10.0.0.1:1\n[k0slb]\nca = @\n",
                "t.ini:5: [k0slb] ca: @ is a directory, not a file");
    remove_directory();
}

/* Who looks at them by itself hears nothing of bad files, and of missing ones as ever. */
static void spared_files(void)
{
    static const char text[] = CONTROLLERS "[k0slb]\ncredentials = %s\n";
    char line[256];
    char path[128];
    struct conf_report report = {.path = "t.ini", .spares_files = true};
    struct conf conf;

    make_directory();
    write_file("ca.crt", "junk", 0646);
    write_file("client.key", "", 0604);
    snprintf(line, sizeof(line), text, directory);
    write_file("t.ini", line, 0600);
    ASSERT_NUMBER(conf_load(&conf, in_directory("t.ini", path), &report), 0);
    assert_path(service_named(&conf, "kubeAPI")->check_key, "client.key");
    conf_free(&conf);
    remove_file("client.crt");
    ASSERT_NUMBER(conf_load(&conf, path, &report), -1);
    ASSERT_NUMBER(report.errors, 1);
    conf_report_free(&report);
    remove_file("t.ini");
    remove_directory();
}

static void bad_directories(void)
{
    make_directory();
    expect_here(CONTROLLERS "[k0slb]\ncredentials = @/none\n",
                "t.ini:5: [k0slb] credentials: @/none: No such file or directory");
    expect_here(CONTROLLERS "[k0slb]\ncredentials = @/ca.crt\n",
                "t.ini:5: [k0slb] credentials: @/ca.crt is not a directory");
    CU_ASSERT(chmod(directory, 0707) == 0);
    expect_here(CONTROLLERS "[k0slb]\ncredentials = @\n",
                "t.ini:5: [k0slb] credentials: @ is writable by everybody: chmod 700 it");
    CU_ASSERT(chmod(directory, 0700) == 0);
    remove_directory();
}

static void halves(void)
{
    make_directory();
    expect_here(X "server a = 10.0.0.1:1\ncheck_cert = @/client.crt\n",
                "t.ini:4: [service x] check_cert: needs check_key beside it");
    expect_here(X "server a = 10.0.0.1:1\ncheck_key = @/client.key\n",
                "t.ini:4: [service x] check_key: needs check_cert beside it");
    expect_here(X "server a = 10.0.0.1:1\ncheck_key = @/client.key\n"
                  "[defaults]\ncheck_cert = @/client.crt\n",
                "");
    /* Told once, for all that have it from there. */
    expect_here(CONTROLLERS "[defaults]\ncheck_cert = @/client.crt\n",
                "t.ini:5: [defaults] check_cert: needs check_key beside it");
    expect_here(X "server a = 10.0.0.1:1\ncheck_cert = @/client.crt\ncheck_key = client.key\n",
                "t.ini:5: [service x] check_key: \"client.key\" is not an absolute path");
    expect_here(X "server a = 10.0.0.1:1\ncheck_cert = @/client.key\ncheck_key = @/none\n",
                "t.ini:4: [service x] check_cert: @/client.key holds a private key, not a "
                "certificate\nt.ini:5: [service x] check_key: @/none is not there");
    expect_here(X "server a = 10.0.0.1:1\nenabled = no\ncheck_cert = @/x\ncheck_key = @/y\n"
                  "[service y]\nlisten = :2\nserver a = 10.0.0.1:1\n",
                "");
    remove_directory();
}

const struct unit_test conf_rules_credentials_tests[] = {
    {"a_directory_has_them_all", a_directory_has_them_all},
    {"what_is_missing_is_not_used", what_is_missing_is_not_used},
    {"own_files_come_first", own_files_come_first},
    {"bad_files", bad_files},
    {"spared_files", spared_files},
    {"bad_directories", bad_directories},
    {"halves", halves},
    {NULL, NULL},
};
