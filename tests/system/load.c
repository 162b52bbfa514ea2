#include "system/load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mono.h"

#include "system/wait.h"

#define BULK_BYTES (1024 * 1024)

/* A failure of each kind is said so often, and then only counted. */
#define SAID_MOST 5

static void say(_Atomic uint64_t *count, const char *what)
{
    int error = errno;

    if (atomic_fetch_add(count, 1) < SAID_MOST)
        printf("%s failed at %llu ms: %s\n", what, (unsigned long long)mono_ms(), strerror(error));
}

static void note_time(struct load *load, uint64_t ms)
{
    unsigned bucket = 0;
    uint64_t slowest = atomic_load(&load->slowest_ms);

    while (bucket < LOAD_BUCKETS - 1 && ms >= UINT64_C(1) << bucket)
        bucket++;
    atomic_fetch_add(&load->took[bucket], 1);
    while (ms > slowest && !atomic_compare_exchange_weak(&load->slowest_ms, &slowest, ms))
        ;
}

static void *visit_main(void *argument)
{
    struct load *load = argument;
    struct timespec pause = {.tv_nsec = (long)load->plan.pause_us * 1000};

    while (!atomic_load(&load->stop)) {
        uint64_t start = mono_ms();

        if (client_visit(&load->plan.address) == -1)
            say(&load->failed_visits, "a short connection");
        note_time(load, mono_ms() - start);
        atomic_fetch_add(&load->visits, 1);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void *streams_main(void *argument)
{
    struct load *load = argument;

    while (!atomic_load(&load->stop)) {
        for (unsigned i = 0; i < load->crowd.count; i++) {
            struct client *client = &load->crowd.clients[i];

            if (client->fd == -1)
                continue;
            if (client_echo(client, 256) == -1) {
                say(&load->lost_streams, "a stream");
                client_close(client);
            }
        }
        atomic_fetch_add(&load->rounds, 1);
        wait_a_moment();
    }
    return NULL;
}

static void *bulk_main(void *argument)
{
    struct load *load = argument;
    struct client client;

    if (client_open(&client, &load->plan.address) == -1) {
        say(&load->lost_bulks, "a bulk connection");
        return NULL;
    }
    while (!atomic_load(&load->stop)) {
        if (client_echo(&client, BULK_BYTES) == -1) {
            say(&load->lost_bulks, "bulk");
            break;
        }
        atomic_fetch_add(&load->bulk_rounds, 1);
    }
    client_close(&client);
    return NULL;
}

static int start_threads(struct load *load, void *(*fn)(void *), unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (load->thread_count == LOAD_THREADS ||
            pthread_create(&load->threads[load->thread_count], NULL, fn, load) != 0)
            return -1;
        load->thread_count++;
    }
    return 0;
}

int load_start(struct load *load, const struct load_plan *plan)
{
    memset(load, 0, sizeof(*load));
    load->plan = *plan;
    if (crowd_open(&load->crowd, &plan->address, plan->streams) > 0 ||
        start_threads(load, visit_main, plan->visitors) == -1 ||
        start_threads(load, streams_main, plan->streams > 0) == -1 ||
        start_threads(load, bulk_main, plan->bulks) == -1) {
        load_stop(load);
        return -1;
    }
    return 0;
}

bool load_wait_visits(struct load *load, uint64_t visits, unsigned within_ms)
{
    return wait_count(&load->visits, visits, within_ms);
}

bool load_wait_round(struct load *load, unsigned within_ms)
{
    uint64_t visits = atomic_load(&load->visits) + 2ull * load->plan.visitors;
    uint64_t rounds = atomic_load(&load->rounds) + 2ull * (load->plan.streams > 0);
    uint64_t bulks = atomic_load(&load->bulk_rounds) + 2ull * load->plan.bulks;

    return wait_count(&load->visits, visits, within_ms) &&
           wait_count(&load->rounds, rounds, within_ms) &&
           wait_count(&load->bulk_rounds, bulks, within_ms);
}

static void say_all(const struct load *load)
{
    printf("%llu short connections, the slowest %llu ms; by ms:",
           (unsigned long long)atomic_load(&load->visits),
           (unsigned long long)atomic_load(&load->slowest_ms));
    for (unsigned i = 0; i < LOAD_BUCKETS; i++) {
        if (atomic_load(&load->took[i]) > 0)
            printf(" <%u: %llu", 1u << i, (unsigned long long)atomic_load(&load->took[i]));
    }
    printf("; %u streams %llu times; %llu MiB of bulk\n", load->plan.streams,
           (unsigned long long)atomic_load(&load->rounds),
           (unsigned long long)atomic_load(&load->bulk_rounds));
}

void load_stop(struct load *load)
{
    atomic_store(&load->stop, true);
    while (load->thread_count > 0)
        pthread_join(load->threads[--load->thread_count], NULL);
    crowd_close(&load->crowd);
    say_all(load);
}

uint64_t load_failures(const struct load *load)
{
    return atomic_load(&load->failed_visits) + atomic_load(&load->lost_streams) +
           atomic_load(&load->lost_bulks);
}
