#include "unit/balance/stage.h"

#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "board/board_writer.h"

#include "unit/board/scratch.h"
#include "unit/child.h"
#include "unit/claim.h"
#include "unit/unit.h"

/* Another service stands before ours in the epoch: an index is not a place in its service. */
#define OTHERS 2

/* For those who connect to them. */
#define CONNECT_MS 5000

static void name_it(char name[CONF_NAME_SIZE], unsigned number)
{
    snprintf(name, CONF_NAME_SIZE, "c%u", number);
}

static void fill(struct stage *stage, struct conf *conf)
{
    strcpy(conf->services[0].name, "other");
    strcpy(conf->services[1].name, stage->service == NULL ? "ours" : stage->service);
    conf->services[0].backend_count = OTHERS;
    conf->services[1].first_backend = OTHERS;
    conf->services[1].backend_count = (uint16_t)stage->count;
    conf->services[1].slot = (uint16_t)claim_service(stage->board, &conf->services[1]);
    conf->services[0].slot = (uint16_t)claim_service(stage->board, &conf->services[0]);
    for (unsigned i = 0; i < conf->backend_count; i++) {
        struct conf_backend *backend = &conf->backends[i];

        name_it(backend->name, i);
        backend->service = i >= OTHERS;
        backend->weight = i >= OTHERS ? stage->backends[i - OTHERS].weight : 1;
        backend->backup = i >= OTHERS && stage->backends[i - OTHERS].backup;
    }
    for (unsigned i = conf->backend_count; i-- > 0;) {
        struct conf_backend *backend = &conf->backends[i];

        backend->slot =
            (uint16_t)claim_backend(stage->board, conf->services[backend->service].slot, backend);
    }
}

void stage_open(struct stage *stage, enum conf_balance balance, enum conf_all_down all_down)
{
    struct conf_service services[2] = {{.balance = (uint8_t)balance},
                                       {.balance = (uint8_t)balance}};
    struct conf_backend backends[OTHERS + STAGE_MOST] = {{.weight = 0}};
    struct conf conf = {.services = services,
                        .backends = backends,
                        .service_count = 2,
                        .backend_count = (uint16_t)(OTHERS + stage->count)};
    int fd;

    services[1].all_down = (uint8_t)all_down;
    services[1].slow_start = stage->slow_start;
    services[1].on_down_spread = stage->on_down_spread;
    services[1].hello_timeout = stage->hello_timeout;
    services[1].connect_timeout = CONNECT_MS;
    services[0].enabled = services[1].enabled = 1;
    rng_seed(&stage->rng, 20261123);
    stage->board = scratch_board(2, conf.backend_count, 2);
    fill(stage, &conf);
    fd = epoch_seal(&conf, 1);
    CU_ASSERT_FATAL(fd != -1);
    stage->epoch = epoch_map(fd);
    fd_close(&fd);
    CU_ASSERT_FATAL(stage->epoch != NULL);
    stage_set(stage);
}

void stage_close(struct stage *stage)
{
    epoch_unmap(stage->epoch);
    scratch_drop(stage->board);
}

unsigned stage_slot(const struct stage *stage, unsigned backend)
{
    return epoch_backend(stage->epoch, OTHERS + backend)->slot;
}

unsigned stage_service(const struct stage *stage)
{
    return epoch_service(stage->epoch, 1)->slot;
}

struct addr stage_client(unsigned number)
{
    return (struct addr){
        .family = ADDR_IPV4,
        .port = (uint16_t)(number * 7),
        .ip = {192, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}};
}

static int set_health(void *context)
{
    struct stage *stage = context;

    if (board_enter(stage->board, BOARD_ROLE_CHECKER, 0) == -1)
        return 1;
    for (unsigned i = 0; i < stage->count; i++) {
        unsigned slot = stage_slot(stage, i);

        board_set_health(stage->board, slot, board_backend_life(stage->board, slot),
                         stage->backends[i].health, stage->backends[i].marks,
                         stage->backends[i].since_ms == 0 ? 1 : stage->backends[i].since_ms);
    }
    return 0;
}

/* Administrators' words are k0slbctl's to write; the master's mapping can stand in for it. */
static void set_admin(struct stage *stage)
{
    char *all = (char *)board_my_master(stage->board);
    struct board_admin *admin = (void *)(all + board_master(stage->board)->layout.admin_at);

    for (unsigned i = 0; i < stage->count; i++) {
        const struct stage_backend *backend = &stage->backends[i];

        atomic_store(&admin->backend[stage_slot(stage, i)],
                     backend->said_ms << 22 | (uint64_t)backend->admin);
    }
}

struct addr stage_address(unsigned backend)
{
    return (struct addr){.family = ADDR_IPV4, .port = 6443, .ip = {10, [3] = (uint8_t)backend}};
}

static void set_addresses(struct stage *stage)
{
    for (unsigned i = 0; i < stage->count; i++) {
        struct addr address = {.port = 6443};

        if (stage->backends[i].address.port != 0)
            address = stage->backends[i].address;
        else if (!stage->backends[i].nowhere)
            address = stage_address(i);
        board_set_address(stage->board, stage_slot(stage, i), &address);
    }
}

void stage_set(struct stage *stage)
{
    set_addresses(stage);
    ASSERT_NUMBER(child_run(set_health, stage), 0);
    set_admin(stage);
}

static uint64_t take_ticket(void *context, unsigned service_slot)
{
    struct stage *stage = context;

    return stage->takes_from_board ? board_take_ticket(stage->board, service_slot)
                                   : stage->ticket++;
}

static uint64_t read_wall(void *context)
{
    const struct stage *stage = context;

    return stage->wall_ms;
}

static bool is_avoided(void *context, unsigned slot)
{
    const struct stage *stage = context;

    for (unsigned i = 0; i < stage->count; i++) {
        if (stage_slot(stage, i) == slot)
            return stage->backends[i].avoided;
    }
    return false;
}

int stage_choose(struct stage *stage)
{
    uint16_t tried[STAGE_MOST];
    struct balance_request request = {.epoch = stage->epoch,
                                      .service = epoch_service(stage->epoch, 1),
                                      .board = stage->board,
                                      .client = &stage->client,
                                      .client_is_untold = stage->client_is_untold,
                                      .now_ms = stage->now_ms,
                                      .rng = &stage->rng,
                                      .take_ticket = take_ticket,
                                      .wall_ms = read_wall,
                                      .is_avoided = is_avoided,
                                      .context = stage,
                                      .tried = tried};
    int chosen;

    for (unsigned i = 0; i < stage->count; i++) {
        if (stage->backends[i].tried)
            tried[request.tried_count++] = (uint16_t)stage_slot(stage, i);
    }
    chosen = balance_choose(&request);
    return chosen == -1 ? -1 : chosen - OTHERS;
}
