/* Papers as the probe takes them. */
#ifndef K0SLB_TESTS_UNIT_PROBE_PEM_H
#define K0SLB_TESTS_UNIT_PROBE_PEM_H

#include "probe/credentials.h"
#include "tls/paper.h"

/* As the content of a file of that name; free pem->data, which is all that is allocated. */
void paper_write_certificate(const struct paper *paper, const char *name, struct probe_pem *pem);
void paper_write_key(const struct paper *paper, const char *name, struct probe_pem *pem);
void paper_free_pem(struct probe_pem *pem);

/* Credentials of a paper, as the probe takes them. */
struct probe_authority *paper_authority(const struct paper *paper);
struct probe_identity *paper_identity(const struct paper *paper);

#endif
