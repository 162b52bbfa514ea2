/* The rules, each in the file of its subject. They add nothing where all is well. */
#ifndef K0SLB_ADVICE_ADVICE_RULES_H
#define K0SLB_ADVICE_ADVICE_RULES_H

#include "advice/advice_list.h"

typedef void advice_rule_fn(const struct advice_case *what, struct advice_list *list);

/* advice_certificates.c: who signed them, and whose they are. */
advice_rule_fn advice_ca_differs;
advice_rule_fn advice_ca_unknown;
advice_rule_fn advice_wrong_service;
advice_rule_fn advice_konnectivity_certificate;

/* advice_dates.c */
advice_rule_fn advice_certificate_ended;
advice_rule_fn advice_certificate_ends;
advice_rule_fn advice_clock_off;

/* advice_names.c */
advice_rule_fn advice_name_missing;

/* advice_health.c */
advice_rule_fn advice_certificate_refused;
advice_rule_fn advice_flapping;
advice_rule_fn advice_ready_unverified;
advice_rule_fn advice_not_in_use;

#endif
