/* The daemon's stub: reads the command line, then the master runs. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#include "base/fd.h"
#include "base/process.h"
#include "conf/conf_load.h"
#include "master/master.h"
#include "probe/trial.h"

#define EXIT_USAGE 2

static const char usage[] =
    "usage: k0slbd [-c FILE] [-t] [-d] [-V|--version] [-h|--help]\n"
    "  -c FILE         configuration file (default: %s)\n"
    "  -t              check the file, say every mistake in it, and exit, even with -d\n"
    "  -d              run as a daemon: return when it serves, or cannot\n"
    "  -V, --version   print the version and exit\n"
    "  -h, --help      print this and exit\n"
    "Without -d it runs in the foreground. TERM or INT stops at once, QUIT "
    "after the last connection.\n";

/* What was printed has to have gone somewhere. */
static int finish_output(void)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "k0slbd: cannot write the output: %s\n", strerror(errno));
    return EXIT_FAILURE;
}

/* getopt_long(3) names a letter that it knows; a long option that it does not is the last argument.
 */
static int refuse_option(int option, char **argv)
{
    const char *last = argv[optind - 1];

    if (option == ':')
        fprintf(stderr, "k0slbd: option -%c needs a value; try k0slbd --help\n", optopt);
    else if (optopt == 0)
        fprintf(stderr, "k0slbd: option %s is unknown; try k0slbd --help\n", last);
    else if (strncmp(last, "--", 2) == 0 && (optopt == 'h' || optopt == 'V'))
        fprintf(stderr, "k0slbd: option %s takes no value; try k0slbd --help\n", last);
    else
        fprintf(stderr, "k0slbd: option -%c is unknown; try k0slbd --help\n", optopt);
    return EXIT_USAGE;
}

static int check(const char *path)
{
    struct conf_report report = {.path = path};
    struct conf conf;
    int result = conf_load(&conf, path, &report);

    if (result == 0 && trial_conf(&conf, &report) == -1) {
        conf_free(&conf);
        result = -1;
    }
    conf_report_print(&report, stderr);
    conf_report_free(&report);
    if (result == -1)
        return EXIT_FAILURE;
    printf("%s: ok\n", path);
    conf_free(&conf);
    return finish_output();
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};
    struct master_options master = {.path = conf_default_path()};
    bool check_only = false;
    int option;

    if (fd_fill_standard() == -1) {
        perror("k0slbd: /dev/null");
        return EXIT_FAILURE;
    }
    process_init_title(argc, argv);
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":c:tdhV", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            master.path = optarg;
            break;
        case 't':
            check_only = true;
            break;
        case 'd':
            master.is_daemon = true;
            break;
        case 'h':
            printf(usage, conf_default_path());
            return finish_output();
        case 'V':
            puts("k0slbd " PACKAGE_VERSION);
            return finish_output();
        default:
            return refuse_option(option, argv);
        }
    }
    if (optind < argc) {
        fprintf(stderr, "k0slbd: %s is one argument too many; try k0slbd --help\n", argv[optind]);
        return EXIT_USAGE;
    }
    return check_only ? check(master.path) : master_run(&master);
}
