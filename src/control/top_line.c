#include "control/top_line.h"

#include "report/words.h"

#define LINE_LIMIT 16384

/* Eighths of a place: from the left, and from below. */
static const char *const filled[] = {" ",      "\u258f", "\u258e", "\u258d", "\u258c",
                                     "\u258b", "\u258a", "\u2589", "\u2588"};
static const char *const heights[] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
                                      "\u2585", "\u2586", "\u2587", "\u2588"};
static const char *const plain_heights[] = {" ", ".", ".", ":", ":", "+", "+", "#", "#"};

static bool is_beyond(const struct top_line *line)
{
    return line->row >= line->rows || line->used >= line->width;
}

void top_line_put(struct top_line *line, enum paint paint, const char *text)
{
    struct textbuf clipped;

    if (is_beyond(line))
        return;
    textbuf_init(&clipped, LINE_LIMIT);
    words_clip(&clipped, text, line->width - line->used);
    if (clipped.length > 0) {
        paint_put(line->out, line->color, paint, clipped.data);
        line->used += (unsigned)words_width(clipped.data);
    }
    textbuf_fini(&clipped);
}

void top_line_printf(struct top_line *line, enum paint paint, const char *format, ...)
{
    struct textbuf text;
    va_list args;

    textbuf_init(&text, LINE_LIMIT);
    va_start(args, format);
    textbuf_vprintf(&text, format, args);
    va_end(args);
    top_line_put(line, paint, text.data != NULL ? text.data : "");
    textbuf_fini(&text);
}

void top_line_move(struct top_line *line, unsigned place)
{
    if (line->row >= line->rows)
        return;
    for (; line->used < place && line->used < line->width; line->used++)
        textbuf_puts(line->out, " ");
}

void top_line_put_right(struct top_line *line, unsigned end, const char *text)
{
    unsigned width = (unsigned)words_width(text);

    top_line_move(line, line->used + 1);
    top_line_move(line, end > width ? end - width : 0);
    top_line_put(line, PAINT_PLAIN, text);
}

/* One character of our own, of one place. */
static void put_cell(struct top_line *line, const char *cell)
{
    if (is_beyond(line))
        return;
    textbuf_puts(line->out, cell);
    line->used++;
}

void top_line_put_bar(struct top_line *line, unsigned places, uint64_t value, uint64_t most)
{
    const unsigned eighths = places * 8;
    unsigned length = most > 0 ? (unsigned)((double)value / (double)most * eighths + 0.5) : 0;

    if (length > eighths)
        length = eighths;
    if (length == 0 && value > 0)
        length = 1;
    for (unsigned i = 0; i < places; i++, length -= length < 8 ? length : 8) {
        if (line->utf8)
            put_cell(line, filled[length < 8 ? length : 8]);
        else
            put_cell(line, length > 0 ? "#" : " ");
    }
}

void top_line_put_columns(struct top_line *line, const uint64_t *values, size_t count)
{
    uint64_t most = 1;

    for (size_t i = 0; i < count; i++)
        most = values[i] > most ? values[i] : most;
    for (size_t i = 0; i < count; i++) {
        unsigned height = (unsigned)((double)values[i] / (double)most * 8 + 0.5);

        if (height == 0 && values[i] > 0)
            height = 1;
        put_cell(line, line->utf8 ? heights[height] : plain_heights[height]);
    }
}

void top_line_end(struct top_line *line)
{
    if (line->row >= line->rows)
        return;
    top_line_move(line, line->width);
    if (line->row + 1 < line->rows)
        textbuf_puts(line->out, "\r\n");
    line->row++;
    line->used = 0;
}
