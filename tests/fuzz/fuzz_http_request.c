/*
 * Any bytes as a request to the stats server: all at once, one by one, and in pieces as the first
 * byte says; and what is answered, from a board with one service and one backend.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board/board_master.h"
#include "stats/round.h"
#include "unit/claim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool is_so)
{
    if (!is_so)
        abort();
}

/* ---- the board, and what is configured: once for all ---- */

static struct board *make_board(const struct conf *conf)
{
    char name[CONF_NAME_SIZE];
    struct board_plan plan = {
        .name = name, .services = 1, .backends = 1, .workers = 1, .group = (gid_t)-1};
    struct board *board;

    snprintf(name, sizeof(name), "k0slb-fuzz-%d", (int)getpid());
    board = made_board(&plan);
    demand(board != NULL);
    /* Whatever becomes of this process, the name is gone. */
    board_unlink(board);
    demand(claim_backend(board, claim_service(board, conf->services), conf->backends) !=
           BOARD_NO_SLOT);
    return board;
}

static struct round_sources make_sources(void)
{
    struct conf_service service = {.name = "kubeAPI", .enabled = 1, .backend_count = 1};
    struct conf_backend backend = {.name = "c1", .weight = 1};
    struct cidr cidr;
    struct conf conf = {.services = &service,
                        .backends = &backend,
                        .cidrs = &cidr,
                        .service_count = 1,
                        .backend_count = 1,
                        .cidr_count = 1,
                        .stats = {.refresh = 2000, .allow = {.cidr_count = 1}}};
    struct round_sources sources = {.board = make_board(&conf)};

    demand(cidr_parse(&cidr, "127.0.0.0/8") == 0);
    sources.epoch = epoch_map(epoch_seal(&conf, 1));
    demand(sources.epoch != NULL);
    return sources;
}

static const struct round_sources *the_sources(void)
{
    static struct round_sources sources;

    if (sources.board == NULL)
        sources = make_sources();
    return &sources;
}

/* ---- requests ---- */

static struct http_request *feed(const uint8_t *data, size_t size, size_t step)
{
    struct http_request *request = calloc(1, sizeof(*request));

    demand(request != NULL);
    for (size_t at = 0; at < size; at += step) {
        enum http_verdict before = request->verdict;
        enum http_verdict after =
            http_feed(request, (const char *)data + at, size - at < step ? size - at : step);

        demand(after == request->verdict && (before == HTTP_INCOMPLETE || after == before));
    }
    return request;
}

/* A text inside of the head, without a byte that may not be in a path. */
static void check_text(const struct http_request *request, const char *text)
{
    demand(text >= request->head && text <= request->head + HTTP_HEAD_SIZE);
    for (; *text != '\0'; text++)
        demand((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void check_request(const struct http_request *request)
{
    demand(request->length <= HTTP_HEAD_SIZE && request->scanned <= request->length);
    demand(request->verdict != HTTP_HEAD || request->is_head);
    demand(request->verdict != HTTP_GET || !request->is_head);
    if (request->verdict != HTTP_GET && request->verdict != HTTP_HEAD)
        return;
    demand(request->path[0] == '/');
    check_text(request, request->path);
    check_text(request, request->query);
}

static void compare(const struct http_request *one, const struct http_request *other)
{
    demand(one->verdict == other->verdict && one->is_head == other->is_head);
    demand(one->wants_html == other->wants_html);
    if (one->verdict != HTTP_GET && one->verdict != HTTP_HEAD)
        return;
    demand(strcmp(one->path, other->path) == 0 && strcmp(one->query, other->query) == 0);
}

/* ---- answers ---- */

/* Lines of printable bytes, and an empty one at the end alone: nothing of the request is in it. */
static void check_head(const struct textbuf *head)
{
    const char *end = strstr(head->data, "\r\n\r\n");

    demand(!head->truncated && strlen(head->data) == head->length);
    demand(end != NULL && end + strlen("\r\n\r\n") == head->data + head->length);
    for (const char *c = head->data; *c != '\0'; c++)
        demand((*c >= ' ' && *c <= '~') || *c == '\r' || *c == '\n');
}

static void check_answer(struct round *round, const struct http_request *request, const char *from)
{
    struct answer *answer;
    struct addr client;

    demand(addr_parse(&client, from) == 0);
    answer = round_answer(round, request, &client);
    demand(answer != NULL && answer->users >= 1);
    demand(strcmp(answer_reason(answer->status), "Unknown") != 0 && answer->status != 500);
    demand(!answer->body.truncated && (answer->status == 204) == (answer->body.length == 0));
    check_head(&answer->head);
    answer_leave(answer);
}

/* Twice for who may see it, and in between for who may not. */
static void check_answers(const struct http_request *request)
{
    struct round round;

    round_begin(&round, the_sources());
    check_answer(&round, request, "127.0.0.1");
    check_answer(&round, request, "fd00::1");
    check_answer(&round, request, "127.0.0.1");
    round_end(&round);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_request *whole;
    struct http_request *pieces;
    struct http_request *bytes;

    if (size == 0)
        return 0;
    whole = feed(data + 1, size - 1, size);
    pieces = feed(data + 1, size - 1, 1u + data[0] % 64);
    bytes = feed(data + 1, size - 1, 1);
    check_request(whole);
    compare(whole, pieces);
    compare(whole, bytes);
    if (whole->verdict != HTTP_INCOMPLETE)
        check_answers(whole);
    free(whole);
    free(pieces);
    free(bytes);
    return 0;
}
