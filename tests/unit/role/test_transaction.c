#include "role/transaction.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "unit/unit.h"

#include "unit/descriptors.h"

extern const struct unit_test transaction_tests[];

#define MOST 4

/* Sockets that listen at addresses of their own, as a master would have them. */
struct sockets {
    int fds[MOST];
    struct addr addresses[MOST];
};

static void open_sockets(struct sockets *sockets)
{
    for (int i = 0; i < MOST; i++) {
        struct sockaddr_storage name;
        socklen_t length;

        sockets->addresses[i] = (struct addr){.family = ADDR_IPV4, .ip = {127, 0, 0, 1}};
        length = addr_to_sockaddr(&sockets->addresses[i], &name);
        sockets->fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CU_ASSERT_FATAL(sockets->fds[i] != -1);
        CU_ASSERT_FATAL(bind(sockets->fds[i], (struct sockaddr *)&name, length) == 0);
        length = sizeof(name);
        CU_ASSERT_FATAL(getsockname(sockets->fds[i], (struct sockaddr *)&name, &length) == 0);
        addr_from_sockaddr(&sockets->addresses[i], &name);
    }
}

static void close_sockets(struct sockets *sockets)
{
    for (int i = 0; i < MOST; i++)
        fd_close(&sockets->fds[i]);
}

/* A sealed epoch with listeners at these addresses; those from `stats` on are of the page. */
static int seal(const struct addr *const *addresses, unsigned count, unsigned stats)
{
    struct conf_listener listeners[MOST];
    struct conf_service service = {.name = "test"};
    struct conf conf = {
        .services = &service,
        .service_count = 1,
        .listeners = listeners,
        .listener_count = (uint16_t)count,
    };
    int fd;

    memset(listeners, 0, sizeof(listeners));
    for (unsigned i = 0; i < count; i++) {
        listeners[i].address = *addresses[i];
        listeners[i].owner = i < stats ? 0 : CONF_STATS_OWNER;
    }
    service.listener_count = (uint16_t)stats;
    fd = epoch_seal(&conf, 2);
    CU_ASSERT_FATAL(fd != -1);
    return fd;
}

static const struct epoch *map(int fd)
{
    const struct epoch *epoch = epoch_map(fd);

    CU_ASSERT_PTR_NOT_NULL_FATAL(epoch);
    fd_close(&fd);
    return epoch;
}

/* What a child that has the first socket is asked, with copies of the others. */
static int prepare(struct transaction *transaction, const struct role_terms *now,
                   enum board_role role, int epoch_fd, const int *sockets, unsigned count)
{
    struct channel_message message = {
        .type = CHANNEL_PREPARE, .transaction = 5, .fd_count = count + 1};
    int fds[1 + MOST] = {epoch_fd};

    for (unsigned i = 0; i < count; i++)
        fds[1 + i] = dup(sockets[i]);
    return transaction_prepare(transaction, now, role, &message, fds);
}

/* Kept ones are the same descriptor; new ones are found by address, whatever the order. */
static void sockets_are_found_by_address(void)
{
    struct transaction transaction = {.number = 0};
    struct sockets sockets;
    struct role_terms now;
    int before;

    open_sockets(&sockets);
    before = (int)descriptors_open();
    {
        const struct addr *old[] = {&sockets.addresses[0]};
        const struct addr *next[] = {&sockets.addresses[1], &sockets.addresses[0],
                                     &sockets.addresses[2], &sockets.addresses[3]};
        const int sent[] = {sockets.fds[3], sockets.fds[1]};

        now.epoch = map(seal(old, 1, 1));
        now.listeners[0] = sockets.fds[0];
        ASSERT_NUMBER(prepare(&transaction, &now, BOARD_ROLE_WORKER, seal(next, 4, 4), sent, 2), 0);
    }
    ASSERT_NUMBER(transaction.number, 5);
    ASSERT_NUMBER(transaction.terms.listeners[1], sockets.fds[0]);
    /* No socket came for the third: this host does not have it. */
    ASSERT_NUMBER(transaction.terms.listeners[2], -1);
    CU_ASSERT_TRUE(transaction.terms.listeners[0] != -1);
    CU_ASSERT_TRUE(transaction.terms.listeners[3] != -1);
    CU_ASSERT_TRUE(transaction.is_new[0] && !transaction.is_new[1] && transaction.is_new[3]);
    transaction_forget(&transaction);
    ASSERT_NUMBER(transaction.number, 0);
    ASSERT_NUMBER((int)descriptors_open(), before);
    epoch_unmap(now.epoch);
    close_sockets(&sockets);
}

/* A child that stops listening between PREPARE and COMMIT has closed what it was to keep. */
static void kept_sockets_may_be_closed(void)
{
    struct transaction transaction = {.number = 0};
    struct sockets sockets;
    struct role_terms now;

    transaction_keep_none(&transaction);
    open_sockets(&sockets);
    {
        const struct addr *old[] = {&sockets.addresses[0]};
        const struct addr *next[] = {&sockets.addresses[1], &sockets.addresses[0]};
        const int sent[] = {sockets.fds[1]};

        now.epoch = map(seal(old, 1, 1));
        now.listeners[0] = sockets.fds[0];
        ASSERT_NUMBER(prepare(&transaction, &now, BOARD_ROLE_WORKER, seal(next, 2, 2), sent, 1), 0);
    }
    ASSERT_NUMBER(transaction.terms.listeners[1], sockets.fds[0]);
    transaction_keep_none(&transaction);
    ASSERT_NUMBER(transaction.terms.listeners[1], -1);
    CU_ASSERT_TRUE(transaction.terms.listeners[0] != -1);
    transaction_forget(&transaction);
    epoch_unmap(now.epoch);
    close_sockets(&sockets);
}

/* The page's sockets are none of a worker's; what nobody wants is closed, and the answer is no. */
static void foreign_sockets_are_refused(void)
{
    struct transaction transaction = {.number = 0};
    struct sockets sockets;
    struct role_terms now;
    int before;

    open_sockets(&sockets);
    before = (int)descriptors_open();
    {
        const struct addr *old[] = {&sockets.addresses[0]};
        const struct addr *next[] = {&sockets.addresses[0], &sockets.addresses[1]};
        const int sent[] = {sockets.fds[1]};

        now.epoch = map(seal(old, 1, 1));
        now.listeners[0] = sockets.fds[0];
        ASSERT_NUMBER(prepare(&transaction, &now, BOARD_ROLE_WORKER, seal(next, 2, 1), sent, 1),
                      -1);
        ASSERT_NUMBER(transaction.number, 0);
        ASSERT_NUMBER((int)descriptors_open(), before);
        now.listeners[0] = -1;
        ASSERT_NUMBER(prepare(&transaction, &now, BOARD_ROLE_STATS, seal(next, 2, 1), sent, 1), 0);
    }
    ASSERT_NUMBER(transaction.terms.listeners[0], -1);
    CU_ASSERT_TRUE(transaction.terms.listeners[1] != -1);
    transaction_forget(&transaction);
    ASSERT_NUMBER((int)descriptors_open(), before);
    epoch_unmap(now.epoch);
    close_sockets(&sockets);
}

const struct unit_test transaction_tests[] = {
    {"sockets_are_found_by_address", sockets_are_found_by_address},
    {"kept_sockets_may_be_closed", kept_sockets_may_be_closed},
    {"foreign_sockets_are_refused", foreign_sockets_are_refused},
    {NULL, NULL},
};
