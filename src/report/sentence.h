/* The answer to "is it reachable?": one sentence for each service, the same in every report. */
#ifndef K0SLB_REPORT_SENTENCE_H
#define K0SLB_REPORT_SENTENCE_H

#include "base/textbuf.h"
#include "board/snapshot.h"

/*
 * Appends a sentence such as "kubeAPI is reachable: 2 of 3 controllers are up; cp3 has been down
 * for 4m 12s (connection refused)." The worst comes first; those with the same state and reason
 * stand together, with the time that all of them have been so: "for at least", where some have for
 * longer. What is many is counted, so that the sentence stays one. Where fewer controllers than a
 * majority are up or suspect, it says how many etcd needs. Not made safe, for names and reasons
 * come as they are.
 */
void sentence_service(const struct snapshot *snapshot, const struct snapshot_service *service,
                      struct textbuf *out);

#endif
