/*
 * Runs a program in a world that lacks something: `wrap nobody PROGRAM …' without root's rights,
 * `wrap no-getfd PROGRAM …' on a kernel that refuses pidfd_getfd(2), `wrap small-shm SIZE PROGRAM
 * …' with a /dev/shm of its own of so many bytes. Status 125 when that world cannot be made.
 */
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY    65534
#define NO_WORLD  125
#define NUMBER_OF offsetof(struct seccomp_data, nr)

static int become_nobody(void)
{
    if (setgroups(0, NULL) == -1 || setresgid(NOBODY, NOBODY, NOBODY) == -1)
        return -1;
    return setresuid(NOBODY, NOBODY, NOBODY);
}

/* As in seccomp(2): every call but this one is allowed. */
static int refuse_getfd(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NUMBER_OF),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_getfd, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
}

static int make_small_shm(const char *size)
{
    char options[64];

    snprintf(options, sizeof(options), "size=%s", size);
    if (unshare(CLONE_NEWNS) == -1 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        return -1;
    return mount("tmpfs", "/dev/shm", "tmpfs", 0, options);
}

int main(int argc, char **argv)
{
    char **program = argv + 2;
    int result = -1;

    if (argc < 4) {
        fprintf(stderr, "usage: wrap nobody|no-getfd|small-shm SIZE PROGRAM ...\n");
        return NO_WORLD;
    }
    if (strcmp(argv[1], "nobody") == 0) {
        result = become_nobody();
    } else if (strcmp(argv[1], "no-getfd") == 0) {
        result = refuse_getfd();
    } else if (strcmp(argv[1], "small-shm") == 0) {
        result = make_small_shm(argv[2]);
        program++;
    }
    if (result == -1) {
        fprintf(stderr, "wrap: %s: %s\n", argv[1], strerror(errno));
        return NO_WORLD;
    }
    execv(program[0], program);
    fprintf(stderr, "wrap: %s: %s\n", program[0], strerror(errno));
    return NO_WORLD;
}
