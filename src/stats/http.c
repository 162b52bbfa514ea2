#include "stats/http.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/defs.h"

/* ---- bytes (RFC 9110, section 5.6.2; RFC 3986) ---- */

static bool is_token_char(unsigned char c)
{
    return isalnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_host_char(unsigned char c)
{
    return isalnum(c) || (c != '\0' && strchr("-._~%!$&'()*+,;=:[]", c) != NULL);
}

/* What a head may be made of: no control bytes but tabs and line ends. */
static bool is_head_byte(unsigned char c)
{
    return (c >= 0x20 && c != 0x7f) || c == '\t' || c == '\r' || c == '\n';
}

static bool is_token(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!is_token_char((unsigned char)text[i]))
            return false;
    }
    return size > 0;
}

/* ---- the target ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes in place; false for a broken escape and for one that hides a control byte. */
static bool decode(char *path)
{
    char *to = path;

    for (const char *from = path; *from != '\0'; from++) {
        int value = (unsigned char)*from;

        if (*from == '%') {
            int high = hex_digit(from[1]);
            int low = high == -1 ? -1 : hex_digit(from[2]);

            if (low == -1)
                return false;
            value = high * 16 + low;
            from += 2;
        }
        if (value < 0x20 || value == 0x7f)
            return false;
        *to++ = (char)value;
    }
    *to = '\0';
    return true;
}

/* The path of "http://HOST/path"; an absent one is "/". NULL when it is no such target. */
static char *skip_authority(char *target)
{
    static const char scheme[] = "http://";
    char *authority;
    char *path;

    if (strncasecmp(target, scheme, strlen(scheme)) != 0)
        return NULL;
    authority = target + strlen(scheme);
    path = authority + strcspn(authority, "/?");
    if (path == authority)
        return NULL;
    for (const char *c = authority; c < path; c++) {
        if (!is_host_char((unsigned char)*c))
            return NULL;
    }
    if (*path == '/')
        return path;
    /* A query alone, or nothing: the slash takes the place of the authority's last byte. */
    *--path = '/';
    return path;
}

/* Cuts the query off the path. */
static char *take_query(char *path)
{
    char *query = path + strcspn(path, "?");

    if (*query != '\0')
        *query++ = '\0';
    return query;
}

static bool parse_target(struct http_request *request, char *target)
{
    char *path = *target == '/' ? target : skip_authority(target);

    if (path == NULL || strchr(path, '#') != NULL)
        return false;
    request->query = take_query(path);
    request->path = path;
    return decode(path);
}

/* Whether `field` is `name` and one of the words that mean yes. */
static bool is_yes(const char *field, size_t length, const char *name)
{
    static const char *const yes[] = {"", "=1", "=yes"};
    size_t named = strlen(name);

    if (length < named || strncmp(field, name, named) != 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (length - named == strlen(yes[i]) && strncmp(field + named, yes[i], length - named) == 0)
            return true;
    }
    return false;
}

bool http_asks_for(const struct http_request *request, const char *name)
{
    const char *field = request->query;

    while (*field != '\0') {
        size_t length = strcspn(field, "&");

        if (is_yes(field, length, name))
            return true;
        field += length;
        field += strspn(field, "&");
    }
    return false;
}

/* ---- the head ---- */

struct head {
    bool is_1_0;
    bool wants_html;
    unsigned hosts;
    enum http_verdict method;
};

/* Cuts the next line off, without its line end; NULL for a CR that does not belong to one. */
static char *take_line(char **cursor)
{
    char *line = *cursor;
    size_t length = strcspn(line, "\n");

    *cursor = line + length + 1;
    line[length] = '\0';
    if (length > 0 && line[length - 1] == '\r')
        line[length - 1] = '\0';
    return strchr(line, '\r') == NULL ? line : NULL;
}

/* "HTTP/1.1"; a higher minor version is spoken to as 1.1 (RFC 9110, section 2.5). */
static enum http_verdict parse_version(struct head *head, const char *text)
{
    if (strncmp(text, "HTTP/", 5) != 0 || !isdigit((unsigned char)text[5]) || text[6] != '.' ||
        !isdigit((unsigned char)text[7]) || text[8] != '\0')
        return HTTP_BAD;
    head->is_1_0 = text[7] == '0';
    return text[5] == '1' ? HTTP_INCOMPLETE : HTTP_VERSION;
}

static enum http_verdict method_of(const char *method)
{
    if (strcmp(method, "GET") == 0)
        return HTTP_GET;
    return strcmp(method, "HEAD") == 0 ? HTTP_HEAD : HTTP_METHOD;
}

/* Returns HTTP_INCOMPLETE while nothing speaks against the request. */
static enum http_verdict parse_request_line(struct http_request *request, struct head *head,
                                            char *line)
{
    char *target = strchr(line, ' ');
    char *version = target != NULL ? strchr(target + 1, ' ') : NULL;
    enum http_verdict verdict;

    if (version == NULL || strchr(line, '\t') != NULL)
        return HTTP_BAD;
    *target++ = '\0';
    *version++ = '\0';
    if (!is_token(line, strlen(line)) || *target == '\0')
        return HTTP_BAD;
    head->method = method_of(line);
    request->is_head = head->method == HTTP_HEAD;
    verdict = parse_version(head, version);
    if (verdict != HTTP_INCOMPLETE)
        return verdict;
    /* CONNECT and OPTIONS have targets of other forms, and are refused for their method. */
    if (head->method != HTTP_METHOD && !parse_target(request, target))
        return HTTP_BAD;
    return HTTP_INCOMPLETE;
}

static bool is_valid_host(const char *value)
{
    value += strspn(value, " \t");
    while (*value != '\0' && is_host_char((unsigned char)*value))
        value++;
    return value[strspn(value, " \t")] == '\0';
}

/* Whether the parameters of a media range end with a weight of nought: "q=0", "q=0.000". */
static bool is_refused(const char *parameters, size_t size)
{
    for (size_t i = 0; i + 3 <= size; i++) {
        size_t digits;

        if ((i > 0 && strchr("; \t", parameters[i - 1]) == NULL) ||
            strncasecmp(parameters + i, "q=0", 3) != 0)
            continue;
        digits = strspn(parameters + i + 3, ".0");
        return i + 3 + digits >= size || strchr("; \t", parameters[i + 3 + digits]) != NULL;
    }
    return false;
}

/* Whether one of the media ranges is text/html itself: "*" in it may be anybody's. */
static bool names_html(const char *value)
{
    static const char html[] = "text/html";

    while (*value != '\0') {
        size_t length;

        value += strspn(value, ", \t");
        length = strcspn(value, ",");
        if (length >= strlen(html) && strncasecmp(value, html, strlen(html)) == 0) {
            const char *parameters = value + strlen(html);

            if (strchr("; \t,", *parameters) != NULL &&
                !is_refused(parameters, length - strlen(html)))
                return true;
        }
        value += length;
    }
    return false;
}

static bool is_named(const char *line, size_t length, const char *name)
{
    return length == strlen(name) && strncasecmp(line, name, length) == 0;
}

/* A folded line begins with a blank, and so with no name. */
static bool parse_header_line(struct head *head, const char *line)
{
    size_t name = strcspn(line, ":");

    if (line[name] != ':' || !is_token(line, name))
        return false;
    if (is_named(line, name, "accept"))
        head->wants_html |= names_html(line + name + 1);
    if (!is_named(line, name, "host"))
        return true;
    head->hosts++;
    return is_valid_host(line + name + 1);
}

static enum http_verdict parse_head(struct http_request *request)
{
    struct head head = {0};
    char *cursor = request->head;
    char *line = take_line(&cursor);
    enum http_verdict verdict;

    while (line != NULL && *line == '\0')
        line = take_line(&cursor);
    if (line == NULL)
        return HTTP_BAD;
    verdict = parse_request_line(request, &head, line);
    if (verdict != HTTP_INCOMPLETE)
        return verdict;
    for (line = take_line(&cursor); line == NULL || *line != '\0'; line = take_line(&cursor)) {
        if (line == NULL || !parse_header_line(&head, line))
            return HTTP_BAD;
    }
    if (head.hosts > 1 || (head.hosts == 0 && !head.is_1_0))
        return HTTP_BAD;
    request->wants_html = head.wants_html;
    return head.method;
}

/* ---- feeding ---- */

static bool is_empty_line(const struct http_request *request, size_t end)
{
    size_t length = end - request->line_start;

    return length == 0 || (length == 1 && request->head[request->line_start] == '\r');
}

/* Looks at the bytes that are new; true when an empty line ends the head. */
static bool scan(struct http_request *request)
{
    for (; request->scanned < request->length; request->scanned++) {
        char c = request->head[request->scanned];

        if (!is_head_byte((unsigned char)c)) {
            request->verdict = HTTP_BAD;
            return false;
        }
        if (c != '\n')
            continue;
        if (!is_empty_line(request, request->scanned))
            request->has_line = true;
        else if (request->has_line)
            return true;
        request->line_start = request->scanned + 1;
    }
    return false;
}

enum http_verdict http_feed(struct http_request *request, const char *data, size_t size)
{
    size_t room = HTTP_HEAD_SIZE - request->length;
    size_t taken = size < room ? size : room;

    if (request->verdict != HTTP_INCOMPLETE)
        return request->verdict;
    memcpy(request->head + request->length, data, taken);
    request->length += taken;
    request->head[request->length] = '\0';
    if (scan(request))
        request->verdict = parse_head(request);
    else if (request->verdict == HTTP_INCOMPLETE && request->length == HTTP_HEAD_SIZE)
        request->verdict = HTTP_TOO_LARGE;
    return request->verdict;
}
