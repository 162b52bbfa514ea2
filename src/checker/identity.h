/*
 * What 401 and 403 say when our own certificate was shown: either that backend is at fault, since
 * another one of the service accepts the same certificate; or the certificate is, and then a
 * backend that answers is alive.
 */
#ifndef K0SLB_CHECKER_IDENTITY_H
#define K0SLB_CHECKER_IDENTITY_H

#include "checker/target.h"

/*
 * Judges an answer to our certificate, which may turn the result, and notes in the target whether
 * it is accepted or refused. A 403 that the configuration expects is an answer like any other, and
 * so is whatever comes without our certificate.
 */
void identity_judge(struct target *target, struct probe_result *result);

#endif
