/* What to do about a backend that does not answer, or answers badly. */
#ifndef K0SLB_CONTROL_DOCTOR_REMEDY_H
#define K0SLB_CONTROL_DOCTOR_REMEDY_H

#include "control/doctor_findings.h"

struct doctor_backend;

struct doctor_problem {
    const char *code;
    char text[DOCTOR_TEXT_SIZE]; /* without saying which backend */
    char remedy[DOCTOR_REMEDY_SIZE];
};

/* For a backend that is bad. */
void doctor_problem_describe(const struct doctor_backend *backend, struct doctor_problem *problem);

/* The command that lets the user of a client certificate see the keys of service accounts. */
void doctor_grant_command(const char *user, char command[DOCTOR_REMEDY_SIZE]);

#endif
