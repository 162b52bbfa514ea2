/* Loads configuration text without touching the disk, and holds expectation tables against it. */
#ifndef K0SLB_TESTS_UNIT_CONF_CONF_TEST_H
#define K0SLB_TESTS_UNIT_CONF_CONF_TEST_H

#include <stddef.h>

#include "conf/conf_load.h"

struct loaded {
    struct conf conf;
    struct conf_report report; /* of the path "t.ini" */
    int result;                /* of conf_load() */
    char errors[16384];        /* the texts of all errors, one a line */
};

/* A file, and everything that is said about it: one line each, in order, without final newline. */
struct expectation {
    const char *text;
    const char *errors;
};

#define CONTROLLERS "[controllers]\nc1 = 10.0.0.11\nc2 = 10.0.0.12\n"

/* Loads `size` bytes as a file. Free with loaded_free(). */
void load_bytes(struct loaded *loaded, const char *text, size_t size);
void load_text(struct loaded *loaded, const char *text);
void loaded_free(struct loaded *loaded);

/* The same, failing the running test unless it is accepted. */
void load_good(struct loaded *loaded, const char *text);

/* Compares two texts line by line, each difference a failure of its own. */
void assert_lines(const char *got, const char *wanted);

/* Loads each and compares the errors. */
void expect_errors(const struct expectation *list, size_t count);

/* The service of that name, failing the running test and giving the first when there is none. */
const struct conf_service *service_named(const struct conf *conf, const char *name);

/* The sockets of a service, or the backends as "NAME ADDRESS:PORT weight[ backup]", joined by ", ".
 */
const char *listen_text(const struct conf *conf, const struct conf_service *service,
                        char out[1024]);
const char *backends_text(const struct conf *conf, const struct conf_service *service,
                          char out[1024]);

#endif
