#include "report/health_word.h"

#include <string.h>

#include "report/report.h"

/* More than any sentence has. */
#define SENTENCE_SIZE 2048

static const char *kind_of(const struct snapshot *snapshot, int status, const char *sentence)
{
    if (status != 200)
        return snapshot->admin == BOARD_ADMIN_MAINT ? "maint" : "failed";
    return strcmp(sentence, "ok\n") == 0 ? "ok" : "degraded";
}

const char *health_word(const struct snapshot *snapshot, struct textbuf *sentence)
{
    const char *kind = "degraded";
    struct textbuf text;
    int status;

    textbuf_init(&text, SENTENCE_SIZE);
    status = report_healthz(snapshot, &text);
    if (text.data != NULL)
        kind = kind_of(snapshot, status, text.data);
    if (text.data != NULL && sentence != NULL)
        textbuf_append(sentence, text.data, strcspn(text.data, "\n"));
    textbuf_fini(&text);
    return kind;
}
