/*
 * `import`: what a file of another program says about the cluster. What is read and what is written
 * are apart, so that a file is known to be good before anything is touched.
 */
#ifndef K0SLB_CONTROL_IMPORT_H
#define K0SLB_CONTROL_IMPORT_H

#include <stddef.h>

#include "base/defs.h"
#include "conf/conf_address.h"
#include "control/verb.h"

/* Room for what is wrong with a file. */
#define IMPORT_REASON 400

/* The file that is imported, in memory. */
struct import_source {
    const char *name; /* for messages */
    const char *path; /* NULL = standard input */
    char *text;       /* a NUL byte stands behind it */
    size_t size;
    bool exposed; /* everybody may read the file */
};

/* The files of the credentials directory. */
enum import_file { IMPORT_CA, IMPORT_CERT, IMPORT_KEY };
#define IMPORT_FILES 3

/* Their names there. */
extern const char *const import_names[IMPORT_FILES];

/* PEM texts; zero-initialised is empty. */
struct import_material {
    struct {
        char *data;
        size_t size;
    } files[IMPORT_FILES];
    struct conf_external server; /* where clients connect to; no host and ADDR_NONE = unknown */
};

/* Overwrites and frees. */
void import_material_free(struct import_material *material);

/* Whether the text may be a kubeconfig; else it is of another kind, or of none. */
bool import_is_kubeconfig(const struct import_source *source);

/*
 * Takes what the current context of a kubeconfig means. Warns about a key that everybody can read.
 * Returns 0, or -1 with *material empty and the sentence in `reason`.
 */
int import_kubeconfig(const struct import_source *source, struct import_material *material,
                      char reason[IMPORT_REASON]) MUST_CHECK;

/* Whether all files are there, so that import_write() replaces them. */
bool import_is_there(const char *directory);

/*
 * Puts the files into the directory, which is made if need be: all of them or none, each for its
 * owner alone and whole at any time. Returns 0, or -1 with the sentence in `reason`.
 */
int import_write(const char *directory, const struct import_material *material,
                 char reason[IMPORT_REASON]) MUST_CHECK;

/*
 * Prints a k0slb.ini for what a haproxy.cfg does with TCP (import_is_haproxy() knows one). The text
 * is changed. Returns the exit status.
 */
int import_haproxy(const struct import_source *source);

/* Whether a document of the text is that of a k0sctl.yaml. */
bool import_is_k0sctl(const struct import_source *source);

/*
 * Prints a k0slb.ini for the controllers of a k0sctl.yaml (import_is_k0sctl() knows one), which may
 * have k0s's own configuration in another document. Returns the exit status.
 */
int import_k0sctl(const struct import_source *source);

/* Writes a sentence and returns -1. */
int import_refuse(char reason[IMPORT_REASON], const char *format, ...) PRINTF_LIKE(2, 3);

#endif
