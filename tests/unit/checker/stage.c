#include "stage.h"

#include "unit/unit.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mono.h"
#include "channel/channel.h"

struct stage *stage_open(unsigned actors)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct conf_service *service;

    CU_ASSERT_PTR_NOT_NULL_FATAL(stage);
    paper_make_authority(&stage->authority, "stage");
    house_init(&stage->house, actors);
    service = &stage->house.service;
    service->check = CHECK_HTTPS;
    service->check_interval = service->check_fast_interval = 300;
    service->check_down_interval = 200;
    service->check_connect_timeout = 1000;
    service->check_timeout = 1000;
    strcpy(service->check_path, "/readyz");
    stage_expect(stage, 200, true);
    stage_expect(stage, 401, true);
    for (unsigned i = 0; i < actors; i++)
        actor_start(&stage->actors[i], stage->house.listeners[i], &stage->authority);
    return stage;
}

void stage_expect(struct stage *stage, unsigned status, bool expected)
{
    uint64_t *word = &stage->house.service.check_expect[status / 64];

    *word &= ~(UINT64_C(1) << status % 64);
    *word |= (uint64_t)expected << status % 64;
}

void stage_show_certificate(struct stage *stage)
{
    struct conf_service *service = &stage->house.service;
    struct paper mine;

    strcpy(stage->credentials, "/tmp/k0slb-unit-checker-XXXXXX");
    if (mkdtemp(stage->credentials) == NULL)
        abort();
    snprintf(service->check_cert, CONF_PATH_SIZE, "%s/crt", stage->credentials);
    snprintf(service->check_key, CONF_PATH_SIZE, "%s/key", stage->credentials);
    paper_make_leaf(&mine, &stage->authority, "k0slb");
    paper_save_certificate(&mine, service->check_cert);
    paper_save_key(&mine, service->check_key);
    paper_fini(&mine);
}

void stage_start(struct stage *stage)
{
    house_start(&stage->house);
    CU_ASSERT_TRUE(house_wait_message(&stage->house, CHANNEL_CHECKS_DONE));
}

void stage_close(struct stage *stage)
{
    if (stage->house.checker != 0)
        CU_ASSERT_TRUE(house_stop(&stage->house));
    for (unsigned i = 0; i < stage->house.count; i++)
        actor_stop(&stage->actors[i]);
    if (stage->credentials[0] != '\0') {
        unlink(stage->house.service.check_cert);
        unlink(stage->house.service.check_key);
        rmdir(stage->credentials);
    }
    house_fini(&stage->house);
    paper_fini(&stage->authority);
    free(stage);
}

void stage_set(struct stage *stage, unsigned actor, unsigned status)
{
    stage->actors[actor].script->status = status;
}

void stage_set_all(struct stage *stage, unsigned status)
{
    for (unsigned i = 0; i < stage->house.count; i++)
        stage_set(stage, i, status);
}

struct board_check stage_check(const struct stage *stage, unsigned actor)
{
    struct board_check check;

    board_check_copy(stage->house.board, stage->house.backends[actor].slot, &check);
    return check;
}

uint64_t stage_since(const struct stage *stage, unsigned actor)
{
    return board_health_since(stage->house.board, stage->house.backends[actor].slot);
}

bool stage_wait_results(const struct stage *stage, unsigned actor, unsigned results)
{
    uint64_t until_ms = mono_ms() + 5000;
    uint64_t last_ms = stage_check(stage, actor).at_ms;

    while (results > 0 && mono_ms() < until_ms) {
        uint64_t at_ms = stage_check(stage, actor).at_ms;

        if (at_ms != last_ms)
            results--;
        last_ms = at_ms;
        poll(NULL, 0, 1);
    }
    return results == 0;
}
