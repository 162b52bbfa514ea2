#include "csv_reader.h"

#include <stdlib.h>
#include <string.h>

/* Where reading is, and where the text without quotes grows behind it. */
struct reader {
    const char *from;
    char *to;
    bool ok;
};

static void read_quoted(struct reader *reader)
{
    reader->from++;
    while (*reader->from != '\0' && !(reader->from[0] == '"' && reader->from[1] != '"')) {
        reader->from += *reader->from == '"';
        *reader->to++ = *reader->from++;
    }
    reader->ok &= *reader->from == '"';
    reader->from += *reader->from == '"';
}

/* Reads one value up to the comma or the line's end behind it. */
static const char *read_cell(struct reader *reader)
{
    const char *cell = reader->to;

    if (*reader->from == '"')
        read_quoted(reader);
    while (*reader->from != '\0' && strchr(",\n", *reader->from) == NULL) {
        reader->ok &= *reader->from != '"' && *reader->from != '\r';
        *reader->to++ = *reader->from++;
    }
    return cell;
}

static void read_row(struct reader *reader, struct csv_table *out)
{
    size_t row = out->row_count++;
    char end;

    do {
        const char *cell = read_cell(reader);

        end = *reader->from;
        reader->from += end != '\0';
        *reader->to++ = '\0';
        if (out->widths[row] == CSV_MAX_COLUMNS) {
            reader->ok = false;
            return;
        }
        out->cells[row][out->widths[row]++] = cell;
    } while (end == ',');
    reader->ok &= end == '\n' && out->widths[row] == out->widths[0];
}

bool csv_read(const char *text, struct csv_table *out)
{
    struct reader reader = {.ok = true};

    memset(out, 0, sizeof(*out));
    if (strncmp(text, "# ", 2) != 0)
        return false;
    out->text = malloc(2 * strlen(text) + 2); /* a NUL for each comma, and one for the last */
    if (out->text == NULL)
        return false;
    reader.from = text + 2;
    reader.to = out->text;
    while (reader.ok && *reader.from != '\0') {
        if (*reader.from == '\n')
            reader.from++;
        else if (out->row_count == CSV_MAX_ROWS)
            return false;
        else
            read_row(&reader, out);
    }
    return reader.ok && out->row_count > 0;
}

void csv_free(struct csv_table *table)
{
    free(table->text);
    table->text = NULL;
}

size_t csv_column(const struct csv_table *table, const char *name)
{
    size_t column = 0;

    while (column < table->widths[0] && strcmp(table->cells[0][column], name) != 0)
        column++;
    return column;
}

const char *csv_at(const struct csv_table *table, const char *proxy, const char *server,
                   const char *column)
{
    size_t number = csv_column(table, column);

    if (number == table->widths[0])
        return "(none)";
    for (size_t row = 1; row < table->row_count; row++) {
        if (strcmp(table->cells[row][0], proxy) == 0 && strcmp(table->cells[row][1], server) == 0)
            return table->cells[row][number];
    }
    return "(none)";
}
