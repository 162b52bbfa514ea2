#include "ports.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "http.h"

#define WATCH_INTERVAL_MS 1000
#define PATTERN_PERIOD    251 /* a prime: a block that is lost or doubled shows */
#define PATTERN_SIZE      (PATTERN_PERIOD * 64)

static void answer_unauthorized(struct http *http)
{
    static const struct http_answer unauthorized = {
        .status = 401,
        .reason = "Unauthorized",
        .type = "application/json",
        .header = "Cache-Control: no-cache, private\r\n",
        .body = "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
                "\"status\":\"Failure\",\"message\":\"Unauthorized\","
                "\"reason\":\"Unauthorized\",\"code\":401}\n",
    };

    http_answer(http, &unauthorized);
}

/* Whether the client has shown a certificate that the controller's authority has signed. */
static bool is_known(const struct http *http)
{
    SSL *ssl = http->stream->ssl;
    X509 *shown = SSL_get_peer_certificate(ssl);

    X509_free(shown);
    return shown != NULL && SSL_get_verify_result(ssl) == X509_V_OK;
}

static void answer_ready(struct http *http)
{
    static const struct http_answer ready = {
        .status = 200, .reason = "OK", .type = "text/plain", .header = "", .body = "ok"};

    http_answer(http, &ready);
}

/* One event of the watch as one chunk. */
static bool send_event(struct http *http, uint64_t number)
{
    char line[256];
    char chunk[300];
    int length;

    length = snprintf(line, sizeof(line),
                      "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Standin\",\"metadata\":"
                      "{\"name\":\"%.64s\",\"resourceVersion\":\"%" PRIu64 "\"}}}\n",
                      http->stream->controller, number);
    length = snprintf(chunk, sizeof(chunk), "%x\r\n%s\r\n", (unsigned)length, line);
    return stream_write(http->stream, chunk, (size_t)length);
}

static void answer_watch(struct http *http)
{
    uint64_t number = 1;

    http->close = true;
    if (!http_begin(http, "application/json", -1))
        return;
    while (send_event(http, number) && stream_wait(http->stream, WATCH_INTERVAL_MS))
        number++;
}

static void answer_bytes(struct http *http, uint64_t left)
{
    unsigned char block[PATTERN_SIZE];

    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = (unsigned char)(i % PATTERN_PERIOD);
    if (!http_begin(http, "application/octet-stream", (int64_t)left))
        return;
    while (left > 0) {
        size_t size = left < sizeof(block) ? (size_t)left : sizeof(block);

        if (!stream_write(http->stream, block, size)) {
            http->close = true;
            return;
        }
        left -= size;
    }
}

static void answer_digest(struct http *http, uint64_t length, const unsigned char *digest,
                          unsigned size)
{
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
    char body[256];
    const struct http_answer answer = {
        .status = 200, .reason = "OK", .type = "application/json", .header = "", .body = body};

    for (unsigned i = 0; i < size; i++)
        snprintf(hex + (size_t)2 * i, 3, "%02x", digest[i]);
    snprintf(body, sizeof(body), "{\"length\":%" PRIu64 ",\"sha256\":\"%s\"}\n", length, hex);
    http_answer(http, &answer);
}

static void answer_echo(struct http *http)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char block[16384];
    unsigned size = 0;
    uint64_t length = 0;
    size_t got;

    http->close = true; /* unless the whole body arrives */
    if (md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1) {
        while ((got = http_read_body(http, block, sizeof(block))) > 0) {
            EVP_DigestUpdate(md, block, got);
            length += got;
        }
        if (http->body_left == 0 && EVP_DigestFinal_ex(md, digest, &size) == 1) {
            http->close = false;
            answer_digest(http, length, digest, size);
        }
    }
    EVP_MD_CTX_free(md);
}

static bool wants_bytes(const struct http *http, uint64_t *count)
{
    static const char prefix[] = "/bytes/";
    const char *digits = http->path + sizeof(prefix) - 1;

    if (strcmp(http->method, "GET") != 0 || strncmp(http->path, prefix, sizeof(prefix) - 1) != 0 ||
        *digits == '\0' || strspn(digits, "0123456789") != strlen(digits) || strlen(digits) > 15)
        return false;
    *count = strtoull(digits, NULL, 10);
    return true;
}

static void answer_request(struct http *http)
{
    uint64_t count;

    if (http_is(http, "GET", "/watch"))
        answer_watch(http);
    else if (http_is(http, "PUT", "/echo") || http_is(http, "POST", "/echo"))
        answer_echo(http);
    else if (http_is(http, "GET", "/readyz") && is_known(http))
        answer_ready(http);
    else if (wants_bytes(http, &count))
        answer_bytes(http, count);
    else
        answer_unauthorized(http);
}

static void serve(struct stream *stream)
{
    http_serve(stream, answer_request);
}

const struct port_ops port_api = {
    .number = 6443,
    .common_name = "kubernetes",
    .alpn = "http/1.1",
    .asks_certificate = true,
    .idle_s = 90,
    .serve = serve,
};
