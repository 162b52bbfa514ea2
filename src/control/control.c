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
    const char *second;  /* another one, which may be left out, or NULL */
    bool takes_many;     /* any number of operands */
    const char *flag;    /* its own long option, or NULL when it has none */
    unsigned options;    /* bit k: it has enum control_option k */
    const char *help;    /* one line */
    const char *more;    /* what its own help adds */
    verb_fn *fn;
};

#define OPTIONS_READY (1u << OPTION_WAIT | 1u << OPTION_TIMEOUT | 1u << OPTION_SELF)
#define OPTIONS_DRAIN                                                                              \
    (1u << OPTION_OVER | 1u << OPTION_WAIT | 1u << OPTION_TIMEOUT | 1u << OPTION_FORCE)
#define OPTIONS_MAINT                                                                              \
    (1u << OPTION_WAIT | 1u << OPTION_TIMEOUT | 1u << OPTION_FORCE | 1u << OPTION_SELF)

static const struct {
    const char *name;
    const char *value; /* what it takes, or NULL */
} options[OPTION_COUNT] = {
    [OPTION_OVER] = {"over", "TIME"},       [OPTION_WAIT] = {"wait", NULL},
    [OPTION_TIMEOUT] = {"timeout", "TIME"}, [OPTION_FORCE] = {"force", NULL},
    [OPTION_SELF] = {"self", NULL},
};

static const struct verb verbs[] = {
    {.name = "status",
     .help = "show the balancer, its services and their backends",
     .more = "The same text as http://ADDRESS:9000/, read from shared memory.\n"
             "Exit status 3 when the instance is not running, or its master is dead.\n",
     .fn = verb_status},
    {.name = "events",
     .help = "show the last 256 things that happened",
     .more =
         "State changes with their reasons, reloads, processes that died and what administrators\n"
         "said, the oldest first, in UTC. Exit status 3 when the instance is not running, or\n"
         "its master is dead.\n",
     .fn = verb_events},
    {.name = "drain",
     .operand = "CONTROLLER",
     .second = "SERVICE",
     .options = OPTIONS_DRAIN,
     .help = "send nothing new to a controller",
     .more =
         "In all its services, or in SERVICE alone. It is still probed, and its sessions go on\n"
         "until they end. It stays so through reloads and restarts, until `ready`.\n\n"
         "  --over TIME     also close its sessions, the longest idle first, spread over TIME\n"
         "  --wait          return when none is left, with \"safe to upgrade\"\n"
         "  --timeout TIME  wait no longer than that, and end with exit status 1\n"
         "  --force         do it although it is the last one of a service that is up, or\n"
         "                  fewer than a majority of the controllers would be left\n\n"
         "TIME is a number with ms, s, m or h. For root, and for the user who started the\n"
         "balancer.\n",
     .fn = verb_drain},
    {.name = "ready",
     .operand = "CONTROLLER",
     .second = "SERVICE",
     .options = OPTIONS_READY,
     .help = "end drain or maint of a controller",
     .more = "In all its services, or in SERVICE alone. After maint it is used when a probe has\n"
             "succeeded.\n\n"
             "  --wait          return when it is up in each of them\n"
             "  --timeout TIME  wait no longer than that, and end with exit status 1\n"
             "  --self          without CONTROLLER: end maint of this balancer\n",
     .fn = verb_ready},
    {.name = "maint",
     .operand = "CONTROLLER",
     .second = "SERVICE",
     .options = OPTIONS_MAINT,
     .help = "send nothing to a controller, close its sessions now",
     .more =
         "In all its services, or in SERVICE alone. It is no longer probed. It stays so through\n"
         "reloads and restarts, until `ready`.\n\n"
         "  --wait          return when no session is left\n"
         "  --timeout TIME  wait no longer than that, and end with exit status 1\n"
         "  --force         do it although it is the last one of a service that is up, or\n"
         "                  fewer than a majority of the controllers would be left\n"
         "  --self          without CONTROLLER: this balancer. It goes on serving; /healthz\n"
         "                  answers 503 \"maint\" and `health` ends with exit status 1, for\n"
         "                  whatever moves the address to another machine\n",
     .fn = verb_maint},
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
     .more =
         "What FILE (- = standard input) is, is seen by what is in it:\n\n"
         "kubeconfig   its CA and client certificate become the credentials of the health\n"
         "             checks: the files ca.crt, client.crt and client.key in the directory\n"
         "             that `credentials` in the configuration names, else in the default one.\n"
         "             All three are written or none, for their owner alone. On a controller:\n"
         "             k0s kubeconfig create k0slb | ssh LB k0slbctl import -\n"
         "haproxy.cfg  a configuration that does the same for TCP is printed\n"
         "k0sctl.yaml  one for its controllers is printed\n\n"
         "What cannot be carried over stands in the printed text as comments. To put it in\n"
         "force: k0slbctl import haproxy.cfg >k0slb.ini, k0slbctl check k0slb.ini.\n",
     .fn = verb_import},
    {.name = "k0s-config",
     .help = "print what k0s.yaml needs to know about this balancer",
     .more = "The lines of spec.api for k0s.yaml, and the same for k0sctl.yaml, from\n"
             "`external_address` in the configuration. Exit status 1 when that is not set.\n",
     .fn = verb_k0s_config},
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

        textbuf_printf(&text, "  %-11s%-11s%s\n", verbs[i].name, operand, verbs[i].help);
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

static void put_options(struct textbuf *text, unsigned has)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        if (!(has >> i & 1))
            continue;
        textbuf_printf(text, " [--%s", options[i].name);
        if (options[i].value != NULL)
            textbuf_printf(text, " %s", options[i].value);
        textbuf_puts(text, "]");
    }
}

static int print_verb_help(const struct verb *verb)
{
    struct textbuf text;
    int status;

    textbuf_init(&text, HELP_LIMIT);
    textbuf_printf(&text, "usage: k0slbctl [-n NAME] [-c FILE] %s", verb->name);
    if (verb->flag != NULL)
        textbuf_printf(&text, " [--%s]", verb->flag);
    put_options(&text, verb->options);
    if (verb->operand != NULL)
        textbuf_printf(&text, " %s", verb->operand);
    if (verb->second != NULL)
        textbuf_printf(&text, " [%s]", verb->second);
    textbuf_printf(&text, "\n\n%s: %s\n%s", verb->name, verb->help, verb->more);
    status = control_print(&text);
    textbuf_fini(&text);
    return status;
}

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

static enum parse_result refuse_option(int option, char **argv)
{
    const char *what = option == ':' ? "needs a value" : "is unknown";

    if (optopt >= OPTION_FIRST)
        control_complain("option --%s %s; try k0slbctl --help", options[optopt - OPTION_FIRST].name,
                         what);
    else if (optopt != 0)
        control_complain("option -%c %s; try k0slbctl --help", optopt, what);
    else
        control_complain("option %s %s; try k0slbctl --help", argv[optind - 1], what);
    return PARSE_WRONG;
}

/* Options that every verb has, its flag, its options, and the end. */
#define LONG_OPTIONS (2 + 1 + OPTION_COUNT + 1)

static void list_options(struct option list[LONG_OPTIONS], const struct verb *verb)
{
    size_t count = 0;

    list[count++] = (struct option){"help", no_argument, NULL, 'h'};
    list[count++] = (struct option){"version", no_argument, NULL, 'V'};
    if (verb != NULL && verb->flag != NULL)
        list[count++] = (struct option){verb->flag, no_argument, NULL, 'f'};
    for (int i = 0; verb != NULL && i < OPTION_COUNT; i++) {
        int argument = options[i].value != NULL ? required_argument : no_argument;

        if (verb->options >> i & 1)
            list[count++] = (struct option){options[i].name, argument, NULL, OPTION_FIRST + i};
    }
    list[count] = (struct option){NULL, 0, NULL, 0};
}

static enum parse_result take_option(struct control *control, int option, char **argv)
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
    case 'f':
        control->flag = true;
        return PARSE_GO_ON;
    default:
        return refuse_option(option, argv);
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
        result = take_option(control, option, argv);
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
    int most = (verb->operand != NULL) + (verb->second != NULL);

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
    result = parse_options(control, verb, argc, argv);
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
