/* A slot of the board in one step: what a start does for each line of a configuration. */
#ifndef K0SLB_TESTS_UNIT_CLAIM_H
#define K0SLB_TESTS_UNIT_CLAIM_H

#include "board/board_master.h"
#include "board/board_writer.h"

/* A board that readers find by its name; NULL with errno. */
static inline struct board *made_board(const struct board_plan *plan)
{
    struct board *board = board_create(plan);

    if (board != NULL && board_publish(board) == 0)
        return board;
    board_close(board);
    return NULL;
}

static inline unsigned claim_service(struct board *board, const struct conf_service *service)
{
    struct conf_service placed = *service;

    placed.slot = (uint16_t)board_reserve_service(board, service->name);
    if (placed.slot != BOARD_NO_SLOT)
        board_publish_service(board, &placed);
    return placed.slot;
}

static inline unsigned claim_backend(struct board *board, unsigned service_slot,
                                     const struct conf_backend *backend)
{
    struct conf_backend placed = *backend;

    placed.slot = (uint16_t)board_reserve_backend(board, service_slot, backend->name);
    if (placed.slot != BOARD_NO_SLOT)
        board_publish_backend(board, service_slot, &placed);
    return placed.slot;
}

/* What a worker does with the slots of an epoch; here with all that the board has. */
static inline void adopt_all(struct board *board)
{
    const struct board_layout *layout = &board_master(board)->layout;

    for (unsigned i = 0; i < layout->services; i++)
        board_adopt_service(board, i);
    for (unsigned i = 0; i < layout->backends; i++)
        board_adopt_backend(board, i);
}

#endif
