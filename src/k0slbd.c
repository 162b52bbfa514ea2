/* The daemon's stub: reads the command line, then the master runs. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"

#include "base/fd.h"
#include "base/process.h"
#include "conf/conf_load.h"
#include "master/master.h"
#include "probe/trial.h"

#define EXIT_USAGE 2

static const char usage[] = "usage: k0slbd [-c FILE] [-t] [-d] [-V|--version] [-h|--help]\n"
                            "  -c FILE         configuration file (default: %s)\n"
                            "  -t              check the file, say every mistake in it, and exit\n"
                            "  -d              run as a daemon: return when it serves, or cannot\n"
                            "  -V, --version   print the version and exit\n"
                            "  -h, --help      print this and exit\n"
                            "Without -d it runs in the foreground. TERM or INT stops at once, QUIT "
                            "after the last connection.\n";

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
    return EXIT_SUCCESS;
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
    while ((option = getopt_long(argc, argv, "c:tdhV", options, NULL)) != -1) {
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
            return EXIT_SUCCESS;
        case 'V':
            puts("k0slbd " PACKAGE_VERSION);
            return EXIT_SUCCESS;
        default:
            fprintf(stderr, usage, conf_default_path());
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "k0slbd: unexpected argument '%s'\n", argv[optind]);
        return EXIT_USAGE;
    }
    return check_only ? check(master.path) : master_run(&master);
}
