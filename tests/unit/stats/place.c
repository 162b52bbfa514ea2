#include "place.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "board/board_master.h"
#include "unit/claim.h"
#include "unit/unit.h"

static struct board *make_board(const struct conf *conf)
{
    char name[CONF_NAME_SIZE];
    struct board_plan plan = {
        .name = name, .services = 1, .backends = 1, .workers = 1, .group = (gid_t)-1};
    struct board *board;

    snprintf(name, sizeof(name), "k0slb-unit-stats-%d", (int)getpid());
    board = made_board(&plan);
    CU_ASSERT_FATAL(board != NULL);
    CU_ASSERT(claim_backend(board, claim_service(board, conf->services), conf->backends) !=
              BOARD_NO_SLOT);
    return board;
}

void place_set_up_with(struct place *place, const struct conf_stats *stats)
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
                        .stats = *stats};
    int fd;

    conf.stats.allow = (struct conf_access){.cidr_count = 1};
    CU_ASSERT_FATAL(cidr_parse(&cidr, "127.0.0.0/8") == 0);
    place->board = make_board(&conf);
    fd = epoch_seal(&conf, 1);
    CU_ASSERT_FATAL(fd != -1);
    place->epoch = epoch_map(fd);
    CU_ASSERT_FATAL(place->epoch != NULL);
    fd_close(&fd);
    place->sources = (struct round_sources){.board = place->board, .epoch = place->epoch};
}

void place_set_up(struct place *place)
{
    place_set_up_with(place, &(struct conf_stats){0});
}

void place_tear_down(struct place *place)
{
    epoch_unmap(place->epoch);
    board_unlink(place->board);
    board_close(place->board);
}
