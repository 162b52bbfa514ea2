#include "report/csv_row.h"

#include "base/defs.h"

#include "report/csv.h"

#define COLUMN_NAME(name) #name,

static const char *const names[] = {CSV_HAPROXY_COLUMNS(COLUMN_NAME) "-",
                                    CSV_OWN_COLUMNS(COLUMN_NAME)};

_Static_assert(ARRAY_LEN(names) == COLUMN_COUNT, "each column has a name");
_Static_assert(COLUMN_COUNT <= UINT8_MAX, "lists of columns hold bytes");

void csv_row_number(struct csv_row *row, enum csv_column column, uint64_t number)
{
    row->cells[column] = (struct csv_cell){.number = number, .has_number = true};
}

void csv_row_text(struct csv_row *row, enum csv_column column, const char *text)
{
    row->cells[column] = (struct csv_cell){.text = text};
}

void csv_row_zeroes(struct csv_row *row, const uint8_t *columns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        csv_row_number(row, columns[i], 0);
}

void csv_row_write(const struct csv_row *row, struct textbuf *out)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        const struct csv_cell *cell = &row->cells[i];

        if (cell->text != NULL)
            csv_put_text(out, cell->text);
        else if (cell->has_number)
            csv_put_number(out, cell->number);
        else
            csv_put_nothing(out);
    }
    csv_end_row(out);
}

void csv_row_write_names(struct textbuf *out)
{
    textbuf_puts(out, "# ");
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        csv_put_text(out, names[i]);
    csv_end_row(out);
}
