#include "system/command.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "unit/unit.h"

void command_start(struct command *command, const struct instance *instance, const char *words)
{
    const char *dir = getenv("K0SLB_BUILDDIR");
    char line[4096];

    snprintf(line, sizeof(line), "exec '%s/k0slbctl' -n '%s' -c '%s' %s 2>&1",
             dir != NULL ? dir : ".", instance->name, instance->config, words);
    command->pipe = popen(line, "re");
    CU_ASSERT_PTR_NOT_NULL_FATAL(command->pipe);
}

bool command_has_begun(struct command *command, const char *line)
{
    if (fgets(command->text, sizeof(command->text), command->pipe) == NULL)
        command->text[0] = '\0';
    command->status = -1;
    return strcmp(command->text, line) == 0 || command_said(command, line);
}

int command_finish(struct command *command)
{
    size_t got = fread(command->text, 1, sizeof(command->text) - 1, command->pipe);
    int status = pclose(command->pipe);

    command->text[got] = '\0';
    command->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return command->status;
}

int command_run(struct command *command, const struct instance *instance, const char *words)
{
    command_start(command, instance, words);
    return command_finish(command);
}

bool command_said(const struct command *command, const char *text)
{
    if (strstr(command->text, text) != NULL)
        return true;
    printf("k0slbctl said, with status %d: %s\n", command->status, command->text);
    return false;
}
