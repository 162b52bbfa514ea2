#include "role/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

static int failed(const char *step)
{
    log_error("cannot give up root: %s: %s", step, strerror(errno));
    return -1;
}

/* Capabilities that not even an exec of a privileged file could bring back. */
static int drop_bounding_set(void)
{
    for (unsigned long capability = 0; capability < 64; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == -1)
            return errno == EINVAL ? 0 : -1; /* past the last one that this kernel knows */
    }
    return 0;
}

static int clear_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    return (int)syscall(SYS_capset, &header, none);
}

static bool is_dropped(uint32_t uid, uint32_t gid)
{
    uid_t user[3];
    gid_t group[3];

    if (getresuid(&user[0], &user[1], &user[2]) == -1 ||
        getresgid(&group[0], &group[1], &group[2]) == -1)
        return false;
    for (int i = 0; i < 3; i++) {
        if (user[i] != uid || group[i] != gid)
            return false;
    }
    return getgroups(0, NULL) == 0;
}

int privileges_lock(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ? failed("no_new_privs") : 0;
}

int privileges_drop(uint32_t uid, uint32_t gid)
{
    if (drop_bounding_set() == -1)
        return failed("bounding set");
    if (setgroups(0, NULL) == -1)
        return failed("setgroups");
    if (setresgid(gid, gid, gid) == -1)
        return failed("setresgid");
    if (setresuid(uid, uid, uid) == -1)
        return failed("setresuid");
    if (clear_capabilities() == -1)
        return failed("capset");
    if (!is_dropped(uid, gid)) {
        errno = EPERM;
        return failed("the ids did not change");
    }
    return privileges_lock();
}

int privileges_give_up(const struct conf_global *global)
{
    if (!global->change_user)
        return privileges_lock();
    return privileges_drop(global->uid, global->gid);
}
