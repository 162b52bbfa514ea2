/*
 * One HTTP/1 request as far as this server needs it (RFC 9112): bounded, pure, fed piece by piece;
 * and the head of an answer. Bodies are not read: the connection ends with the answer.
 */
#ifndef K0SLB_STATS_HTTP_H
#define K0SLB_STATS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/textbuf.h"

/* The most that the request line and all header lines may take. */
#define HTTP_HEAD_SIZE 8192

enum http_verdict {
    HTTP_INCOMPLETE, /* more bytes are needed */
    HTTP_GET,        /* a whole, valid head: `path` is set */
    HTTP_HEAD,
    HTTP_BAD,       /* 400 */
    HTTP_METHOD,    /* 405: a valid head with another method */
    HTTP_TOO_LARGE, /* 431 */
    HTTP_VERSION,   /* 505: not HTTP/1.x */
};

/* Zero-initialised is empty. */
struct http_request {
    enum http_verdict verdict; /* once not HTTP_INCOMPLETE, final */
    const char *path;          /* decoded, without the query; points into `head` */
    bool wants_html;           /* an Accept line names text/html, as browsers' do */
    size_t length;
    size_t scanned;    /* bytes looked at */
    size_t line_start; /* of the line that is being read */
    bool has_line;     /* the request line has been seen: an empty line ends the head */
    char head[HTTP_HEAD_SIZE + 1];
};

/*
 * Takes the next bytes of a connection and returns the verdict so far. Once it is final, further
 * bytes are ignored. Accepted are CRLF and LF as line ends, empty lines before the request line,
 * and targets in origin and absolute form; refused are NUL and other control bytes, folded header
 * lines, blanks before a colon, and an HTTP/1.1 request without exactly one Host line. Of Accept
 * only text/html is looked for, under its own name and not refused by "q=0" (RFC 9110, 12.5.1).
 */
enum http_verdict http_feed(struct http_request *request, const char *data, size_t size);

struct http_answer {
    int status;
    const char *type;   /* Content-Type */
    size_t length;      /* of the body, which a HEAD request is told but not given */
    uint64_t date_ms;   /* wall_ms() */
    bool varies;        /* by the request's Accept */
    const char *policy; /* Content-Security-Policy; NULL = none */
};

/* Appends status line and header lines, the empty line included. 405 says what is allowed. */
void http_write_head(const struct http_answer *answer, struct textbuf *out);

/* The words for a status: "OK", "Not Found" … */
const char *http_reason(int status);

#endif
