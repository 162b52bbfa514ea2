#include "master/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* The most names that are looked up at a time. */
#define THREADS_MOST 32

/* A lookup needs little, but the C library's modules are not ours to measure. */
#define STACK_SIZE (512 * 1024)

struct lookup {
    const struct names *names;
    int answers;
    atomic_size_t next;
    size_t count;
    uint32_t order[CONF_MAX_BACKENDS]; /* indices of the names that are asked */
};

void lookup_one(const struct name *name, struct lookup_answer *answer)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;

    answer->address = (struct addr){.family = ADDR_NONE};
    answer->error = getaddrinfo(name->host, NULL, &hints, &list);
    answer->system_error = answer->error == EAI_SYSTEM ? errno : 0;
    if (answer->error != 0)
        return;
    for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
        struct sockaddr_storage sockaddr = {.ss_family = AF_UNSPEC};
        struct addr address;

        if (at->ai_addrlen > sizeof(sockaddr))
            continue;
        memcpy(&sockaddr, at->ai_addr, at->ai_addrlen);
        addr_from_sockaddr(&address, &sockaddr);
        answer->address = names_prefer(&name->address, &answer->address, &address);
    }
    freeaddrinfo(list);
}

const char *lookup_error(const struct lookup_answer *answer)
{
    return answer->error == EAI_SYSTEM ? strerror(answer->system_error)
                                       : gai_strerror(answer->error);
}

/* Takes one name after the other until none is left. */
static void *work(void *context)
{
    struct lookup *lookup = context;
    size_t i;

    while ((i = atomic_fetch_add(&lookup->next, 1)) < lookup->count) {
        const struct name *name = &lookup->names->list[lookup->order[i]];
        struct lookup_answer answer = {.name = name->id};

        lookup_one(name, &answer);
        /* As short a record is written whole or not at all (pipe(7)). */
        if (write(lookup->answers, &answer, sizeof(answer)) == -1)
            break;
    }
    return NULL;
}

/* Those that resolved the last time come first: the others may take all the time there is. */
static void put_in_order(struct lookup *lookup)
{
    for (int in_trouble = 0; in_trouble <= 1; in_trouble++) {
        for (size_t i = 0; i < lookup->names->count && lookup->count < CONF_MAX_BACKENDS; i++) {
            const struct name *name = &lookup->names->list[i];

            if (name->is_asked && (name->failures > 0) == in_trouble)
                lookup->order[lookup->count++] = (uint32_t)i;
        }
    }
}

/* As many as can be had; this thread works in any case. */
static size_t start_threads(struct lookup *lookup, pthread_t *threads, size_t most)
{
    pthread_attr_t attributes;
    size_t count = 0;

    if (pthread_attr_init(&attributes) != 0)
        return 0;
    if (pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0) {
        while (count < most && pthread_create(&threads[count], &attributes, work, lookup) == 0)
            count++;
    }
    pthread_attr_destroy(&attributes);
    return count;
}

void lookup_run(void *names, int answers)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    pthread_t threads[THREADS_MOST - 1];
    size_t count;

    if (lookup == NULL || fcntl(answers, F_SETFL, 0) == -1) {
        log_error("cannot look up names: %s", strerror(errno));
        free(lookup);
        return;
    }
    lookup->names = names;
    lookup->answers = answers;
    put_in_order(lookup);
    count = lookup->count < THREADS_MOST ? lookup->count : THREADS_MOST;
    count = start_threads(lookup, threads, count > 0 ? count - 1 : 0);
    work(lookup);
    while (count > 0)
        pthread_join(threads[--count], NULL);
    free(lookup);
}
