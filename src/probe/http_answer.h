/*
 * The answer to one HTTP/1.1 request (RFC 9112), taken in as it comes: the status line strictly,
 * two of the headers, and the beginning of a body, each within a bound. Pure: no descriptors.
 */
#ifndef K0SLB_PROBE_HTTP_ANSWER_H
#define K0SLB_PROBE_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Status lines and headers together, interim answers included. */
#define HTTP_ANSWER_MOST_HEAD 16384

/* Bytes of a body that are kept to describe an answer, and when it is wanted itself. The answer
 * ends there. */
#define HTTP_ANSWER_MOST_BODY 4096
#define HTTP_ANSWER_MOST_KEPT 16384

/* Bytes of a line that are looked at. */
#define HTTP_ANSWER_LINE 256

enum http_answer_state {
    HTTP_STATUS_LINE, /* the status line is still to come */
    HTTP_HEADERS,     /* the head is not complete yet */
    HTTP_BODY,        /* the head is; the body goes on until the other end closes */
    HTTP_COMPLETE,    /* all there is, or all that is wanted */
    HTTP_INVALID,     /* `problem` says why */
};

struct http_answer {
    enum http_answer_state state;
    const char *problem;
    uint16_t status; /* 0 until its line is complete */
    bool has_date;
    bool has_length;
    bool chunked;
    bool has_doubt;    /* lengths that differ */
    bool closes;       /* its connection ends with it, or who knows */
    bool has_more;     /* something came after its end */
    bool is_head;      /* the request was HEAD: there is no body, whatever the headers say */
    bool after_return; /* the last byte was a carriage return */
    int64_t date_s;    /* has_date: seconds since 1970 */
    uint64_t length;   /* has_length */
    size_t head_size;
    size_t line_size; /* of what is kept; the rest of a longer line is left out */
    size_t body_size;
    size_t body_room; /* HTTP_ANSWER_MOST_BODY; may be set to as much as HTTP_ANSWER_MOST_KEPT */
    char line[HTTP_ANSWER_LINE];
    char body[HTTP_ANSWER_MOST_KEPT];
};

/* Begins; `is_head`: the request's method is HEAD. */
void http_answer_init(struct http_answer *answer, bool is_head);

/* Takes in what came; after HTTP_COMPLETE and HTTP_INVALID nothing changes any more. */
enum http_answer_state http_answer_take(struct http_answer *answer, const char *data, size_t size);

/* The other end has closed. */
enum http_answer_state http_answer_close(struct http_answer *answer);

/*
 * Whether all of it has come and nothing after it, and it ended where it said it would (RFC 9112,
 * 6.3), so that another answer may follow on its connection. In doubt it is not: also for a body of
 * more than `body_room`, for trailers, and for headers that contradict each other.
 */
bool http_answer_is_whole(const struct http_answer *answer);

/* Whether its body goes on, and http_answer_is_whole() may yet become true. */
bool http_answer_will_end(const struct http_answer *answer);

/*
 * Puts the chunks of a body that came in chunks (RFC 9112, 7.1) together, in its place; any other
 * body stays as it is. Returns false when it is not whole, or no such thing.
 */
bool http_answer_join(struct http_answer *answer);

/* Writes a status with its usual name, as far as it has one: "503 Service Unavailable". */
void http_status_describe(uint16_t status, char *out, size_t size);

/*
 * Says why an answer is not the one wanted, as one printable line: its status with what the body
 * gives as reason: the first failed check of a list as /readyz has it ("500: [-]etcd failed: reason
 * withheld, and 2 more"), else the first line of a plain text ("401: go away"), else its name.
 */
void http_answer_describe(const struct http_answer *answer, char *out, size_t size);

#endif
