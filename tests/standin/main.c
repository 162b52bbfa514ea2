/*
 * k0slb-standin: a k0s controller as far as its three ports go, for trying k0slb out and for its
 * tests. One process is one controller, so that a test can kill it and start it again.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority.h"
#include "endpoint.h"
#include "ports.h"
#include "server.h"

#define EXIT_USAGE 2
#define MAX_NAMES  16

static const char usage[] =
    "usage: k0slb-standin ca DIR\n"
    "           makes an authority: DIR/ca.crt and DIR/ca.key\n"
    "       k0slb-standin serve [--san NAME]... DIR NAME ADDRESS [API KONNECTIVITY JOIN]\n"
    "           serves as controller NAME on ADDRESS, on ports 6443, 8132 and 9443 unless given;\n"
    "           says \"NAME ready\" on stdout when all three listen\n"
    "       k0slb-standin free COUNT ADDRESS...\n"
    "           prints COUNT ports that are free on all these addresses\n"
    "       k0slb-standin --help\n";

/* The command line of `serve`. */
struct options {
    const char *names[MAX_NAMES];
    size_t name_count;
    const char *dir;
    const char *controller;
    const char *address;
    uint16_t ports[PORT_COUNT];
};

static int complain_usage(void)
{
    fputs(usage, stderr);
    return EXIT_USAGE;
}

static bool parse_number(const char *text, uint16_t *value)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || number == 0 || number > 65535)
        return false;
    *value = (uint16_t)number;
    return true;
}

/* ARGUMENTS is what follows the word `serve`. */
static bool parse_serve(struct options *options, int count, char **arguments)
{
    while (count >= 2 && strcmp(arguments[0], "--san") == 0) {
        if (options->name_count == MAX_NAMES)
            return false;
        options->names[options->name_count++] = arguments[1];
        arguments += 2;
        count -= 2;
    }
    if (count != 3 && count != 3 + PORT_COUNT)
        return false;
    options->dir = arguments[0];
    options->controller = arguments[1];
    options->address = arguments[2];
    for (int i = 3; i < count; i++)
        if (!parse_number(arguments[i], &options->ports[i - 3]))
            return false;
    return true;
}

static bool open_servers(struct server *servers, const struct options *options)
{
    struct authority *authority = authority_open(options->dir);
    bool opened = authority != NULL;

    for (int i = 0; i < PORT_COUNT && opened; i++) {
        servers[i].controller = options->controller;
        servers[i].address = options->address;
        servers[i].port = options->ports[i] != 0 ? options->ports[i] : servers[i].ops->number;
        opened = server_open(&servers[i], authority, options->names, options->name_count) == 0;
    }
    authority_free(authority);
    return opened;
}

static int serve(const struct options *options)
{
    struct server servers[PORT_COUNT] = {
        {.ops = &port_api}, {.ops = &port_konnectivity, .like = &servers[0]}, {.ops = &port_join}};
    sigset_t ending;
    int signal_number;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGHUP);
    sigprocmask(SIG_BLOCK, &ending, NULL); /* before the threads, which inherit it */

    if (!open_servers(servers, options))
        return EXIT_FAILURE;
    for (int i = 0; i < PORT_COUNT; i++)
        if (server_start(&servers[i]) == -1)
            return EXIT_FAILURE;
    printf("%s ready\n", options->controller);
    fflush(stdout);
    sigwait(&ending, &signal_number);
    _exit(EXIT_SUCCESS); /* not exit(): the threads are still using what it would take down */
}

int main(int argc, char **argv)
{
    struct options options = {0};
    uint16_t count;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (argc == 3 && strcmp(argv[1], "ca") == 0)
        return authority_make(argv[2]) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    if (argc >= 2 && strcmp(argv[1], "serve") == 0 && parse_serve(&options, argc - 2, argv + 2))
        return serve(&options);
    if (argc >= 4 && strcmp(argv[1], "free") == 0 && parse_number(argv[2], &count))
        return endpoint_print_free(count, argv + 3, argc - 3) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    return complain_usage();
}
