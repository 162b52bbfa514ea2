#include "master/slots.h"

#include "board/board_master.h"

/* In the file's order, so that readers show it in that order. */
static int reserve(struct board *board, struct conf *conf)
{
    for (unsigned i = 0; i < conf->service_count; i++) {
        unsigned slot = board_reserve_service(board, conf->services[i].name);

        if (slot == BOARD_NO_SLOT)
            return -1;
        conf->services[i].slot = (uint16_t)slot;
    }
    for (unsigned i = 0; i < conf->backend_count; i++) {
        struct conf_backend *backend = &conf->backends[i];
        unsigned service = conf->services[backend->service].slot;
        unsigned slot = board_reserve_backend(board, service, backend->name);

        if (slot == BOARD_NO_SLOT)
            return -1;
        backend->slot = (uint16_t)slot;
    }
    return 0;
}

int slots_reserve(struct board *board, struct conf *conf, struct textbuf *errors)
{
    const struct board_layout *layout = &board_master(board)->layout;

    if (reserve(board, conf) == 0)
        return 0;
    board_unreserve(board);
    textbuf_printf(errors,
                   "%u services with %u backends do not fit on the board, which was made for %u "
                   "and %u: needs a restart\n",
                   (unsigned)conf->service_count, (unsigned)conf->backend_count, layout->services,
                   layout->backends);
    return -1;
}

bool slots_need_sources(const struct epoch *epoch)
{
    for (unsigned i = 0; i < epoch->service_count; i++) {
        const struct conf_service *service = epoch_service(epoch, i);

        if (service->enabled && conf_counts_sources(service))
            return true;
    }
    return false;
}

void slots_publish(struct board *board, const struct epoch *epoch, const struct names *names)
{
    for (unsigned i = 0; i < epoch->service_count; i++) {
        const struct conf_service *service = epoch_service(epoch, i);

        board_publish_service(board, service);
        board_publish_required(board, service->slot,
                               service->required == CONF_NO_INDEX
                                   ? BOARD_NO_SLOT
                                   : epoch_service(epoch, service->required)->slot);
    }
    for (unsigned i = 0; i < epoch->backend_count; i++) {
        const struct conf_backend *backend = epoch_backend(epoch, i);

        struct addr address = names_address(names, backend);

        board_set_place(board, backend->slot, backend->host, &address);
        board_publish_backend(board, epoch_service(epoch, backend->service)->slot, backend);
    }
}
