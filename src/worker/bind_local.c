#include "worker/bind_local.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

void local_choice_init(struct local_choice *choice, const struct epoch *epoch,
                       const struct conf_service *service, const struct addr *backend,
                       struct rng *rng)
{
    uint16_t matching = 0;
    uint32_t first;

    choice->epoch = epoch;
    choice->tried = 0;
    choice->count = 0;
    for (uint16_t i = 0; i < service->local_count; i++)
        matching += epoch_local(epoch, service->first_local + i)->family == backend->family;
    if (matching == 0)
        return;
    first = rng_below(rng, matching);
    for (uint16_t i = 0; i < service->local_count; i++) {
        uint16_t index = (uint16_t)(service->first_local + i);

        if (epoch_local(epoch, index)->family == backend->family)
            choice->index[(choice->count++ + matching - first) % matching] = index;
    }
}

int local_choice_bind(struct local_choice *choice, int fd)
{
    const int on = 1;
    struct sockaddr_storage sockaddr;
    socklen_t length;

    if (choice->count == 0)
        return 0;
    length =
        addr_to_sockaddr(epoch_local(choice->epoch, choice->index[choice->tried++]), &sockaddr);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    return bind(fd, (struct sockaddr *)&sockaddr, length);
}

bool local_choice_has_next(const struct local_choice *choice, int error)
{
    return (error == EADDRNOTAVAIL || error == EADDRINUSE) && choice->tried < choice->count;
}
