#include "base/safe_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "unit/unit.h"

extern const struct unit_test safe_file_tests[];

static char path[64];

static void make_file(const char *text, mode_t mode)
{
    int fd;

    strcpy(path, "/tmp/k0slb-unit-safe-XXXXXX");
    fd = mkstemp(path);
    CU_ASSERT_FATAL(fd != -1 && fd_write_all(fd, text, strlen(text)) == 0);
    CU_ASSERT(fchmod(fd, mode) == 0);
    fd_close(&fd);
}

static void expect_read(enum safe_file_kind kind, const char *reason)
{
    char got[SAFE_FILE_REASON] = "";
    struct safe_file file;
    int result = safe_file_read(&file, path, kind, got);

    ASSERT_TEXT(got, reason);
    ASSERT_NUMBER(result, *reason == '\0' ? 0 : -1);
    CU_ASSERT((file.data != NULL) == (result == 0));
    safe_file_free(&file);
    CU_ASSERT_PTR_NULL(file.data);
}

static void read_whole(void)
{
    char reason[SAFE_FILE_REASON];
    struct safe_file file;

    make_file("some text", 0640);
    ASSERT_NUMBER(safe_file_read(&file, path, SAFE_FILE_SECRET, reason), 0);
    ASSERT_NUMBER(file.size, 9);
    ASSERT_TEXT(file.data, "some text");
    ASSERT_NUMBER(file.mode & 07777, 0640);
    safe_file_free(&file);
    unlink(path);
}

static void who_may_read_and_write(void)
{
    static const struct {
        mode_t mode;
        const char *as_public;
        const char *as_secret;
    } cases[] = {
        {0600, "", ""},
        {0640, "", ""},
        {0644, "", "is readable by everybody: chmod 600 it"},
        {0604, "", "is readable by everybody: chmod 600 it"},
        {0602, "is writable by everybody: chmod 600 it", "is writable by everybody: chmod 600 it"},
        {0666, "is writable by everybody: chmod 600 it", "is writable by everybody: chmod 600 it"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        make_file("x", cases[i].mode);
        expect_read(SAFE_FILE_PUBLIC, cases[i].as_public);
        expect_read(SAFE_FILE_SECRET, cases[i].as_secret);
        unlink(path);
    }
}

static void somebody_else_s_secret(void)
{
    make_file("x", 0600);
    if (chown(path, 65533, (gid_t)-1) == -1) {
        unit_skip("this user cannot give files away");
    } else {
        expect_read(SAFE_FILE_SECRET, "belongs to user 65533, who could read it: chown it");
        expect_read(SAFE_FILE_PUBLIC, "");
    }
    unlink(path);
}

static void odd_files(void)
{
    make_file("", 0600);
    expect_read(SAFE_FILE_PUBLIC, "is empty");
    CU_ASSERT(truncate(path, SAFE_FILE_MOST) == 0);
    expect_read(SAFE_FILE_PUBLIC, "");
    CU_ASSERT(truncate(path, SAFE_FILE_MOST + 1) == 0);
    expect_read(SAFE_FILE_PUBLIC, "is larger than 256 KiB");
    unlink(path);
    expect_read(SAFE_FILE_PUBLIC, "is not there");
    CU_ASSERT(mkfifo(path, 0600) == 0);
    expect_read(SAFE_FILE_PUBLIC, "is not a regular file");
    unlink(path);
    strcpy(path, "/tmp");
    expect_read(SAFE_FILE_SECRET, "is a directory, not a file");
    strcpy(path, "/dev/null/x");
    expect_read(SAFE_FILE_SECRET, "cannot be read: Not a directory");
}

const struct unit_test safe_file_tests[] = {
    {"read_whole", read_whole},
    {"who_may_read_and_write", who_may_read_and_write},
    {"somebody_else_s_secret", somebody_else_s_secret},
    {"odd_files", odd_files},
    {NULL, NULL},
};
