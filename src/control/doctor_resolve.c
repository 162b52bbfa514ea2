#include "control/doctor.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mono.h"

/* The most names that are looked up at a time. */
#define THREADS_MOST 16

/* A host name, whose answer goes to every backend that has it. */
struct lookup {
    const char *host;
    struct addr address; /* ADDR_NONE: `problem` says why */
    uint32_t duration_us;
    char problem[96];
};

struct lookups {
    atomic_size_t next;
    size_t count;
    struct lookup *list;
};

static void take_first(struct lookup *lookup, const struct addrinfo *list)
{
    for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
        struct sockaddr_storage sockaddr = {.ss_family = AF_UNSPEC};

        if (at->ai_addrlen > sizeof(sockaddr))
            continue;
        memcpy(&sockaddr, at->ai_addr, at->ai_addrlen);
        addr_from_sockaddr(&lookup->address, &sockaddr);
        if (lookup->address.family != ADDR_NONE && !addr_is_any(&lookup->address))
            return;
    }
    lookup->address = (struct addr){.family = ADDR_NONE};
    snprintf(lookup->problem, sizeof(lookup->problem), "it has no address that can be used");
}

static void look_up(struct lookup *lookup)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    uint64_t began_us = mono_us();
    int error = getaddrinfo(lookup->host, NULL, &hints, &list);
    uint64_t us = mono_us() - began_us;

    lookup->duration_us = us > 0 ? (uint32_t)us : 1;
    if (error != 0) {
        snprintf(lookup->problem, sizeof(lookup->problem), "%s",
                 error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
        return;
    }
    take_first(lookup, list);
    freeaddrinfo(list);
}

/* Takes one name after the other until none is left. */
static void *work(void *context)
{
    struct lookups *lookups = context;
    size_t i;

    while ((i = atomic_fetch_add(&lookups->next, 1)) < lookups->count)
        look_up(&lookups->list[i]);
    return NULL;
}

/* Without threads, this one does it all. */
static void look_up_all(struct lookups *lookups)
{
    pthread_t threads[THREADS_MOST];
    size_t started = 0;

    while (started < THREADS_MOST && started + 1 < lookups->count &&
           pthread_create(&threads[started], NULL, work, lookups) == 0)
        started++;
    work(lookups);
    while (started > 0)
        pthread_join(threads[--started], NULL);
}

static struct lookup *find(const struct lookups *lookups, const char *host)
{
    for (size_t i = 0; i < lookups->count; i++) {
        if (strcmp(lookups->list[i].host, host) == 0)
            return &lookups->list[i];
    }
    return NULL;
}

static bool has_to_be_asked(const struct doctor_backend *backend)
{
    return backend->is_wanted && backend->backend->host[0] != '\0';
}

static void collect(const struct doctor *doctor, struct lookups *lookups)
{
    for (size_t i = 0; i < doctor->backend_count; i++) {
        const struct doctor_backend *backend = &doctor->backends[i];

        if (has_to_be_asked(backend) && find(lookups, backend->backend->host) == NULL)
            lookups->list[lookups->count++].host = backend->backend->host;
    }
}

/* The port that is asked, which need not be the one that is used. */
static void fill_in(const struct lookups *lookups, struct doctor_backend *backend)
{
    const struct conf_service *service = backend->service;

    backend->address = backend->backend->address;
    if (has_to_be_asked(backend)) {
        const struct lookup *lookup = find(lookups, backend->backend->host);

        backend->address = lookup->address;
        backend->address.port = backend->backend->address.port;
        backend->lookup_us = lookup->duration_us;
        memcpy(backend->lookup_problem, lookup->problem, sizeof(backend->lookup_problem));
    }
    if (service->check_port != 0)
        backend->address.port = service->check_port;
}

int doctor_resolve(struct doctor *doctor)
{
    struct lookups lookups = {.list = calloc(doctor->backend_count + 1, sizeof(struct lookup))};

    if (lookups.list == NULL) {
        control_complain("there is not enough memory");
        return -1;
    }
    collect(doctor, &lookups);
    look_up_all(&lookups);
    for (size_t i = 0; i < doctor->backend_count; i++)
        fill_in(&lookups, &doctor->backends[i]);
    free(lookups.list);
    return 0;
}
