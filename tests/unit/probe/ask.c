#include "ask.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mono.h"
#include "board/board.h"

void asker_open(struct asker *asker)
{
    asker->answered = 0;
    asker->loop = loop_new();
    asker->engine = asker->loop == NULL ? NULL : probe_engine_new(asker->loop);
    if (asker->engine == NULL)
        abort();
}

void asker_close(struct asker *asker)
{
    probe_engine_free(asker->engine);
    loop_free(asker->loop);
}

static void on_done(void *context, const struct probe_result *result)
{
    struct answer *answer = context;

    answer->result = *result;
    answer->result.certificate = NULL;
    answer->has_certificate = result->certificate != NULL;
    if (answer->has_certificate)
        answer->certificate = *result->certificate;
    answer->count++;
    answer->came_ms = mono_ms();
    answer->probe = NULL;
    answer->asker->answered++;
}

void ask_question(struct asker *asker, struct answer *answer, struct probe_question question,
                  uint16_t port)
{
    question.done = on_done;
    question.context = answer;
    if (addr_parse(&question.address, "127.0.0.1") == -1)
        abort();
    question.address.port = port;
    memset(answer, 0, sizeof(*answer));
    answer->asker = asker;
    answer->probe = probe_start(asker->engine, &question);
    if (answer->probe == NULL || answer->count != 0)
        abort(); /* an answer from within probe_start() */
}

void ask_start(struct asker *asker, struct answer *answer, enum probe_kind kind, uint16_t port,
               uint64_t timeout_ms)
{
    const struct probe_question question = {.kind = kind, .connect_timeout_ms = timeout_ms};

    ask_question(asker, answer, question, port);
}

static void turn(const struct asker *asker, uint64_t until_ms)
{
    uint64_t now = mono_ms();

    if (loop_turn(asker->loop, until_ms > now ? (int)(until_ms - now) : 0) == -1)
        abort();
}

bool ask_wait(struct asker *asker, unsigned answers, uint64_t most_ms)
{
    const uint64_t until_ms = mono_ms() + most_ms;

    while (asker->answered < answers && mono_ms() < until_ms)
        turn(asker, until_ms);
    return asker->answered >= answers;
}

void ask_run(struct asker *asker, uint64_t ms)
{
    const uint64_t until_ms = mono_ms() + ms;

    do
        turn(asker, until_ms);
    while (mono_ms() < until_ms);
}

struct answer ask_once(struct probe_question question, uint16_t port)
{
    struct asker asker;
    struct answer answer;

    asker_open(&asker);
    ask_question(&asker, &answer, question, port);
    if (!ask_wait(&asker, 1, question.connect_timeout_ms + question.answer_timeout_ms + 5000))
        strcpy(answer.result.description, "(no answer came)");
    ask_run(&asker, 5); /* what it still has to say to its peer */
    asker_close(&asker);
    return answer;
}

struct answer ask(enum probe_kind kind, uint16_t port, uint64_t timeout_ms)
{
    const struct probe_question question = {.kind = kind, .connect_timeout_ms = timeout_ms};

    return ask_once(question, port);
}

const char *answer_text(const struct answer *answer)
{
    static char text[BOARD_DESCRIPTION_SIZE + 32];

    snprintf(text, sizeof(text), "%s %s",
             answer->result.no_verdict ? "no verdict:" : board_check_name(answer->result.code),
             answer->result.description);
    return text;
}

int listen_silently(uint16_t *port, int backlog)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd == -1 || bind(fd, (struct sockaddr *)&at, size) == -1 || listen(fd, backlog) == -1 ||
        getsockname(fd, (struct sockaddr *)&at, &size) == -1)
        abort();
    *port = ntohs(at.sin_port);
    return fd;
}

unsigned time_waits(uint16_t port)
{
    /* State 06 in /proc/net/tcp. */
    char line[256];
    char wanted[64];
    unsigned count = 0;
    FILE *table = fopen("/proc/net/tcp", "r");

    if (table == NULL)
        abort();
    snprintf(wanted, sizeof(wanted), " %08X:%04X 06 ", htonl(INADDR_LOOPBACK), port);
    while (fgets(line, sizeof(line), table) != NULL) {
        if (strstr(line, wanted) != NULL)
            count++;
    }
    fclose(table);
    return count;
}

uint16_t unused_port(void)
{
    uint16_t port;

    close(listen_silently(&port, 1));
    return port;
}
