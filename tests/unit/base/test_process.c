#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "unit/unit.h"

extern const struct unit_test process_tests[];

/* A child that waits for a signal, for a minute at most. */
static pid_t start_child(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        poll(NULL, 0, 60000);
        _exit(0);
    }
    return pid;
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void test_start_time(void)
{
    uint64_t own = process_start_time(getpid());
    pid_t pid = start_child();
    uint64_t child;

    CU_ASSERT_FATAL(pid > 0);
    child = process_start_time(pid);
    CU_ASSERT(own > 0 && child >= own);
    CU_ASSERT(process_start_time(pid) == child);
    CU_ASSERT(process_is_alive(pid, child));
    CU_ASSERT(!process_is_alive(pid, child + 1));
    CU_ASSERT(!process_is_alive(pid, 0));
    end_child(pid);
    CU_ASSERT(process_start_time(pid) == 0);
    CU_ASSERT(!process_is_alive(pid, child));
}

static void test_no_process(void)
{
    CU_ASSERT(process_start_time(0) == 0);
    CU_ASSERT(process_start_time(-1) == 0);
    CU_ASSERT(process_start_time(0x7fffffff) == 0);
    CU_ASSERT(!process_is_alive(-1, 1));
}

/* Root's child that has become another user is that user's; a name may look like a field. */
static void test_owner(void)
{
    pid_t pid = fork();
    uid_t wanted = geteuid() == 0 ? 65534 : geteuid();
    uid_t owner = (uid_t)-1;

    CU_ASSERT_FATAL(pid != -1);
    if (pid == 0) {
        prctl(PR_SET_NAME, "a\nUid:\t7\t7");
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) == -1)
            _exit(1);
        raise(SIGSTOP);
        _exit(0);
    }
    CU_ASSERT(waitpid(pid, NULL, WUNTRACED) == pid);
    CU_ASSERT(process_owner(pid, &owner) == 0);
    CU_ASSERT(owner == wanted);
    CU_ASSERT(process_owner(getpid(), &owner) == 0);
    CU_ASSERT(owner == getuid());
    end_child(pid);
    CU_ASSERT(process_owner(pid, &owner) == -1);
    CU_ASSERT(errno == ESRCH);
}

/* Its name may look like the fields that follow it. */
static void test_odd_name(void)
{
    uint64_t before = process_start_time(getpid());
    char name[17];

    CU_ASSERT_FATAL(prctl(PR_GET_NAME, name) == 0);
    CU_ASSERT_FATAL(prctl(PR_SET_NAME, "a) Z 1 (b) c") == 0);
    CU_ASSERT(process_start_time(getpid()) == before);
    prctl(PR_SET_NAME, name);
}

static void test_zombie(void)
{
    pid_t pid = start_child();
    siginfo_t info;

    CU_ASSERT_FATAL(pid > 0);
    CU_ASSERT(process_start_time(pid) != 0);
    kill(pid, SIGKILL);
    CU_ASSERT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
    CU_ASSERT(process_start_time(pid) == 0); /* dead, though nobody has reaped it */
    waitpid(pid, NULL, 0);
}

static void test_signal(void)
{
    pid_t pid = start_child();
    uint64_t start;
    int status = 0;

    CU_ASSERT_FATAL(pid > 0);
    start = process_start_time(pid);
    errno = 0;
    ASSERT_NUMBER(process_signal(pid, start + 1, SIGTERM), -1);
    ASSERT_NUMBER(errno, ESRCH);
    CU_ASSERT(process_is_alive(pid, start));
    ASSERT_NUMBER(process_signal(pid, start, 0), 0);
    ASSERT_NUMBER(process_signal(pid, start, SIGTERM), 0);
    CU_ASSERT(waitpid(pid, &status, 0) == pid);
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    errno = 0;
    ASSERT_NUMBER(process_signal(pid, start, SIGTERM), -1);
    ASSERT_NUMBER(errno, ESRCH);
    ASSERT_NUMBER(process_signal(0, 1, 0), -1); /* never a whole process group */
    ASSERT_NUMBER(process_signal(-1, 1, 0), -1);
}

/* Asks the kernel for argv and thread name of this process, as ps(1) does. */
static void read_proc(const char *file, char *text, size_t size)
{
    FILE *in = fopen(file, "re");
    size_t got = in != NULL ? fread(text, 1, size - 1, in) : 0;

    if (in != NULL)
        fclose(in);
    text[got] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

/* Rows of strings as the kernel lays them out for a new program. */
struct rows {
    char memory[64];
    char *argv[3];
    char *env[3];
};

static void lay_out(struct rows *rows)
{
    static const char image[] = "k0slbd\0-cX\0A=1\0LONG=0123456789";

    memset(rows->memory, '#', sizeof(rows->memory));
    memcpy(rows->memory, image, sizeof(image));
    rows->argv[0] = rows->memory;
    rows->argv[1] = rows->memory + 7;
    rows->argv[2] = NULL;
    rows->env[0] = rows->memory + 11;
    rows->env[1] = rows->memory + 15;
    rows->env[2] = NULL;
}

/* In a child, because titles are for life; 0 when all is right. */
static int title_in_child(void)
{
    struct rows rows;
    char name[64];

    lay_out(&rows);
    environ = rows.env;
    process_set_title("k0slb: too early"); /* nothing is known yet: only the thread is named */
    if (strcmp(rows.memory, "k0slbd") != 0)
        return 1;
    process_init_title(2, rows.argv);
    process_set_title("k0slb: worker 1");
    if (strcmp(rows.memory, "k0slb: worker 1") != 0)
        return 2;
    if (strcmp(environ[0], "A=1") != 0 || strcmp(environ[1], "LONG=0123456789") != 0)
        return 3;
    read_proc("/proc/self/comm", name, sizeof(name));
    if (strcmp(name, "worker 1") != 0)
        return 4;
    process_set_title("k0slb: a title that is far longer than what there is");
    if (strcmp(rows.memory, "k0slb: a title that is far lon") != 0 || rows.memory[31] != '#')
        return 5;
    process_set_title("short");
    read_proc("/proc/self/comm", name, sizeof(name));
    return strcmp(rows.memory, "short") == 0 && strcmp(name, "short") == 0 ? 0 : 6;
}

static void test_title(void)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0)
        _exit(title_in_child());
    CU_ASSERT_FATAL(pid > 0 && waitpid(pid, &status, 0) == pid);
    CU_ASSERT_FATAL(WIFEXITED(status));
    ASSERT_NUMBER(WEXITSTATUS(status), 0);
}

const struct unit_test process_tests[] = {
    {"start_time", test_start_time},
    {"no_process", test_no_process},
    {"owner", test_owner},
    {"odd_name", test_odd_name},
    {"zombie", test_zombie},
    {"signal", test_signal},
    {"title", test_title},
    {NULL, NULL},
};
