#include "role/helper.h"

#include <signal.h>
#include <unistd.h>

#include "base/fd.h"

#include "role/privileges.h"
#include "role/role_life.h"

/* TERM and the alarm end it. */
static int reset_signals(void)
{
    sigset_t none;

    birth_ignore_terminal();
    signal(SIGALRM, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

static int be_born(const struct helper_birth *birth)
{
    const int keep[] = {birth->log, birth->answers};

    birth_speak(birth->global->name, birth->name, birth->log);
    if (fd_close_others(STDERR_FILENO + 1, keep, ARRAY_LEN(keep)) == -1)
        return birth_failed("cannot close inherited descriptors");
    if (reset_signals() == -1)
        return birth_failed("cannot reset signals");
    alarm(birth->seconds);
    if (birth->prepare != NULL)
        birth->prepare(birth->context);
    return privileges_give_up(birth->global);
}

int helper_live(const struct helper_birth *birth)
{
    if (be_born(birth) == -1)
        return ROLE_EXIT_SETUP;
    birth->run(birth->context, birth->answers);
    return 0;
}
