#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf_load.h"
#include "conf/conf_value.h"
#include "control/verb.h"

#define HELP_LIMIT 8192

struct verb {
    const char *name;
    const char *operand; /* for the usage line, or NULL when it takes none */
    bool takes_many;     /* any number of operands */
    const char *flag;    /* its own long option, or NULL when it has none */
    const char *help;    /* one line */
    const char *more;    /* what its own help adds */
    verb_fn *fn;
};

static const struct verb verbs[] = {
    {.name = "status",
     .help = "show the balancer, its services and their backends",
     .more = "The same text as http://ADDRESS:9000/, read from shared memory.\n"
             "Exit status 3 when the instance is not running, or its master is dead.\n",
     .fn = verb_status},
    {.name = "check",
     .operand = "[FILE]",
     .help = "check a configuration file and say what it would serve",
     .more = "Without FILE the one of -c, else the default. Every mistake is printed, nothing is\n"
             "started and no name is resolved. Exit status 1 when there is a mistake.\n",
     .fn = verb_check},
    {.name = "health",
     .help = "say whether this balancer works",
     .more =
         "Prints what http://ADDRESS:9000/healthz says: \"ok\", or \"degraded: \" and why when it\n"
         "serves all the same, with exit status 0; else why it does not serve, with exit\n"
         "status 1. Exit status 3 when the instance is not running.\n",
     .fn = verb_health},
    {.name = "reload",
     .help = "make the running balancer read its configuration again",
     .more = "Waits for the result, up to 30 s. No connection is touched unless its service or\n"
             "backend is gone. Exit status 1 when the file, or something else, was refused:\n"
             "every reason is printed and nothing has changed. For root, and for the user who\n"
             "started it. Exit status 3 when the instance is not running.\n",
     .fn = verb_reload},
    {.name = "stop",
     .flag = "step-down",
     .help = "stop the balancer at once and wait until it is gone",
     .more = "Open connections are closed. For root, and for the user who started it. Waits up to\n"
             "10 s. What a dead master has left running is ended, and its files are removed.\n"
             "Exit status 3 when the instance is not running.\n\n"
             "  --step-down  end the master alone: its processes go on serving until the next\n"
             "               start takes over from them, and no connection is closed\n",
     .fn = verb_stop},
    {.name = "import",
     .operand = "FILE",
     .help = "take over what the file of another program says",
     .more = "FILE is a kubeconfig, or - for standard input. Its CA and client certificate become\n"
             "the credentials of the health checks: the files ca.crt, client.crt and client.key\n"
             "in the directory that `credentials` in the configuration names, else in the\n"
             "default one. All three are written or none, for their owner alone. On a\n"
             "controller: k0s kubeconfig create k0slb | ssh LB k0slbctl import -\n",
     .fn = verb_import},
    {.name = "doctor",
     .operand = "[NAME]...",
     .takes_many = true,
     .flag = "json",
     .help = "ask every backend once and say what is wrong and what to do",
     .more = "From the configuration alone: the balancer need not run. NAME is a service or a\n"
             "controller; without any, all are asked. Each is resolved, connected to, shaken\n"
             "hands with and asked as its check does; certificates are looked at, and with a\n"
             "client certificate the keys of service accounts compared. Exit status 0 when all\n"
             "is well, 1 when there is an error, 4 when there are only warnings.\n\n"
             "  --json  the same as one JSON text\n",
     .fn = verb_doctor},
    {.name = "version", .help = "print the version", .more = "", .fn = verb_version},
};

/* ---- help ---- */

static int print_help(void)
{
    struct textbuf text;
    int status;

    textbuf_init(&text, HELP_LIMIT);
    textbuf_puts(&text, "usage: k0slbctl [-n NAME] [-c FILE] VERB\n\n");
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        const char *operand = verbs[i].operand != NULL ? verbs[i].operand : "";

        textbuf_printf(&text, "  %-9s%-10s%s\n", verbs[i].name, operand, verbs[i].help);
    }
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

static int print_verb_help(const struct verb *verb)
{
    struct textbuf text;
    int status;

    textbuf_init(&text, HELP_LIMIT);
    textbuf_printf(&text, "usage: k0slbctl [-n NAME] [-c FILE] %s", verb->name);
    if (verb->flag != NULL)
        textbuf_printf(&text, " [--%s]", verb->flag);
    if (verb->operand != NULL)
        textbuf_printf(&text, " %s", verb->operand);
    textbuf_printf(&text, "\n\n%s: %s\n%s", verb->name, verb->help, verb->more);
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

/* ---- the command line ---- */

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

static enum parse_result refuse_option(int option, char **argv)
{
    const char *what = option == ':' ? "needs a value" : "is unknown";

    if (optopt != 0)
        control_complain("option -%c %s; try k0slbctl --help", optopt, what);
    else
        control_complain("option %s %s; try k0slbctl --help", argv[optind - 1], what);
    return PARSE_WRONG;
}

/*
 * Reads the options up to the first other argument, where optind is then. The same ones may stand
 * before the verb and after it, where the verb's own flag (may be NULL) is one more.
 */
static enum parse_result parse_options(struct control *control, const char *flag, int argc,
                                       char **argv)
{
    const struct option long_options[] = {{"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {flag, no_argument, NULL, 'f'},
                                          {NULL, 0, NULL, 0}};
    enum parse_result result = PARSE_GO_ON;

    optind = 0; /* begins anew */
    opterr = 0;
    while (result == PARSE_GO_ON) {
        int option = getopt_long(argc, argv, "+:n:c:hV", long_options, NULL);

        if (option == -1)
            break;
        if (option == 'n')
            result = set_instance(control, optarg);
        else if (option == 'c')
            control->config = optarg;
        else if (option == 'h')
            result = PARSE_HELP;
        else if (option == 'V')
            result = PARSE_VERSION;
        else if (option == 'f')
            control->flag = true;
        else
            result = refuse_option(option, argv);
    }
    return result;
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    return NULL;
}

/* What follows the verb beyond what it takes, or NULL. */
static const char *first_extra(const struct verb *verb, const struct control *control)
{
    int most = verb->operand != NULL ? 1 : 0;

    if (verb->takes_many || control->operand_count <= most)
        return NULL;
    return control->operands[most];
}

/* argv[0] is the verb. */
static int run_verb(struct control *control, int argc, char **argv)
{
    const struct verb *verb = find_verb(argv[0]);
    enum parse_result result;
    const char *extra;

    if (verb == NULL) {
        control_complain("unknown verb %s; try k0slbctl --help", argv[0]);
        return CONTROL_USAGE;
    }
    result = parse_options(control, verb->flag, argc, argv);
    if (result == PARSE_HELP)
        return print_verb_help(verb);
    if (result == PARSE_VERSION)
        return verb_version(control);
    if (result == PARSE_WRONG)
        return CONTROL_USAGE;
    control->operands = argv + optind;
    control->operand_count = argc - optind;
    control->operand = optind < argc ? argv[optind] : NULL;
    extra = first_extra(verb, control);
    if (extra != NULL) {
        control_complain("%s: %s is one argument too many; try k0slbctl %s --help", verb->name,
                         extra, verb->name);
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
        return print_help();
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
