#include "worker/bind_local.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "unit/unit.h"

extern const struct unit_test bind_local_tests[];

/* The first belongs to another service. */
static const char *const texts[] = {"127.0.0.1", "127.0.0.2", "::1", "127.0.0.3", "127.0.0.4"};

enum { FIRST = 1 };

static const struct addr ipv4_backend = {.family = ADDR_IPV4, .ip = {127, 0, 0, 1}, .port = 1};
static const struct addr ipv6_backend = {.family = ADDR_IPV6, .ip = {[15] = 1}, .port = 1};

/* An epoch whose service has so many of the addresses, from FIRST on. */
static const struct epoch *epoch_with(unsigned count)
{
    struct addr locals[ARRAY_LEN(texts)];
    struct conf_service service = {.first_local = FIRST, .local_count = (uint16_t)count};
    struct conf conf = {.services = &service,
                        .locals = locals,
                        .service_count = 1,
                        .local_count = ARRAY_LEN(texts)};
    const struct epoch *epoch;
    int fd;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        CU_ASSERT_FATAL(addr_parse(&locals[i], texts[i]) == 0);
    fd = epoch_seal(&conf, 1);
    CU_ASSERT_FATAL(fd != -1);
    epoch = epoch_map(fd);
    fd_close(&fd);
    CU_ASSERT_FATAL(epoch != NULL);
    return epoch;
}

static void choose(struct local_choice *choice, const struct epoch *epoch,
                   const struct addr *backend, struct rng *rng)
{
    local_choice_init(choice, epoch, epoch_service(epoch, 0), backend, rng);
}

/* Where a new socket is after the next of them; its text is put into `text`. */
static void bind_next(struct local_choice *choice, int family, char text[ADDR_TEXT_SIZE])
{
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);
    struct addr address;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ASSERT_NUMBER(local_choice_bind(choice, fd), 0);
    ASSERT_NUMBER(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    addr_from_sockaddr(&address, &name);
    addr_format(&address, text);
    fd_close(&fd);
}

static void test_none(void)
{
    const struct epoch *epoch = epoch_with(0);
    struct local_choice choice;
    char text[ADDR_TEXT_SIZE];
    struct rng rng;

    rng_seed(&rng, 1);
    choose(&choice, epoch, &ipv4_backend, &rng);
    bind_next(&choice, AF_INET, text);
    ASSERT_TEXT(text, "0.0.0.0:0");
    CU_ASSERT_FALSE(local_choice_has_next(&choice, EADDRNOTAVAIL));
    epoch_unmap(epoch);
}

/* The backend's family alone; the port stays open until connect(2). */
static void test_family(void)
{
    const struct epoch *epoch = epoch_with(3);
    struct local_choice choice;
    char text[ADDR_TEXT_SIZE];
    struct rng rng;

    rng_seed(&rng, 1);
    choose(&choice, epoch, &ipv6_backend, &rng);
    ASSERT_NUMBER(choice.count, 1);
    choose(&choice, epoch, &ipv4_backend, &rng);
    ASSERT_NUMBER(choice.count, 2);
    bind_next(&choice, AF_INET, text);
    CU_ASSERT_TRUE(strcmp(text, "127.0.0.2:0") == 0 || strcmp(text, "127.0.0.3:0") == 0);
    epoch_unmap(epoch);
}

/* All of them in turn, whichever is the first, and each is that as often as the others. */
static void test_turns(void)
{
    enum { ROUNDS = 3000 };
    const struct epoch *epoch = epoch_with(4);
    unsigned first[ARRAY_LEN(texts)] = {0};
    struct local_choice choice;
    struct rng rng;

    rng_seed(&rng, 20261123);
    for (unsigned i = 0; i < ROUNDS; i++) {
        bool seen[ARRAY_LEN(texts)] = {false};

        choose(&choice, epoch, &ipv4_backend, &rng);
        ASSERT_NUMBER(choice.count, 3);
        first[choice.index[0]]++;
        for (unsigned k = 0; k < choice.count; k++)
            seen[choice.index[k]] = true;
        CU_ASSERT_TRUE(seen[1] && seen[3] && seen[4]);
    }
    CU_ASSERT_TRUE(first[1] > ROUNDS / 4 && first[3] > ROUNDS / 4 && first[4] > ROUNDS / 4);
    epoch_unmap(epoch);
}

/* Another address helps against a lack of ports and of the address, and against nothing else. */
static void test_errors(void)
{
    const struct epoch *epoch = epoch_with(3);
    struct local_choice choice;
    char text[ADDR_TEXT_SIZE];
    struct rng rng;

    rng_seed(&rng, 1);
    choose(&choice, epoch, &ipv4_backend, &rng);
    bind_next(&choice, AF_INET, text);
    CU_ASSERT_TRUE(local_choice_has_next(&choice, EADDRNOTAVAIL));
    CU_ASSERT_TRUE(local_choice_has_next(&choice, EADDRINUSE));
    CU_ASSERT_FALSE(local_choice_has_next(&choice, ECONNREFUSED));
    CU_ASSERT_FALSE(local_choice_has_next(&choice, EMFILE));
    bind_next(&choice, AF_INET, text);
    CU_ASSERT_FALSE(local_choice_has_next(&choice, EADDRNOTAVAIL));
    epoch_unmap(epoch);
}

const struct unit_test bind_local_tests[] = {
    {"none", test_none}, {"family", test_family}, {"turns", test_turns}, {"errors", test_errors},
    {NULL, NULL},
};
