#include "control/verb.h"

#include "config.h"

int verb_version(const struct control *control)
{
    struct textbuf text;
    int status;

    (void)control;
    textbuf_init(&text, 256);
    textbuf_puts(&text, "k0slbctl " PACKAGE_VERSION "\n");
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}
