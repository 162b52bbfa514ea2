#include "unit/role/status.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void squeeze(char *to, const char *from)
{
    const char *begin = to;

    while (isspace((unsigned char)*from))
        from++;
    for (; *from != '\0'; from++) {
        if (!isspace((unsigned char)*from))
            *to++ = *from;
        else if (to[-1] != ' ')
            *to++ = ' ';
    }
    while (to > begin && to[-1] == ' ')
        to--;
    *to = '\0';
}

char *status_text(char text[STATUS_LINE_SIZE], pid_t pid, const char *field)
{
    char path[64] = "/proc/self/status";
    char line[STATUS_LINE_SIZE];
    size_t length = strlen(field);
    FILE *file;

    if (pid != 0)
        snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    strcpy(text, "?");
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, field, length) == 0 && line[length] == ':')
            squeeze(text, line + length + 1);
    }
    if (file != NULL)
        fclose(file);
    return text;
}

uint64_t status_bits(pid_t pid, const char *field)
{
    char text[STATUS_LINE_SIZE];

    return strtoull(status_text(text, pid, field), NULL, 16);
}
