#include "control/verbs.h"

#include <string.h>

#include "conf/conf_keys.h"

#define BIT(option) (1u << (option))

const struct verb_option verb_options[OPTION_COUNT] = {
    [OPTION_JSON] = {"json", NULL},         [OPTION_NAMES] = {"names", NULL},
    [OPTION_COLOR] = {"color", NULL},       [OPTION_INTERVAL] = {"interval", "TIME"},
    [OPTION_OVER] = {"over", "TIME"},       [OPTION_WAIT] = {"wait", NULL},
    [OPTION_TIMEOUT] = {"timeout", "TIME"}, [OPTION_FORCE] = {"force", NULL},
    [OPTION_SELF] = {"self", NULL},         [OPTION_STEP_DOWN] = {"step-down", NULL},
};

const struct verb verbs[] = {
    {.name = "status",
     .operands = "[SERVICE|CONTROLLER]",
     .most_operands = 1,
     .options = BIT(OPTION_JSON) | BIT(OPTION_NAMES) | BIT(OPTION_COLOR),
     .help = "say whether the control plane can be reached",
     .more = "The same text as http://ADDRESS:9000/, read from shared memory; of one service,\n"
             "or of one controller in all its services. On a terminal it has colours, unless\n"
             "NO_COLOR is set.\n\n"
             "  --json   one JSON text, as http://ADDRESS:9000/stats.json has it\n"
             "  --names  the names of all services and controllers, one a line\n"
             "  --color  colours in any case\n\n"
             "Exit status 3 when the instance is not running, or its master is dead.\n",
     .fn = verb_status},
    {.name = "top",
     .operands = "",
     .options = BIT(OPTION_INTERVAL),
     .help = "show the same live, with rates",
     .more = "Keys: q quits, p pauses, s changes the order (as in status, worst first, most\n"
             "sessions first, most bytes first), arrows, PgUp, PgDn, Home and End move\n"
             "through what does not fit. It goes on when the balancer stops and starts again.\n\n"
             "  --interval TIME  how often it looks: 100ms to 1m (default: 1s)\n\n"
             "TIME is a number with ms, s, m or h.\n"
             "Exit status 2 when there is no terminal, 3 when the instance is not running at\n"
             "the start or at the end.\n",
     .fn = verb_top},
    {.name = "events",
     .operands = "",
     .options = BIT(OPTION_JSON),
     .help = "show the last 256 things that happened",
     .more = "State changes with their reasons, reloads, processes that died and what\n"
             "administrators said, the oldest first, in UTC.\n\n"
             "  --json  one JSON text: [{\"at\", \"text\"}]\n\n"
             "Exit status 3 when the instance is not running, or its master is dead.\n",
     .fn = verb_events},
    {.name = "health",
     .operands = "",
     .help = "say whether this balancer works",
     .more = "Prints what http://ADDRESS:9000/healthz says: \"ok\", or \"degraded: \" and why\n"
             "when it serves all the same, with exit status 0; else why it does not serve, or\n"
             "\"maint\" after `maint --self`, with exit status 1. Exit status 3 when the\n"
             "instance is not running.\n",
     .fn = verb_health},
    {.name = "doctor",
     .operands = "[NAME]...",
     .most_operands = VERB_ANY_NUMBER,
     .options = BIT(OPTION_JSON),
     .help = "ask every backend: what is wrong, what to do",
     .more = "From the configuration alone: the balancer need not run. NAME is a service or a\n"
             "controller; without any, all are asked. Each is resolved, connected to, shaken\n"
             "hands with and asked as its check does; certificates are looked at, and with a\n"
             "client certificate the keys of service accounts compared. Exit status 0 when\n"
             "all is well, 1 when there is an error, 4 when there are only warnings.\n\n"
             "  --json  the same as one JSON text\n",
     .fn = verb_doctor},
    {.name = "drain",
     .operands = "CONTROLLER [SERVICE]",
     .most_operands = 2,
     .options = BIT(OPTION_OVER) | BIT(OPTION_WAIT) | BIT(OPTION_TIMEOUT) | BIT(OPTION_FORCE),
     .help = "send nothing new to a controller",
     .more = "In all its services, or in SERVICE alone. It is still probed, and its sessions\n"
             "go on until they end. It stays so through reloads and restarts, until `ready`.\n\n"
             "  --over TIME     also close its sessions, the longest idle first, spread over\n"
             "                  TIME\n"
             "  --wait          return when none is left, with \"safe to upgrade\"\n"
             "  --timeout TIME  wait no longer than that, and end with exit status 1\n"
             "  --force         do it although it is the last one of a service that is up, or\n"
             "                  fewer than a majority of the controllers would be left\n\n"
             "TIME is a number with ms, s, m or h.\n"
             "For root, and for the user who started the balancer.\n",
     .fn = verb_drain},
    {.name = "ready",
     .operands = "CONTROLLER [SERVICE]",
     .most_operands = 2,
     .options = BIT(OPTION_WAIT) | BIT(OPTION_TIMEOUT) | BIT(OPTION_SELF),
     .help = "end drain or maint of a controller",
     .more = "In all its services, or in SERVICE alone. After maint it is used when a probe\n"
             "has succeeded.\n\n"
             "  --wait          return when it is up in each of them\n"
             "  --timeout TIME  wait no longer than that, and end with exit status 1\n"
             "  --self          without CONTROLLER: end maint of this balancer\n\n"
             "TIME is a number with ms, s, m or h.\n"
             "For root, and for the user who started the balancer.\n",
     .fn = verb_ready},
    {.name = "maint",
     .operands = "CONTROLLER [SERVICE]",
     .most_operands = 2,
     .options = BIT(OPTION_WAIT) | BIT(OPTION_TIMEOUT) | BIT(OPTION_FORCE) | BIT(OPTION_SELF),
     .help = "take a controller out, close its sessions now",
     .more = "In all its services, or in SERVICE alone. It gets nothing new and is no longer\n"
             "probed. It stays so through reloads and restarts, until `ready`.\n\n"
             "  --wait          return when no session is left\n"
             "  --timeout TIME  wait no longer than that, and end with exit status 1\n"
             "  --force         do it although it is the last one of a service that is up, or\n"
             "                  fewer than a majority of the controllers would be left\n"
             "  --self          without CONTROLLER: this balancer. It goes on serving;\n"
             "                  /healthz answers 503 \"maint\" and `health` ends with exit\n"
             "                  status 1, for whatever moves the address to another machine\n\n"
             "TIME is a number with ms, s, m or h.\n"
             "For root, and for the user who started the balancer.\n",
     .fn = verb_maint},
    {.name = "check",
     .operands = "[FILE]",
     .most_operands = 1,
     .help = "check a configuration, say what it would serve",
     .more = "FILE, - for standard input; without it the one of -c, else the default. Every\n"
             "mistake is printed, nothing is started and no name is resolved. Exit status 1\n"
             "when there is a mistake.\n",
     .fn = verb_check},
    {.name = "reload",
     .operands = "",
     .help = "make the balancer read its configuration again",
     .more = "Waits for the result, up to 30 s. No connection is touched unless its service\n"
             "or backend is gone. Exit status 1 when the file, or something else, was\n"
             "refused: every reason is printed and nothing has changed. Exit status 3 when\n"
             "the instance is not running. For root, and for the user who started the\n"
             "balancer.\n",
     .fn = verb_reload},
    {.name = "stop",
     .operands = "",
     .options = BIT(OPTION_STEP_DOWN),
     .help = "stop the balancer at once, wait until it is gone",
     .more = "Open connections are closed. Waits up to 10 s. What a dead master has left\n"
             "running is ended, and its files are removed. Exit status 3 when the instance is\n"
             "not running. For root, and for the user who started the balancer.\n\n"
             "  --step-down  end the master alone: its processes go on serving until the next\n"
             "               start takes over from them, and no connection is closed\n",
     .fn = verb_stop},
    {.name = "import",
     .operands = "FILE",
     .most_operands = 1,
     .help = "take over what another program's file says",
     .more = "What FILE (- = standard input) is, is seen by what is in it:\n\n"
             "kubeconfig   its CA and client certificate become the credentials of the health\n"
             "             checks: the files ca.crt, client.crt and client.key in the\n"
             "             directory that `credentials` in the configuration names, else in\n"
             "             the default one. All three are written or none, for their owner\n"
             "             alone. On a controller:\n"
             "             k0s kubeconfig create k0slb | ssh LB k0slbctl import -\n"
             "haproxy.cfg  a configuration that does the same for TCP is printed\n"
             "k0sctl.yaml  one for its controllers is printed\n\n"
             "What cannot be carried over stands in the printed text as comments. To put it\n"
             "in force: k0slbctl import haproxy.cfg >k0slb.ini, k0slbctl check k0slb.ini.\n",
     .fn = verb_import},
    {.name = "k0s-config",
     .operands = "",
     .help = "print what k0s.yaml needs to know about it",
     .more = "The lines of spec.api for k0s.yaml, and the same for k0sctl.yaml, from\n"
             "`external_address` in the configuration. Exit status 1 when that is not set.\n",
     .fn = verb_k0s_config},
    {.name = "version",
     .operands = "",
     .help = "print the version",
     .more = "",
     .fn = verb_version},
};

const size_t verb_count = ARRAY_LEN(verbs);

const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < verb_count; i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    return NULL;
}

const struct verb *verb_suggest(const char *typed)
{
    for (size_t i = 0; i < verb_count; i++) {
        if (conf_is_typo(typed, verbs[i].name))
            return &verbs[i];
    }
    return NULL;
}
