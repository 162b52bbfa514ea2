/* A snapshot in, text out. Pure: the same snapshot gives the same text. */
#ifndef K0SLB_REPORT_REPORT_H
#define K0SLB_REPORT_REPORT_H

#include "base/defs.h"
#include "base/textbuf.h"
#include "board/snapshot.h"
#include "conf/epoch.h"

/* What a snapshot is of: all, or what select_part() has left of it. */
enum report_part { REPORT_WHOLE, REPORT_SERVICE, REPORT_CONTROLLER };

/* How the text looks. */
struct report_look {
    bool color;     /* with the SGR sequences of ECMA-48 */
    unsigned width; /* of a line, in columns: 80 to 99; 0 = 99 */
    enum report_part part;
};

/*
 * The aligned text that `k0slbctl status` and `curl http://lb:9000/` print, the answer first:
 * whether each service is reachable, what is to be mended, the controllers by the services, each
 * service, the balancer itself, the last events. No line is longer than the look's width.
 */
void report_text(const struct snapshot *snapshot, const struct report_look *look,
                 struct textbuf *out);

/*
 * The same facts as a page for browsers: one self-contained HTML document whose script
 * renews it every so many seconds, or without scripts the browser; 0 = it stays as it is.
 */
void report_html(const struct snapshot *snapshot, unsigned refresh_seconds, struct textbuf *out);

/* The page's Content-Security-Policy: its own style, script and icon, and requests to its origin. */
const char *report_html_policy(void);

/* /stats.json. Fields whose source does not exist yet are left out. */
void report_json(const struct snapshot *snapshot, struct textbuf *out);

/*
 * The columns of HAProxy 2.6's statistics, and behind them some of our own: a row for each enabled
 * service as a frontend, each of its backends as a server, and the service as a backend. Limits are
 * those of `epoch`, which may be NULL; what is not known stays empty.
 */
void report_csv(const struct snapshot *snapshot, const struct epoch *epoch, struct textbuf *out);

/*
 * The same and more for Prometheus, in its text format 0.0.4. Of disabled services there is
 * nothing.
 */
void report_metrics(const struct snapshot *snapshot, const struct epoch *epoch,
                    struct textbuf *out);

/*
 * Whether this balancer works: "ok", "degraded: …" when it serves all the same, or why not.
 * Returns the HTTP status, 200 or 503, and writes the line.
 */
int report_healthz(const struct snapshot *snapshot, struct textbuf *out);

/*
 * Whether clients reach a backend: of that service, or with NULL of `kubeAPI`, or without it of
 * every service. Returns 200, 503, or 404 for a service that does not exist, and writes the line.
 */
int report_readyz(const struct snapshot *snapshot, const char *service, struct textbuf *out);

#endif
