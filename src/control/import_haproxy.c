#include "control/import_haproxy.h"

#include <stdlib.h>

#include "control/import.h"
#include "control/import_draft.h"
#include "control/import_haproxy_service.h"

/* Nobody reads more. */
#define NOTES_MOST 100

/* There is nothing to print; what there was is said. */
static int refuse_all(const struct import_source *source, struct haproxy *file)
{
    haproxy_settle_notes(file);
    control_complain("%s: it has no service of TCP with servers that k0slb could take over",
                     source->name);
    for (size_t i = 0; i < file->note_count && i < NOTES_MOST; i++)
        control_complain("%s:%u: %s", source->name, file->notes[i].line, file->notes[i].text);
    return CONTROL_REFUSED;
}

static int write_out(const struct import_source *source, struct haproxy_services *services)
{
    struct import_draft draft = {.name = source->name};
    int status = CONTROL_REFUSED;

    haproxy_services_recognise(services);
    haproxy_services_write(services, &draft);
    draft.out_of_memory |= services->file->out_of_memory;
    if (import_draft_settle(&draft) == 0) {
        status = import_draft_print(&draft);
        import_draft_tell(&draft);
    }
    import_draft_free(&draft);
    return status;
}

int import_haproxy(const struct import_source *source)
{
    struct haproxy_services *services = calloc(1, sizeof(*services));
    struct conf_report report = {.path = source->name};
    struct haproxy file = {.report = &report};
    int status = CONTROL_REFUSED;
    int result = haproxy_read(&file, source->text, source->size);

    if (services == NULL) {
        control_complain("there is not enough memory");
    } else {
        if (haproxy_services_find(services, &file) == -1 || result == -1) {
            conf_report_sort(&report);
            control_complain_all(&report);
        } else if (services->count == 0) {
            status = refuse_all(source, &file);
        } else {
            status = write_out(source, services);
        }
    }
    conf_report_free(&report);
    haproxy_free(&file);
    free(services);
    return status;
}
