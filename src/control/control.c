#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf_keys.h"
#include "conf/conf_load.h"
#include "conf/conf_value.h"
#include "control/verbs.h"

/* ---- the command line ---- */

/* What getopt_long(3) returns for an option of a verb: beyond any character. */
#define OPTION_FIRST 256

enum parse_result { PARSE_GO_ON, PARSE_HELP, PARSE_VERSION, PARSE_WRONG };

static enum parse_result set_instance(struct control *control, const char *name)
{
    if (!conf_value_is_name(name)) {
        control_complain("\"%s\" cannot be the name of an instance; try k0slbctl --help", name);
        return PARSE_WRONG;
    }
    control->instance = name;
    return PARSE_GO_ON;
}

/* Says what is wrong with an option, of a verb or in front of it (NULL), and where help is. */
static enum parse_result complain(const struct verb *verb, const char *option, const char *what)
{
    if (verb != NULL)
        control_complain("%s: option %s %s try k0slbctl %s --help", verb->name, option, what,
                         verb->name);
    else
        control_complain("option %s %s try k0slbctl --help", option, what);
    return PARSE_WRONG;
}

/* Only one typo away, or NULL. */
static const char *suggest_option(const struct verb *verb, const char *typed)
{
    for (int i = 0; verb != NULL && i < OPTION_COUNT; i++) {
        if ((verb->options >> i & 1) && conf_is_typo(typed, verb_options[i].name))
            return verb_options[i].name;
    }
    if (conf_is_typo(typed, "help"))
        return "help";
    return conf_is_typo(typed, "version") ? "version" : NULL;
}

/* In front of the verb: whether some verb has it, which is said then. */
static bool is_too_early(const struct verb *verb, const char *typed)
{
    for (size_t i = 0; verb == NULL && i < verb_count; i++) {
        for (int k = 0; k < OPTION_COUNT; k++) {
            if (!(verbs[i].options >> k & 1) || strcmp(typed, verb_options[k].name) != 0)
                continue;
            control_complain("option --%s belongs behind the verb, as in k0slbctl %s --%s", typed,
                             verbs[i].name, typed);
            return true;
        }
    }
    return false;
}

/* `option` is as it was typed, and begins with "--". */
static enum parse_result refuse_long_option(const struct verb *verb, const char *option)
{
    char typed[CONF_NAME_SIZE];
    char what[2 * CONF_NAME_SIZE];
    const char *meant;

    snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(option + 2, "="), option + 2);
    if (is_too_early(verb, typed))
        return PARSE_WRONG;
    meant = suggest_option(verb, typed);
    if (meant == NULL)
        return complain(verb, option, "is unknown;");
    snprintf(what, sizeof(what), "is unknown; did you mean --%s?", meant);
    return complain(verb, option, what);
}

/* getopt_long(3) names a long option that it knows, and one without a name is the last argument. */
static enum parse_result refuse_option(const struct verb *verb, int option, char **argv)
{
    const char *last = argv[optind - 1];
    bool is_long = strncmp(last, "--", 2) == 0;
    char typed[CONF_NAME_SIZE];

    if (optopt >= OPTION_FIRST) {
        snprintf(typed, sizeof(typed), "--%s", verb_options[optopt - OPTION_FIRST].name);
        return complain(verb, typed, option == ':' ? "needs a value;" : "takes no value;");
    }
    if (is_long && (optopt == 'h' || optopt == 'V'))
        return complain(verb, last, "takes no value;");
    if (optopt == 0)
        return refuse_long_option(verb, last);
    snprintf(typed, sizeof(typed), "-%c", optopt);
    return complain(verb, typed, option == ':' ? "needs a value;" : "is unknown;");
}

/* Options that every verb has, its own, and the end. */
#define LONG_OPTIONS (2 + OPTION_COUNT + 1)

static void list_options(struct option list[LONG_OPTIONS], const struct verb *verb)
{
    size_t count = 0;

    list[count++] = (struct option){"help", no_argument, NULL, 'h'};
    list[count++] = (struct option){"version", no_argument, NULL, 'V'};
    for (int i = 0; verb != NULL && i < OPTION_COUNT; i++) {
        int argument = verb_options[i].value != NULL ? required_argument : no_argument;

        if (verb->options >> i & 1)
            list[count++] = (struct option){verb_options[i].name, argument, NULL, OPTION_FIRST + i};
    }
    list[count] = (struct option){NULL, 0, NULL, 0};
}

static enum parse_result take_option(struct control *control, const struct verb *verb, int option,
                                     char **argv)
{
    if (option >= OPTION_FIRST) {
        control->options[option - OPTION_FIRST] = optarg != NULL ? optarg : "";
        return PARSE_GO_ON;
    }
    switch (option) {
    case 'n':
        return set_instance(control, optarg);
    case 'c':
        control->config = optarg;
        return PARSE_GO_ON;
    case 'h':
        return PARSE_HELP;
    case 'V':
        return PARSE_VERSION;
    default:
        return refuse_option(verb, option, argv);
    }
}

/*
 * Reads the options in front of the verb (NULL), up to the first other argument; or those of a
 * verb, wherever they stand, so that its operands come last. optind is there then.
 */
static enum parse_result parse_options(struct control *control, const struct verb *verb, int argc,
                                       char **argv)
{
    const char *letters = verb == NULL ? "+:n:c:hV" : ":n:c:hV";
    struct option list[LONG_OPTIONS];
    enum parse_result result = PARSE_GO_ON;

    list_options(list, verb);
    optind = 0; /* begins anew */
    opterr = 0;
    while (result == PARSE_GO_ON) {
        int option = getopt_long(argc, argv, letters, list, NULL);

        if (option == -1)
            break;
        result = take_option(control, verb, option, argv);
    }
    return result;
}

static int refuse_verb(const char *name)
{
    const struct verb *meant = verb_suggest(name);

    if (meant != NULL)
        control_complain("unknown verb %s; did you mean %s?", name, meant->name);
    else
        control_complain("unknown verb %s; try k0slbctl --help", name);
    return CONTROL_USAGE;
}

/* argv[0] is the verb. */
static int run_verb(struct control *control, int argc, char **argv)
{
    const struct verb *verb = verb_find(argv[0]);
    enum parse_result result;

    if (verb == NULL)
        return refuse_verb(argv[0]);
    result = parse_options(control, verb, argc, argv);
    if (result == PARSE_HELP)
        return verb_print_own_help(verb);
    if (result == PARSE_VERSION)
        return verb_version(control);
    if (result == PARSE_WRONG)
        return CONTROL_USAGE;
    control->operands = argv + optind;
    control->operand_count = argc - optind;
    control->operand = optind < argc ? argv[optind] : NULL;
    if (control->operand_count > verb->most_operands) {
        control_complain("%s: %s is one argument too many; try k0slbctl %s --help", verb->name,
                         control->operands[verb->most_operands], verb->name);
        return CONTROL_USAGE;
    }
    return verb->fn(control);
}

/*
 * Descriptors 0 to 2 are always taken, so that nothing that is opened gets the number of a closed
 * standard output; writing to that still fails.
 */
static void hold_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDONLY) != fd)
            return;
    }
}

int control_main(int argc, char **argv)
{
    struct control control = {.config = conf_default_path()};

    hold_standard_descriptors();
    signal(SIGPIPE, SIG_IGN);
    switch (parse_options(&control, NULL, argc, argv)) {
    case PARSE_HELP:
        return verb_print_help();
    case PARSE_VERSION:
        return verb_version(&control);
    case PARSE_WRONG:
        return CONTROL_USAGE;
    case PARSE_GO_ON:
        break;
    }
    if (optind >= argc) {
        control_complain("a verb is missing, such as status; try k0slbctl --help");
        return CONTROL_USAGE;
    }
    return run_verb(&control, argc - optind, argv + optind);
}
