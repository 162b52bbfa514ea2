/*
 * One HTTP/1 request as far as this server needs it (RFC 9112): bounded, pure, fed piece by piece.
 * Bodies are not read: the connection ends with the answer.
 */
#ifndef K0SLB_STATS_HTTP_H
#define K0SLB_STATS_HTTP_H

#include <stdbool.h>
#include <stddef.h>

/* The most that the request line and all header lines may take. */
#define HTTP_HEAD_SIZE 8192

enum http_verdict {
    HTTP_INCOMPLETE, /* more bytes are needed */
    HTTP_GET,        /* a whole, valid head: `path` and `query` are set */
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
    const char *query;         /* what stands behind "?", as it came; "" without one */
    bool is_head;              /* the method is HEAD, whatever else may be wrong */
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

/*
 * Whether the query asks for something that is on or off: one of its fields, which "&" stands
 * between, is `name` alone, or `name` with "=1" or "=yes". Nothing else counts.
 */
bool http_asks_for(const struct http_request *request, const char *name);

#endif
