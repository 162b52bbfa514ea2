/* The services of a snapshot as JSON, with all that belongs to them. */
#ifndef K0SLB_REPORT_JSON_SERVICES_H
#define K0SLB_REPORT_JSON_SERVICES_H

#include "board/snapshot.h"

#include "report/json.h"

/* Writes the member "services". */
void json_put_services(struct json *json, const struct snapshot *snapshot);

#endif
