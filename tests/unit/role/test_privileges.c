#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "role/privileges.h"

#include "unit/child.h"
#include "unit/role/status.h"
#include "unit/unit.h"

extern const struct unit_test privileges_tests[];

#define OTHER 64123

/* What a child logs. */
struct said {
    char text[256];
};

static void keep_line(void *context, const char *record, size_t size)
{
    struct said *said = context;

    snprintf(said->text, sizeof(said->text), "%.*s", (int)size, record);
}

/* Takes one capability away from this process, for good. */
static bool lose(unsigned capability)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    uint32_t bit = UINT32_C(1) << capability % 32;

    if (syscall(SYS_capget, &header, sets) == -1)
        return false;
    sets[capability / 32].effective &= ~bit;
    sets[capability / 32].permitted &= ~bit;
    return syscall(SYS_capset, &header, sets) == 0;
}

/* Without that capability the step that needs it fails, by name, and nothing goes on. */
static int drop_without(unsigned capability, const char *step)
{
    struct said said = {""};

    log_to_sink(keep_line, &said);
    if (!lose(capability))
        return CHILD_SKIP;
    CHILD_EXPECT(privileges_drop(OTHER, OTHER) == -1);
    CHILD_EXPECT(strstr(said.text, "cannot give up root: ") != NULL);
    CHILD_EXPECT(strstr(said.text, step) != NULL);
    return 0;
}

static int drop_without_setgid(void *context)
{
    (void)context;
    return drop_without(CAP_SETGID, "setgroups");
}

static int drop_without_setuid(void *context)
{
    (void)context;
    return drop_without(CAP_SETUID, "setresuid");
}

static int drop_without_setpcap(void *context)
{
    (void)context;
    return drop_without(CAP_SETPCAP, "bounding set");
}

static int drop_as_other_user(void *context)
{
    struct said said = {""};

    (void)context;
    if (geteuid() == 0 && !child_become(OTHER, OTHER))
        return 1;
    log_to_sink(keep_line, &said);
    CHILD_EXPECT(privileges_drop(OTHER, OTHER) == -1);
    CHILD_EXPECT(said.text[0] != '\0');
    return 0;
}

static void run_as_root(child_fn *fn)
{
    if (geteuid() != 0)
        unit_skip("only root has something to give up");
    else
        ASSERT_NUMBER(child_run(fn, NULL), 0);
}

static void test_without_setgid(void)
{
    run_as_root(drop_without_setgid);
}

static void test_without_setuid(void)
{
    run_as_root(drop_without_setuid);
}

static void test_without_setpcap(void)
{
    run_as_root(drop_without_setpcap);
}

static void test_other_user(void)
{
    ASSERT_NUMBER(child_run(drop_as_other_user, NULL), 0);
}

/* Neither group memberships nor kept capabilities survive. */
static int drop_with_baggage(void *context)
{
    const gid_t groups[] = {0, 4, 27};
    char text[STATUS_LINE_SIZE];

    (void)context;
    if (setgroups(3, groups) == -1 || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1)
        return CHILD_SKIP;
    CHILD_EXPECT(privileges_drop(OTHER, OTHER) == 0);
    CHILD_EXPECT(strcmp(status_text(text, 0, "Groups"), "") == 0);
    CHILD_EXPECT(status_bits(0, "CapPrm") == 0 && status_bits(0, "CapEff") == 0);
    CHILD_EXPECT(status_bits(0, "CapBnd") == 0);
    CHILD_EXPECT(strcmp(status_text(text, 0, "NoNewPrivs"), "1") == 0);
    CHILD_EXPECT(setresuid(0, 0, 0) == -1 && errno == EPERM);
    CHILD_EXPECT(setgroups(1, groups) == -1 && errno == EPERM);
    return 0;
}

static void test_baggage(void)
{
    run_as_root(drop_with_baggage);
}

static int lock(void *context)
{
    char text[STATUS_LINE_SIZE];

    (void)context;
    CHILD_EXPECT(strcmp(status_text(text, 0, "NoNewPrivs"), "0") == 0);
    CHILD_EXPECT(privileges_lock() == 0);
    CHILD_EXPECT(strcmp(status_text(text, 0, "NoNewPrivs"), "1") == 0);
    return 0;
}

static void test_lock(void)
{
    char text[STATUS_LINE_SIZE];

    if (strcmp(status_text(text, 0, "NoNewPrivs"), "0") != 0) {
        unit_skip("this process has no_new_privs already");
        return;
    }
    ASSERT_NUMBER(child_run(lock, NULL), 0);
}

const struct unit_test privileges_tests[] = {
    {"baggage", test_baggage},
    {"without_setgid", test_without_setgid},
    {"without_setuid", test_without_setuid},
    {"without_setpcap", test_without_setpcap},
    {"other_user", test_other_user},
    {"lock", test_lock},
    {NULL, NULL},
};
