#include "system/http.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "system/client.h"

/* Reads until FIN, or until nothing comes any more. Returns the length, 0 when there was none. */
static size_t read_answer(const struct client *client, char *answer, size_t size)
{
    struct pollfd watched = {.fd = client->fd, .events = POLLIN};
    size_t length = 0;
    ssize_t got = 1;

    while (got > 0 && length < size - 1 && poll(&watched, 1, CLIENT_PATIENCE_MS) == 1) {
        got = recv(client->fd, answer + length, size - 1 - length, 0);
        length += got > 0 ? (size_t)got : 0;
    }
    answer[length] = '\0';
    return length;
}

size_t http_talk(const struct addr *address, const char *request, char *answer, size_t size)
{
    struct client client;
    size_t length = strlen(request);
    size_t got = 0;

    answer[0] = '\0';
    if (client_open(&client, address) == -1)
        return 0;
    if (send(client.fd, request, length, MSG_NOSIGNAL) == (ssize_t)length)
        got = read_answer(&client, answer, size);
    client_close(&client);
    return got;
}

int http_status(const char *answer)
{
    int status;

    return sscanf(answer, "HTTP/1.1 %d ", &status) == 1 ? status : -1;
}

int http_get(const struct addr *address, const char *path, char *answer, size_t size)
{
    char request[256];

    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
    return http_talk(address, request, answer, size) > 0 ? http_status(answer) : -1;
}
