#include "role/helper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"

#include "role/privileges.h"
#include "role/role.h"

/* The terminal's signals are the master's business; TERM and the alarm end it. */
static int reset_signals(void)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE};
    sigset_t none;

    for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
        signal(ignored[i], SIG_IGN);
    signal(SIGALRM, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

static int failed(const char *what)
{
    log_error("%s: %s", what, strerror(errno));
    return -1;
}

static int be_born(const struct helper_birth *birth)
{
    const int keep[] = {birth->log, birth->answers};
    char title[2 * CONF_NAME_SIZE];

    log_to_fd(birth->log);
    log_set_name(birth->name);
    snprintf(title, sizeof(title), "%s: %s", birth->epoch->global.name, birth->name);
    process_set_title(title);
    if (fd_close_others(STDERR_FILENO + 1, keep, ARRAY_LEN(keep)) == -1)
        return failed("cannot close inherited descriptors");
    if (reset_signals() == -1)
        return failed("cannot reset signals");
    alarm(birth->seconds);
    return privileges_give_up(&birth->epoch->global);
}

int helper_live(const struct helper_birth *birth)
{
    if (be_born(birth) == -1)
        return ROLE_EXIT_SETUP;
    birth->run(birth->context, birth->answers);
    return 0;
}
