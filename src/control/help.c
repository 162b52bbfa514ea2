#include <string.h>

#include "conf/conf_load.h"
#include "control/verbs.h"

#define HELP_LIMIT 8192

/* Lines of help are shorter than that. */
#define HELP_WIDTH 80

/* Where it is said what a verb does. */
#define HELP_COLUMN 31

/* Further lines of a usage begin there. */
#define USAGE_INDENT 7

static void put_verb(struct textbuf *text, const struct verb *verb)
{
    size_t begin = text->length;

    textbuf_printf(text, "  %s %s", verb->name, verb->operands);
    textbuf_printf(text, "%*s", (int)(begin + HELP_COLUMN - text->length), "");
    textbuf_printf(text, "%s\n", verb->help);
}

int verb_print_help(void)
{
    struct textbuf text;
    int status;

    textbuf_init(&text, HELP_LIMIT);
    textbuf_puts(&text, "usage: k0slbctl [-n NAME] [-c FILE] VERB [OPTION]... [ARGUMENT]...\n\n");
    for (size_t i = 0; i < verb_count; i++)
        put_verb(&text, &verbs[i]);
    textbuf_printf(
        &text,
        "\n"
        "  -n NAME        the instance (default: `name` in the file, else k0slb)\n"
        "  -c FILE        its configuration (default: %s)\n"
        "  -h, --help     this text; after a verb, the verb's own\n"
        "  -V, --version  the version\n\n"
        "Exit status: 0 done, 1 refused or failed, 2 usage, 3 not running, 4 warnings.\n",
        conf_default_path());
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

/* One piece of a usage, which is never broken. */
struct usage {
    struct textbuf *text;
    size_t column;
};

static void put_piece(struct usage *usage, const char *piece)
{
    size_t size = strlen(piece);

    if (usage->column + 1 + size >= HELP_WIDTH) {
        textbuf_printf(usage->text, "\n%*s", USAGE_INDENT - 1, "");
        usage->column = USAGE_INDENT - 1;
    }
    textbuf_printf(usage->text, " %s", piece);
    usage->column += 1 + size;
}

static void put_options(struct usage *usage, unsigned has)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const struct verb_option *option = &verb_options[i];
        struct textbuf piece;

        if (!(has >> i & 1))
            continue;
        textbuf_init(&piece, HELP_LIMIT);
        textbuf_printf(&piece, "[--%s%s%s]", option->name, option->value != NULL ? " " : "",
                       option->value != NULL ? option->value : "");
        put_piece(usage, piece.data != NULL ? piece.data : "");
        textbuf_fini(&piece);
    }
}

int verb_print_own_help(const struct verb *verb)
{
    static const char begin[] = "usage: k0slbctl [-n NAME] [-c FILE]";
    struct textbuf text;
    struct usage usage = {.text = &text, .column = sizeof(begin) - 1};
    int status;

    textbuf_init(&text, HELP_LIMIT);
    textbuf_puts(&text, begin);
    put_piece(&usage, verb->name);
    put_options(&usage, verb->options);
    if (verb->operands[0] != '\0')
        put_piece(&usage, verb->operands);
    textbuf_printf(&text, "\n\n%s: %s\n%s%s", verb->name, verb->help,
                   verb->more[0] != '\0' ? "\n" : "", verb->more);
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}
