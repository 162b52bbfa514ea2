/* Reading what the checker has found out, and what is wrong. */
#include "board/board.h"

#include <string.h>

#include "board/board_map.h"
#include "board/twin.h"

/* Ends a text that another process wrote. */
#define END_TEXT(text) ((text)[sizeof(text) - 1] = '\0')

/* The end of the year 9999, as certificates and RFC 3339 have it. */
#define LAST_SECOND 253402300799

static uint32_t life_of(const struct board *board, unsigned slot)
{
    return atomic_load_explicit(&board_backend(board, slot)->life, memory_order_relaxed);
}

void board_check_copy(const struct board *board, unsigned slot, struct board_check *out)
{
    const struct board_check_record *record = &board_checks(board)[slot];

    twin_read(&record->sequence, record->copies, sizeof(*out), out);
    END_TEXT(out->description);
    if (out->life != life_of(board, slot))
        memset(out, 0, sizeof(*out));
}

/* A byte that another process wrote may be no bool at all. */
static void settle(bool *value)
{
    unsigned char byte;

    memcpy(&byte, value, sizeof(byte));
    *value = byte != 0;
}

/* Nor is every number a time. */
static void bound(int64_t *seconds)
{
    if (*seconds < 0 || *seconds > LAST_SECOND)
        *seconds = 0;
}

bool board_certificate_copy(const struct board *board, unsigned slot, struct board_certificate *out)
{
    const struct board_certificate_record *record = &board_certificates(board)[slot];
    struct certificate *facts = &out->facts;

    twin_read(&record->sequence, record->copies, sizeof(*out), out);
    if (out->at_ms == 0 || out->life != life_of(board, slot)) {
        memset(out, 0, sizeof(*out));
        return false;
    }
    END_TEXT(facts->issuer);
    END_TEXT(facts->common_name);
    END_TEXT(facts->names);
    END_TEXT(facts->problem);
    END_TEXT(facts->version);
    END_TEXT(facts->alpn);
    settle(&facts->authority_known);
    settle(&facts->trusted);
    settle(&facts->names_cut);
    bound(&facts->not_before_s);
    bound(&facts->not_after_s);
    bound(&facts->issuer_not_after_s);
    if (facts->issuer_key_size > sizeof(facts->issuer_key))
        facts->issuer_key_size = 0;
    return true;
}

static void end_texts(struct board_warning *warning)
{
    END_TEXT(warning->code);
    END_TEXT(warning->text);
    END_TEXT(warning->remedy);
}

void board_warnings_copy(const struct board *board, struct board_warnings *out)
{
    const struct board_checker *checker = board_checker(board);

    twin_read(&checker->warnings_sequence, checker->warnings, sizeof(*out), out);
    if (out->count > BOARD_MAX_WARNINGS)
        out->count = 0;
    for (uint32_t i = 0; i < out->count; i++)
        end_texts(&out->list[i]);
}

void board_master_warning_copy(const struct board *board, struct board_warning *out)
{
    const struct board_warning_record *record = &board_master(board)->warning;

    twin_read(&record->sequence, record->copies, sizeof(*out), out);
    end_texts(out);
}
