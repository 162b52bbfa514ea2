#include "control/import.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "run.h"
#include "unit/unit.h"

extern const struct unit_test import_tests[];

#define YAML_LARGE ((size_t)1048577)

/* PEM with nothing in it; the same in base64. */
#define CERT   "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
#define KEY    "-----BEGIN RSA PRIVATE KEY-----\nMA==\n-----END RSA PRIVATE KEY-----\n"
#define CERT64 "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1BPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="
#define KEY64                                                                                      \
    "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNQT09Ci0tLS0tRU5EIFJTQSBQUklWQVRFIEtFWS0tLS0tCg=="

/* A kubeconfig as k0s prints it, and its parts. */
#define CLUSTER_OF(server, rest)                                                                   \
    "apiVersion: v1\nclusters:\n- cluster:\n    server: " server "\n" rest "  name: k0s\n"
#define CLUSTER                                                                                    \
    CLUSTER_OF("https://lb.example:6443", "    certificate-authority-data: " CERT64 "\n")
#define CONTEXT                                                                                    \
    "contexts:\n- context:\n    cluster: k0s\n    user: k0slb\n  name: k0s\n"                      \
    "current-context: k0s\nkind: Config\npreferences: {}\n"
#define USER_OF(rest) "users:\n- name: admin\n  user: {token: x}\n- name: k0slb\n  user:\n" rest
#define USER          USER_OF("    client-certificate-data: " CERT64 "\n    client-key-data: " KEY64 "\n")
#define KUBECONFIG    CLUSTER CONTEXT USER

static char directory[64];
static struct run run;

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

static const char *read_file(const char *name, char text[1024])
{
    char path[128];
    int fd = open(in_directory(name, path), O_RDONLY | O_CLOEXEC);
    ssize_t got = fd != -1 ? fd_read_all(fd, text, 1023) : 0;

    text[got > 0 ? got : 0] = '\0';
    fd_close(&fd);
    return text;
}

/* A place with a configuration whose credentials belong into it. */
static void make_directory(const char *more)
{
    char text[512];

    strcpy(directory, "/tmp/k0slb-unit-import-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    snprintf(text, sizeof(text), "[k0slb]\ncredentials = %s/credentials\n%s", directory, more);
    write_file("k0slb.ini", text, 0644);
}

static void remove_all(const char *path)
{
    DIR *open_directory = opendir(path);
    struct dirent *entry;

    while (open_directory != NULL && (entry = readdir(open_directory)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlinkat(dirfd(open_directory), entry->d_name, 0) == -1)
            unlinkat(dirfd(open_directory), entry->d_name, AT_REMOVEDIR);
    }
    if (open_directory != NULL)
        closedir(open_directory);
    rmdir(path);
}

static void remove_directory(void)
{
    char path[128];

    remove_all(in_directory("credentials", path));
    remove_all(directory);
    CU_ASSERT(access(directory, F_OK) == -1);
}

static void import_file(const char *text, mode_t mode)
{
    char config[128];
    char path[128];
    const char *const args[] = {"-c", in_directory("k0slb.ini", config), "import",
                                in_directory("config", path), NULL};

    write_file("config", text, mode);
    run_control(&run, args);
}

static mode_t mode_of(const char *name)
{
    struct stat status = {0};
    char path[128];

    CU_ASSERT(stat(in_directory(name, path), &status) == 0);
    return status.st_mode & 07777;
}

static unsigned count_credentials(void)
{
    char path[128];
    DIR *credentials = opendir(in_directory("credentials", path));
    unsigned count = 0;

    while (credentials != NULL && readdir(credentials) != NULL)
        count++;
    if (credentials != NULL)
        closedir(credentials);
    return count >= 2 ? count - 2 : 0; /* . and .. */
}

static void assert_imported(void)
{
    char text[1024];

    ASSERT_TEXT(run.err, "");
    ASSERT_NUMBER(run.status, 0);
    ASSERT_TEXT(read_file("credentials/ca.crt", text), CERT);
    ASSERT_TEXT(read_file("credentials/client.crt", text), CERT);
    ASSERT_TEXT(read_file("credentials/client.key", text), KEY);
    ASSERT_NUMBER(mode_of("credentials"), 0700);
    ASSERT_NUMBER(mode_of("credentials/ca.crt"), 0600);
    ASSERT_NUMBER(mode_of("credentials/client.crt"), 0600);
    ASSERT_NUMBER(mode_of("credentials/client.key"), 0600);
    ASSERT_NUMBER(count_credentials(), 3);
}

static void what_k0s_prints(void)
{
    char wanted[512];

    make_directory("[controllers]\na = 10.0.0.1\n");
    import_file(KUBECONFIG, 0600);
    assert_imported();
    snprintf(wanted, sizeof(wanted),
             "%s/credentials: wrote ca.crt, client.crt and client.key\n"
             "add to [k0slb] in %s/k0slb.ini:\n\nexternal_address = lb.example\n\n"
             "a running balancer uses them after: k0slbctl reload\n",
             directory, directory);
    ASSERT_TEXT(run.out, wanted);
    /* Again, over what is there. */
    write_file("credentials/ca.crt", "old", 0644);
    write_file("credentials/.client.key.new", "left over", 0644);
    import_file(KUBECONFIG, 0600);
    assert_imported();
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out, "\na running balancer that uses the old ones takes "
                                           "them within 10 seconds\n"));
    CU_ASSERT_PTR_NULL(strstr(run.out, "reload"));
    /* One of them was not there: what runs was started without any. */
    CU_ASSERT(unlink(in_directory("credentials/client.key", wanted)) == 0);
    import_file(KUBECONFIG, 0600);
    assert_imported();
    CU_ASSERT_PTR_NOT_NULL(strstr(run.out, "uses them after: k0slbctl reload\n"));
    remove_directory();
}

static void from_standard_input(void)
{
    char config[128];
    char path[128];
    const char *const args[] = {"-c", NULL, "import", "-", NULL};
    const char *words[5];
    int saved = dup(STDIN_FILENO);
    int fd;

    make_directory("");
    memcpy(words, args, sizeof(words));
    words[1] = in_directory("k0slb.ini", config);
    write_file("config", KUBECONFIG, 0600);
    fd = open(in_directory("config", path), O_RDONLY | O_CLOEXEC);
    CU_ASSERT_FATAL(fd != -1 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    run_control(&run, words);
    assert_imported();
    dup2(saved, STDIN_FILENO);
    fd_close(&saved);
    fd_close(&fd);
    remove_directory();
}

static void expect_hint(const char *config, const char *kubeconfig, const char *hint)
{
    make_directory(config);
    import_file(kubeconfig, 0600);
    ASSERT_NUMBER(run.status, 0);
    if (*hint == '\0') {
        CU_ASSERT_PTR_NULL(strstr(run.out, "external"));
    } else if (strstr(run.out, hint) == NULL) {
        ASSERT_TEXT(run.out, hint);
    }
    remove_directory();
}

#define OF(server) CLUSTER_OF(server, "    certificate-authority-data: " CERT64 "\n") CONTEXT USER

static void the_line_to_add(void)
{
    expect_hint("", OF("https://10.0.0.10:6443"), "external_address = 10.0.0.10\n");
    expect_hint("", OF("'https://[fd00::10]:6443/path'"), "external_address = [fd00::10]\n");
    expect_hint("", OF("https://127.0.0.1:6443"), "");
    expect_hint("", OF("https://localhost:6443"), "");
    expect_hint("", OF("'https://[::1]:6443'"), "");
    expect_hint("", OF("http://lb.example"), "");
    expect_hint("external_address = a, LB.example\n[controllers]\na = 10.0.0.1\n", KUBECONFIG, "");
    expect_hint("[controllers]\na = 10.0.0.1\n", OF("https://10.0.0.1:6443"),
                "its server, 10.0.0.1, is a controller: ");
    /* A file with a mistake says nothing of use. */
    expect_hint("external_address = lb.example\nnonsense\n", KUBECONFIG,
                "external_address = lb.example\n");
}

static void contents_by_path(void)
{
    make_directory("");
    write_file("a.crt", CERT, 0644);
    write_file("a.key", KEY, 0600);
    import_file(CLUSTER_OF("https://lb", "    certificate-authority: a.crt\n")
                    CONTEXT USER_OF("    client-certificate: a.crt\n    client-key: ./a.key\n"),
                0644);
    assert_imported();
    /* Content counts where both are there. */
    import_file(CLUSTER CONTEXT USER_OF("    client-certificate: none\n    client-key: none\n"
                                        "    client-certificate-data: " CERT64
                                        "\n    client-key-data: " KEY64 "\n"),
                0600);
    assert_imported();
    remove_directory();
}

static void keys_for_everybody_to_read(void)
{
    make_directory("");
    import_file(KUBECONFIG, 0644);
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err, "/config holds a key and is readable by everybody"));
    write_file("a.key", KEY, 0604);
    import_file(
        CLUSTER CONTEXT USER_OF("    client-certificate-data: " CERT64 "\n    client-key: a.key\n"),
        0600);
    ASSERT_NUMBER(run.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err, "/a.key is readable by everybody"));
    remove_directory();
}

#define KINDS   "a haproxy.cfg, a k0sctl.yaml or a kubeconfig\n"
#define NO_YAML " has no section of a haproxy.cfg and is not YAML: "

static void what_cannot_be_used(void)
{
    static const struct {
        const char *text;
        const char *reason; /* behind the path */
    } cases[] = {
        {"", " is empty: write " KINDS},
        {" \n\n", " is empty: write " KINDS},
        {"a: [1\n", NO_YAML "line 2, column 1: did not find expected ',' or ']'\n"},
        {"a: &b 1\nc: *b\n", NO_YAML "line 2, column 4: aliases are not read\n"},
        {"\n# a\n\x7f\x01", NO_YAML "line 3, column 1: control characters are not allowed\n"},
        {"a\n \xff\xfe", NO_YAML "line 2, column 2: invalid leading UTF-8 octet\n"},
        {"a: 1\n---\nb: 2\n", " is not " KINDS},
        {"; mine\n\n[controllers]\na = 10.0.0.1\n",
         " is a configuration of k0slb already: try k0slbctl check\n"},
        {"[k0slb", NO_YAML "line 2, column 1: did not find expected ',' or ']'\n"},
        {"[other]\n", " is not " KINDS},
        {"# nothing but this\n", " is not " KINDS},
        {"kind: Cluster\n", " is not " KINDS},
        {"kind: Config\n", ": it has no current-context\n"},
        {CLUSTER USER "current-context: ''\n", ": it has no current-context\n"},
        {CLUSTER USER "current-context: k0s\n",
         ": its current-context \"k0s\" is none of its contexts\n"},
        {CLUSTER USER "current-context: k\ncontexts:\n- {name: k, context: {user: k0slb}}\n",
         ": context \"k\" has no cluster\n"},
        {CLUSTER USER "current-context: k\ncontexts:\n- {name: k, context: {cluster: k0s}}\n",
         ": context \"k\" has no user\n"},
        {CONTEXT USER "clusters: []\n", ": it has no cluster \"k0s\"\n"},
        {CLUSTER CONTEXT, ": it has no user \"k0slb\"\n"},
        {CLUSTER CONTEXT "users: {}\n", ": it has no user \"k0slb\"\n"},
        {CLUSTER_OF("https://lb", "    insecure-skip-tls-verify: true\n") CONTEXT USER,
         ": cluster \"k0s\" has no certificate-authority-data: without the CA no controller can be "
         "verified\n"},
        {CLUSTER CONTEXT USER_OF("    token: abc\n"),
         ": user \"k0slb\" has no client certificate but a token; make one on a controller with: "
         "k0s kubeconfig create k0slb\n"},
        {CLUSTER CONTEXT USER_OF("    exec: {command: aws}\n"),
         ": user \"k0slb\" has no client certificate but an exec plugin; make one on a controller "
         "with: k0s kubeconfig create k0slb\n"},
        {CLUSTER CONTEXT USER_OF("    client-key-data: " KEY64 "\n"),
         ": user \"k0slb\" has no client certificate but nothing; make one on a controller with: "
         "k0s kubeconfig create k0slb\n"},
        {CLUSTER CONTEXT USER_OF("    client-certificate-data: " CERT64 "\n"),
         ": user \"k0slb\" has a certificate without its key\n"},
        {CLUSTER CONTEXT USER_OF("    client-certificate-data: LS0=LS0=\n"),
         ": client-certificate-data is not base64\n"},
        {CLUSTER CONTEXT USER_OF("    client-certificate-data: " KEY64 "\n"),
         ": what it has for client.crt holds a private key, not a certificate\n"},
        {CLUSTER CONTEXT USER_OF("    client-certificate-data: " CERT64
                                 "\n    client-key-data: " CERT64 "\n"),
         ": what it has for client.key holds a certificate, not a private key\n"},
    };
    char wanted[512];

    make_directory("");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        import_file(cases[i].text, 0600);
        snprintf(wanted, sizeof(wanted), "k0slbctl: %s/config%s", directory, cases[i].reason);
        ASSERT_TEXT(run.err, wanted);
        ASSERT_TEXT(run.out, "");
        ASSERT_NUMBER(run.status, 1);
    }
    import_file(CLUSTER CONTEXT USER_OF("    client-certificate: none.crt\n"), 0600);
    snprintf(wanted, sizeof(wanted),
             "k0slbctl: %s/none.crt is not there (client-certificate in %s/config)\n", directory,
             directory);
    ASSERT_TEXT(run.err, wanted);
    ASSERT_NUMBER(count_credentials(), 0);
    remove_directory();
}

/* Deeper, longer and with more in it than libyaml should be left alone with. */
static void monstrous_texts(void)
{
    size_t size = YAML_LARGE;
    char *text = malloc(size + 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    make_directory("");
    memset(text, '[', size);
    text[size] = '\0';
    import_file(text, 0600);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err, "larger than 1 MiB"));
    text[1000] = '\0';
    import_file(text, 0600);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err, "nested too deeply"));
    for (size_t i = 0; i < 90000; i += 3)
        memcpy(text + i, "-\n\n", 3);
    text[90000] = '\0';
    import_file(text, 0600);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err, "the document is too large"));
    ASSERT_NUMBER(run.status, 1);
    free(text);
    remove_directory();
}

/* 50 MB, of which most is never read; and bytes that are no text. */
static void no_text_at_all(void)
{
    static const char bytes[] = "\177ELF\2\1\1\0global\n\0\0frontend\n";
    char config[128];
    char path[128];
    char wanted[512];
    const char *const args[] = {"-c", config, "import", path, NULL};
    int fd;

    make_directory("");
    in_directory("k0slb.ini", config);
    in_directory("config", path);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CU_ASSERT_FATAL(fd != -1 && fd_write_all(fd, bytes, sizeof(bytes)) == 0);
    run_control(&run, args);
    snprintf(wanted, sizeof(wanted), "k0slbctl: %s is not a text: it has to be " KINDS, path);
    ASSERT_TEXT(run.err, wanted);
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT(ftruncate(fd, 50000000) == 0);
    run_control(&run, args);
    snprintf(wanted, sizeof(wanted), "k0slbctl: cannot read %s: it is larger than 1 MiB\n", path);
    ASSERT_TEXT(run.err, wanted);
    ASSERT_NUMBER(run.status, 1);
    fd_close(&fd);
    remove_directory();
}

static void nothing_is_changed_by_a_failure(void)
{
    char path[128];
    char text[1024];

    make_directory("");
    CU_ASSERT(mkdir(in_directory("credentials", path), 0755) == 0);
    write_file("credentials/ca.crt", "old", 0644);
    write_file("credentials/other", "other", 0644);
    CU_ASSERT(mkdir(in_directory("credentials/client.key", path), 0755) == 0);
    import_file(KUBECONFIG, 0600);
    ASSERT_NUMBER(run.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.err, "; nothing was changed\n"));
    ASSERT_TEXT(read_file("credentials/ca.crt", text), "old");
    ASSERT_TEXT(read_file("credentials/other", text), "other");
    ASSERT_NUMBER(count_credentials(), 3);
    remove_directory();
}

static void directories_that_cannot_be_written(void)
{
    char wanted[512];

    make_directory("");
    write_file("credentials", "a file", 0644);
    import_file(KUBECONFIG, 0600);
    snprintf(wanted, sizeof(wanted),
             "k0slbctl: cannot write %s/credentials: Not a directory; nothing was changed\n",
             directory);
    ASSERT_TEXT(run.err, wanted);
    ASSERT_NUMBER(run.status, 1);
    remove_directory();
    make_directory("");
    write_file("k0slb.ini", "[k0slb]\ncredentials = /nonexistent/a\n", 0644);
    import_file(KUBECONFIG, 0600);
    ASSERT_TEXT(run.err, "k0slbctl: cannot write /nonexistent/a: No such file or directory; "
                         "nothing was changed\n");
    remove_directory();
}

static void files_that_cannot_be_read(void)
{
    static const char *const missing[] = {"import", "/nonexistent/config", NULL};
    static const char *const folder[] = {"import", "/tmp", NULL};
    static const char *const memory[] = {"import", "/proc/self/mem", NULL};
    static const char *const endless[] = {"import", "/dev/zero", NULL};
    static const char *const nothing[] = {"import", NULL};

    run_control(&run, missing);
    ASSERT_NUMBER(run.status, 1);
    ASSERT_TEXT(run.err, "k0slbctl: cannot read /nonexistent/config: No such file or directory\n");
    run_control(&run, folder);
    ASSERT_NUMBER(run.status, 1);
    ASSERT_TEXT(run.err, "k0slbctl: cannot read /tmp: Is a directory\n");
    run_control(&run, memory);
    ASSERT_NUMBER(run.status, 1);
    ASSERT_TEXT(run.err, "k0slbctl: cannot read /proc/self/mem: Input/output error\n");
    run_control(&run, endless);
    ASSERT_NUMBER(run.status, 1);
    ASSERT_TEXT(run.err, "k0slbctl: cannot read /dev/zero: it is larger than 1 MiB\n");
    run_control(&run, nothing);
    ASSERT_NUMBER(run.status, 2);
    ASSERT_TEXT(run.err, "k0slbctl: import: what to import is missing; try k0slbctl import "
                         "--help\n");
}

const struct unit_test import_tests[] = {
    {"what_k0s_prints", what_k0s_prints},
    {"from_standard_input", from_standard_input},
    {"the_line_to_add", the_line_to_add},
    {"contents_by_path", contents_by_path},
    {"keys_for_everybody_to_read", keys_for_everybody_to_read},
    {"what_cannot_be_used", what_cannot_be_used},
    {"monstrous_texts", monstrous_texts},
    {"no_text_at_all", no_text_at_all},
    {"nothing_is_changed_by_a_failure", nothing_is_changed_by_a_failure},
    {"directories_that_cannot_be_written", directories_that_cannot_be_written},
    {"files_that_cannot_be_read", files_that_cannot_be_read},
    {NULL, NULL},
};
