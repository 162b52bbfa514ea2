#include "control/doctor_findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/conf.h"

static int grow(struct doctor_findings *findings)
{
    size_t room = findings->room > 0 ? 2 * findings->room : 16;
    struct doctor_finding *list = realloc(findings->list, room * sizeof(*list));

    if (list == NULL)
        return -1;
    findings->list = list;
    findings->room = room;
    return 0;
}

struct doctor_finding *doctor_findings_add(struct doctor_findings *findings, enum doctor_mark mark,
                                           const char *code, const char *format, ...)
{
    struct doctor_finding *finding;
    va_list args;

    if (findings->count == findings->room && grow(findings) == -1) {
        findings->out_of_memory = true;
        return NULL;
    }
    finding = &findings->list[findings->count++];
    *finding = (struct doctor_finding){
        .mark = mark,
        .service = CONF_NO_INDEX,
        .backend = CONF_NO_INDEX,
    };
    snprintf(finding->code, sizeof(finding->code), "%s", code);
    va_start(args, format);
    vsnprintf(finding->text, sizeof(finding->text), format, args);
    va_end(args);
    return finding;
}

size_t doctor_findings_count(const struct doctor_findings *findings, enum doctor_mark mark)
{
    size_t count = 0;

    for (size_t i = 0; i < findings->count; i++)
        count += findings->list[i].mark == mark;
    return count;
}

const char *doctor_mark_name(enum doctor_mark mark)
{
    static const char *const names[] = {
        [DOCTOR_SKIPPED] = "skipped", [DOCTOR_OK] = "ok",       [DOCTOR_NOTE] = "note",
        [DOCTOR_WARNING] = "warning", [DOCTOR_ERROR] = "error",
    };

    return names[mark];
}

void doctor_findings_free(struct doctor_findings *findings)
{
    free(findings->list);
    *findings = (struct doctor_findings){0};
}
