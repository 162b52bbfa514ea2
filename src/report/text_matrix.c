#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/table.h"
#include "report/text.h"
#include "report/words.h"

/* Names are cut there, so that a controller and one service always fit a line. */
#define NAME_PLACES 34

/* A backend, and where it stands. */
struct place {
    const struct snapshot_backend *backend;
    size_t service;
    size_t order; /* in the whole list */
    size_t row;   /* of the matrix: the order of the first one with its name */
};

struct matrix {
    const struct snapshot *snapshot;
    struct place *places; /* by row, then by service */
    size_t count;
};

/* ---- the places in order ---- */

static int compare_names(const void *a, const void *b)
{
    const struct place *one = a;
    const struct place *other = b;
    int order = strcmp(one->backend->name, other->backend->name);

    return order != 0 ? order : (one->order > other->order) - (one->order < other->order);
}

static int compare_rows(const void *a, const void *b)
{
    const struct place *one = a;
    const struct place *other = b;

    if (one->row != other->row)
        return one->row > other->row ? 1 : -1;
    return (one->order > other->order) - (one->order < other->order);
}

static size_t count_backends(const struct snapshot *snapshot)
{
    size_t count = 0;

    for (size_t i = 0; i < snapshot->service_count; i++)
        count += snapshot->services[i].enabled ? snapshot->services[i].backend_count : 0;
    return count;
}

static void list_places(struct matrix *matrix)
{
    const struct snapshot *snapshot = matrix->snapshot;
    size_t count = 0;

    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        for (size_t k = 0; service->enabled && k < service->backend_count; k++, count++)
            matrix->places[count] =
                (struct place){.backend = &service->backends[k], .service = i, .order = count};
    }
}

/* The places from `first` on that have one name. */
static size_t count_equal(const struct matrix *matrix, size_t first)
{
    const char *name = matrix->places[first].backend->name;
    size_t last = first;

    while (last < matrix->count && strcmp(matrix->places[last].backend->name, name) == 0)
        last++;
    return last - first;
}

/* Leaves those alone whose name more than one service has. */
static void join_names(struct matrix *matrix)
{
    size_t kept = 0;

    qsort(matrix->places, matrix->count, sizeof(*matrix->places), compare_names);
    for (size_t i = 0, equal; i < matrix->count; i += equal) {
        equal = count_equal(matrix, i);
        for (size_t k = 0; equal > 1 && k < equal; k++) {
            struct place place = matrix->places[i + k];

            place.row = matrix->places[i].order;
            matrix->places[kept++] = place;
        }
    }
    matrix->count = kept;
    qsort(matrix->places, matrix->count, sizeof(*matrix->places), compare_rows);
}

/* ---- blocks ---- */

static void write_cell(const struct snapshot_backend *backend, char cell[AGE_TEXT_SIZE + 16])
{
    char age[AGE_TEXT_SIZE];

    snprintf(cell, AGE_TEXT_SIZE + 16, "%s %s", snapshot_status_name(backend->status),
             words_age(backend->since_seconds, age));
}

/* The services of a block: some of those that are in the matrix, in order. */
struct block {
    size_t services[TABLE_MAX_COLUMNS];
    size_t count;
};

static void write_name(struct textbuf *out, const char *name)
{
    textbuf_clear(out);
    words_clip(out, name, NAME_PLACES);
}

/* The row that begins at `first`; returns where the next one does. */
static size_t add_row(struct table *table, const struct matrix *matrix, const struct block *block,
                      size_t first)
{
    const struct place *place = &matrix->places[first];
    const size_t row = place->row;
    const struct place *end = matrix->places + matrix->count;
    struct textbuf name;
    bool trouble = false;
    char cell[AGE_TEXT_SIZE + 16];

    for (const struct place *at = place; at < end && at->row == row; at++)
        trouble |= words_is_trouble(at->backend->status);
    textbuf_init(&name, 1024);
    write_name(&name, place->backend->name);
    table_add_painted(table, PAINT_BAD, trouble ? "!" : "");
    table_add(table, name.data != NULL ? name.data : "");
    textbuf_fini(&name);
    for (size_t i = 0; i < block->count; i++) {
        while (place < end && place->row == row && place->service < block->services[i])
            place++;
        if (place == end || place->row != row || place->service != block->services[i]) {
            table_add(table, "-");
            continue;
        }
        write_cell(place->backend, cell);
        table_add_painted(table, paint_of_status(place->backend->status), cell);
    }
    while (place < end && place->row == row)
        place++;
    return (size_t)(place - matrix->places);
}

/* Fills a table with a block; its titles are cells of the first row. */
static void fill_table(struct table *table, const struct matrix *matrix, const struct block *block)
{
    struct textbuf title;

    textbuf_init(&title, 1024);
    table_add(table, " ");
    table_add_painted(table, PAINT_FAINT, "CONTROLLER");
    for (size_t i = 0; i < block->count; i++) {
        write_name(&title, matrix->snapshot->services[block->services[i]].name);
        table_add_painted(table, PAINT_FAINT, title.data != NULL ? title.data : "");
    }
    textbuf_fini(&title);
    for (size_t at = 0; at < matrix->count;)
        at = add_row(table, matrix, block, at);
}

/* Prints a block, or says no when it is too wide for a line. */
static bool put_block(struct text *text, const struct matrix *matrix, const struct block *block)
{
    struct table_column columns[TABLE_MAX_COLUMNS] = {{.gap = 0}, {.gap = 1}};
    struct table table;
    bool fits;

    for (size_t i = 0; i < block->count; i++)
        columns[2 + i].gap = 2;
    table_init_untitled(&table, columns, 2 + block->count);
    table.color = text->color;
    fill_table(&table, matrix, block);
    fits = block->count == 1 || table_width(&table) <= text->width;
    if (fits)
        table_print(&table, text->out);
    table_fini(&table);
    return fits;
}

/* As many of the services from `list` on as fit; returns how many that are. */
static size_t put_next_block(struct text *text, const struct matrix *matrix, const size_t *list,
                             size_t count)
{
    struct block block = {.count = count};

    if (block.count > TABLE_MAX_COLUMNS - 2)
        block.count = TABLE_MAX_COLUMNS - 2;
    memcpy(block.services, list, block.count * sizeof(*list));
    while (!put_block(text, matrix, &block))
        block.count--;
    return block.count;
}

static void put_matrix(struct text *text, const struct matrix *matrix)
{
    const size_t services = text->snapshot->service_count;
    bool *is_in = calloc(services, sizeof(*is_in));
    size_t *list = calloc(services, sizeof(*list));
    size_t count = 0;

    text->out->truncated |= is_in == NULL || list == NULL;
    for (size_t i = 0; is_in != NULL && list != NULL && i < matrix->count; i++)
        is_in[matrix->places[i].service] = true;
    for (size_t i = 0; is_in != NULL && list != NULL && i < services; i++) {
        if (is_in[i])
            list[count++] = i;
    }
    for (size_t done = 0; done < count;) {
        textbuf_puts(text->out, "\n");
        done += put_next_block(text, matrix, list + done, count - done);
    }
    free(is_in);
    free(list);
}

void text_matrix(struct text *text)
{
    struct matrix matrix = {.snapshot = text->snapshot, .count = count_backends(text->snapshot)};

    if (matrix.count == 0)
        return;
    matrix.places = calloc(matrix.count, sizeof(*matrix.places));
    if (matrix.places == NULL) {
        text->out->truncated = true;
        return;
    }
    list_places(&matrix);
    join_names(&matrix);
    if (matrix.count > 0)
        put_matrix(text, &matrix);
    free(matrix.places);
}
