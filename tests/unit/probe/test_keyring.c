#include "probe/keyring.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "unit/unit.h"

extern const struct unit_test keyring_tests[];

#define SERVICES 4

static char directory[64];
static struct conf_service services[SERVICES];
static struct conf_global global;
static char reason[KEYRING_REASON];
static uint16_t refused; /* the service with the bad file */

static char *in_directory(const char *name, char path[CONF_PATH_SIZE])
{
    if (*name == '\0')
        *path = '\0';
    else
        snprintf(path, CONF_PATH_SIZE, "%s/%s", directory, name);
    return path;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    char path[CONF_PATH_SIZE];
    int fd = open(in_directory(name, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    CU_ASSERT_FATAL(fd != -1 && fd_write_all(fd, text, strlen(text)) == 0);
    CU_ASSERT(fchmod(fd, mode) == 0);
    fd_close(&fd);
}

static const char *const names[] = {"ca", "cert", "key", "cert2", "key2"};

static void make_files(void)
{
    strcpy(directory, "/tmp/k0slb-unit-keyring-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        write_file(names[i], names[i], 0600);
    memset(services, 0, sizeof(services));
    memset(&global, 0, sizeof(global));
    for (int i = 0; i < SERVICES; i++) {
        services[i].slot = (uint16_t)i;
        services[i].required = CONF_NO_INDEX;
    }
    in_directory("ca", global.ca);
}

static void remove_files(void)
{
    char path[CONF_PATH_SIZE];

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unlink(in_directory(names[i], path));
    CU_ASSERT(rmdir(directory) == 0);
}

static void use(unsigned service, const char *cert, const char *key)
{
    in_directory(cert, services[service].check_cert);
    in_directory(key, services[service].check_key);
}

static const struct epoch *make_epoch(void)
{
    struct conf conf = {.global = global, .services = services, .service_count = SERVICES};
    int fd = epoch_seal(&conf, 1);
    const struct epoch *epoch = fd != -1 ? epoch_map(fd) : NULL;

    CU_ASSERT_PTR_NOT_NULL_FATAL(epoch);
    fd_close(&fd);
    return epoch;
}

static void each_file_is_read_once(void)
{
    const struct epoch *epoch;
    struct keyring keyring;

    make_files();
    use(0, "cert", "key");
    use(2, "cert2", "key2");
    use(3, "cert", "key");
    epoch = make_epoch();
    CU_ASSERT_FATAL(keyring_read(&keyring, epoch, &refused, reason) == 0);
    ASSERT_TEXT(keyring.ca.data, "ca");
    ASSERT_NUMBER(keyring.pair_count, 2);
    ASSERT_NUMBER(keyring.pair_of[0], 0);
    ASSERT_NUMBER(keyring.pair_of[1], KEYRING_NONE);
    ASSERT_NUMBER(keyring.pair_of[2], 1);
    ASSERT_NUMBER(keyring.pair_of[3], 0);
    ASSERT_TEXT(keyring.pairs[0].cert.data, "cert");
    ASSERT_TEXT(keyring.pairs[0].key.data, "key");
    ASSERT_TEXT(keyring.pairs[1].cert.data, "cert2");
    ASSERT_NUMBER(keyring.pairs[1].key.size, 4);
    ASSERT_TEXT(keyring.pairs[1].key_path, epoch_service(epoch, 2)->check_key);
    keyring_free(&keyring);
    CU_ASSERT_PTR_NULL(keyring.pairs);
    keyring_free(&keyring);
    epoch_unmap(epoch);
    remove_files();
}

static void nothing_to_read(void)
{
    const struct epoch *epoch;
    struct keyring keyring;

    make_files();
    global.ca[0] = '\0';
    epoch = make_epoch();
    CU_ASSERT_FATAL(keyring_read(&keyring, epoch, &refused, reason) == 0);
    CU_ASSERT_PTR_NULL(keyring.ca.data);
    ASSERT_NUMBER(keyring.pair_count, 0);
    keyring_free(&keyring);
    epoch_unmap(epoch);
    remove_files();
}

static void expect_refused(const char *name, const char *why)
{
    const struct epoch *epoch = make_epoch();
    char path[CONF_PATH_SIZE];
    char wanted[KEYRING_REASON];
    struct keyring keyring;

    ASSERT_NUMBER(keyring_read(&keyring, epoch, &refused, reason), -1);
    snprintf(wanted, sizeof(wanted), "%s %s", in_directory(name, path), why);
    ASSERT_TEXT(reason, wanted);
    CU_ASSERT_PTR_NULL(keyring.pairs);
    CU_ASSERT_PTR_NULL(keyring.ca.data);
    epoch_unmap(epoch);
}

static void bad_files_are_named(void)
{
    char path[CONF_PATH_SIZE];

    make_files();
    use(1, "cert", "key");
    write_file("key", "key", 0644);
    expect_refused("key", "is readable by everybody: chmod 600 it");
    write_file("key", "", 0600);
    expect_refused("key", "is empty");
    unlink(in_directory("key", path));
    expect_refused("key", "is not there");
    write_file("key", "key", 0600);
    write_file("cert", "cert", 0602);
    expect_refused("cert", "is writable by everybody: chmod 600 it");
    unlink(in_directory("ca", path));
    expect_refused("ca", "is not there");
    CU_ASSERT(mkdir(in_directory("ca", path), 0700) == 0);
    expect_refused("ca", "is a directory, not a file");
    CU_ASSERT(rmdir(path) == 0);
    remove_files();
}

static uint64_t mark_of(const struct epoch *epoch)
{
    const struct keyring_wants wants = keyring_wants_of_epoch(epoch);

    return keyring_mark(&wants);
}

static void a_change_is_noticed(void)
{
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    const struct epoch *epoch;
    char path[CONF_PATH_SIZE];
    char other[CONF_PATH_SIZE];
    uint64_t before;
    uint64_t after;

    make_files();
    use(0, "cert", "key");
    use(3, "cert2", "key2");
    epoch = make_epoch();
    before = mark_of(epoch);
    CU_ASSERT(mark_of(epoch) == before);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        in_directory(names[i], path);
        CU_ASSERT(utimensat(AT_FDCWD, path, old, 0) == 0);
        after = mark_of(epoch);
        CU_ASSERT(after != before);
        before = after;
    }
    /* As long as the other and of the same time, but put in its place. */
    CU_ASSERT(rename(in_directory("key2", path), in_directory("cert2", other)) == 0);
    after = mark_of(epoch);
    CU_ASSERT(after != before);
    write_file("key2", "key2", 0600);
    before = mark_of(epoch);
    CU_ASSERT(after != before);
    write_file("spare", "x", 0600);
    CU_ASSERT(mark_of(epoch) == before);
    unlink(in_directory("spare", path));
    epoch_unmap(epoch);
    remove_files();
}

static void every_part_of_a_status_counts(void)
{
    const struct stat status = {.st_dev = 1, .st_ino = 2, .st_size = 3, .st_mtim = {4, 5}};
    const uint64_t mark = keyring_fold(0, &status);
    struct stat others[] = {status, status, status, status, status, status, status};

    others[0].st_dev = 9;
    others[1].st_ino = 9;
    others[2].st_size = 9;
    others[3].st_mtim.tv_sec = 9;
    others[4].st_mtim.tv_nsec = 9;
    others[5].st_mode = 0600;
    others[6].st_uid = 9;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        CU_ASSERT(keyring_fold(0, &others[i]) != mark);
    CU_ASSERT(keyring_fold(0, &status) == mark);
    CU_ASSERT(keyring_fold(0, NULL) != mark);
    CU_ASSERT(keyring_fold(1, &status) != mark);
    /* Reading it is no change. */
    others[0] = status;
    others[0].st_atim.tv_sec = 9;
    CU_ASSERT(keyring_fold(0, &others[0]) == mark);
}

const struct unit_test keyring_tests[] = {
    {"each_file_is_read_once", each_file_is_read_once},
    {"nothing_to_read", nothing_to_read},
    {"bad_files_are_named", bad_files_are_named},
    {"a_change_is_noticed", a_change_is_noticed},
    {"every_part_of_a_status_counts", every_part_of_a_status_counts},
    {NULL, NULL},
};
