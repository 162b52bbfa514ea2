/*
 * Changing the configuration of a running scene: files written as they are read, with marks for
 * what each scene has of its own, and HUP with its result.
 */
#ifndef K0SLB_TESTS_SYSTEM_CHANGE_H
#define K0SLB_TESTS_SYSTEM_CHANGE_H

#include <stdint.h>

#include "base/defs.h"
#include "base/textbuf.h"

#include "system/scene.h"

/*
 * Marks: @N the instance's name, @W the mode's number of workers, @R its relay, @L the listener's
 * address, @S that of [stats], @A @B @C free addresses, @1 to @5 the backends'.
 */
#define CHANGE_RELAY  "[k0slb]\nname = @N\nlog = stderr\nrelay = @R\n"
#define CHANGE_HEAD   CHANGE_RELAY "workers = @W\n"
#define CHANGE_SILENT "[stats]\nlisten =\n"
#define CHANGE_CHECKS                                                                              \
    "[defaults]\ncheck = tcp\ncheck_interval = 100ms\ncheck_fast_interval = 50ms\n"                \
    "check_down_interval = 100ms\ncheck_connect_timeout = 500ms\nconnect_timeout = 300ms\n"
#define CHANGE_BEGIN CHANGE_HEAD CHANGE_SILENT CHANGE_CHECKS

/* The template with its marks replaced. */
void change_expand(const struct scene *scene, const char *template, struct textbuf *out);

/* Opens so many echoing backends and starts k0slbd with the template. 0, or -1 and it has failed.
 */
int change_open(struct scene *scene, unsigned backends, const char *template) MUST_CHECK;

/* Writes the configuration file; it is there whole or not at all. 0, or -1 with errno. */
int change_write(const struct scene *scene, const char *template) MUST_CHECK;

enum change_result {
    CHANGE_NONE, /* no result in time */
    CHANGE_OK,
    CHANGE_REFUSED,
};

/* The result of a reload that begins after `begun` others. */
enum change_result change_wait(const struct instance *instance, uint64_t begun);

/* How many reloads have begun. */
uint64_t change_begun(const struct instance *instance);

/* HUP, and its result. */
enum change_result change_hup(const struct instance *instance);

/* change_write(), then change_hup(). */
enum change_result change_to(const struct scene *scene, const char *template);

/* The lines of the last result; empty after one that was accepted. */
const char *change_errors(const struct instance *instance);

/* Fails the test unless the last result is a refusal whose lines have that text. */
void change_assert_said(const struct instance *instance, const char *text);

#define ASSERT_CHANGE(scene, template)    ASSERT_NUMBER(change_to(scene, template), CHANGE_OK)
#define ASSERT_NO_CHANGE(scene, template) ASSERT_NUMBER(change_to(scene, template), CHANGE_REFUSED)

#endif
