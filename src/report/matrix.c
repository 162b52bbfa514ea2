#include <string.h>

#include "report/section.h"
#include "report/words.h"

/* More rows are no overview; then those with something amiss come first. */
#define ROWS_SHOWN 60

/* One line of text before it is escaped. */
#define LINE_LIMIT 4096

struct matrix {
    const struct snapshot *snapshot;
    struct textbuf *out;
    size_t service_count;               /* columns, by their places in the snapshot */
    size_t services[CONF_MAX_SERVICES]; /* enabled ones that have a row */
    size_t row_count;
    const struct snapshot_backend *rows[CONF_MAX_BACKENDS]; /* the first one of each name */
};

/* ---- which rows and columns ---- */

/* The place of a name in a service, SIZE_MAX = none. It is likely to be the same in all of them. */
static size_t find_name(const struct snapshot_service *service, const char *name, size_t likely)
{
    if (likely < service->backend_count && strcmp(service->backends[likely].name, name) == 0)
        return likely;
    for (size_t i = 0; i < service->backend_count; i++) {
        if (strcmp(service->backends[i].name, name) == 0)
            return i;
    }
    return SIZE_MAX;
}

static bool is_of_k0s(const struct snapshot_service *service)
{
    return strcmp(service->name, "kubeAPI") == 0 || strcmp(service->name, "konnectivity") == 0 ||
           strcmp(service->name, "controllerJoinAPI") == 0;
}

/* Whether a service before this one has that name, and so its row. */
static bool has_row(const struct matrix *matrix, const struct snapshot_service *service,
                    size_t backend)
{
    const struct snapshot_service *other;

    for (other = matrix->snapshot->services; other < service; other++) {
        if (other->enabled &&
            find_name(other, service->backends[backend].name, backend) != SIZE_MAX)
            return true;
    }
    return false;
}

/* Whether it serves in one of k0s's services, or in more than one: then it is a machine. */
static bool is_controller(const struct matrix *matrix, const struct snapshot_service *service,
                          size_t backend)
{
    const struct snapshot *snapshot = matrix->snapshot;

    if (is_of_k0s(service))
        return true;
    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *other = &snapshot->services[i];

        if (other->enabled && other != service &&
            find_name(other, service->backends[backend].name, backend) != SIZE_MAX)
            return true;
    }
    return false;
}

static void find_rows(struct matrix *matrix, const struct snapshot_service *service)
{
    for (size_t i = 0; i < service->backend_count; i++) {
        if (matrix->row_count < ARRAY_LEN(matrix->rows) && !has_row(matrix, service, i) &&
            is_controller(matrix, service, i))
            matrix->rows[matrix->row_count++] = &service->backends[i];
    }
}

static bool has_a_row(const struct matrix *matrix, const struct snapshot_service *service)
{
    for (size_t i = 0; i < matrix->row_count; i++) {
        if (find_name(service, matrix->rows[i]->name, i) != SIZE_MAX)
            return true;
    }
    return false;
}

static void find_all(struct matrix *matrix)
{
    const struct snapshot *snapshot = matrix->snapshot;

    for (size_t i = 0; i < snapshot->service_count; i++) {
        if (snapshot->services[i].enabled)
            find_rows(matrix, &snapshot->services[i]);
    }
    for (size_t i = 0; i < snapshot->service_count; i++) {
        if (snapshot->services[i].enabled && matrix->service_count < CONF_MAX_SERVICES &&
            has_a_row(matrix, &snapshot->services[i]))
            matrix->services[matrix->service_count++] = i;
    }
}

/* ---- cells ---- */

static void put_why(const struct snapshot_service *service, const struct snapshot_backend *backend,
                    struct textbuf *out)
{
    struct textbuf why;

    textbuf_init(&why, LINE_LIMIT);
    words_reason(&why, service, backend);
    words_html(out, why.data != NULL ? why.data : "");
    textbuf_fini(&why);
    if (!words_is_good(backend->check.code) || backend->status == STATUS_BLOCKED)
        return;
    textbuf_puts(out, ", ");
    html_number(out, HTML_MS, "check.duration_ms", backend->check.duration_us);
    textbuf_puts(out, " ms");
}

static void put_cell(const struct matrix *matrix, size_t service_index, size_t backend_index)
{
    const struct snapshot_service *service = &matrix->snapshot->services[service_index];
    const struct snapshot_backend *backend = &service->backends[backend_index];
    enum html_level level = section_backend_level(backend->status);
    struct textbuf *out = matrix->out;
    char at[SECTION_AT_SIZE];

    textbuf_printf(out, "<td class=\"%s\" data-at=\"%s\" data-label=\"", html_level_name(level),
                   section_at_backend(service_index, backend_index, at));
    words_html(out, service->name);
    textbuf_puts(out, "\"><p>");
    html_state(out, level, snapshot_status_name(backend->status));
    textbuf_puts(out, " <span class=\"since\">");
    html_number(out, HTML_AGE, "since_seconds", backend->since_seconds);
    textbuf_puts(out, "</span></p><p class=\"why\">");
    put_why(service, backend, out);
    textbuf_puts(out, "</p><p class=\"load\"><b>");
    html_number(out, HTML_PLAIN, "connections.active", backend->counts.active);
    textbuf_puts(out, "</b> open, <b>");
    html_number(out, HTML_PLAIN, "connections.per_second", backend->counts.per_second);
    textbuf_puts(out, "</b>/s</p></td>");
}

static void put_row(const struct matrix *matrix, size_t row)
{
    const struct snapshot_backend *first = matrix->rows[row];
    char ip[ADDR_TEXT_SIZE];

    textbuf_puts(matrix->out, "<tr><th scope=\"row\">");
    words_html(matrix->out, first->name);
    if (first->address.family != ADDR_NONE)
        textbuf_printf(matrix->out, "<small>%s</small>", addr_format_ip(&first->address, ip));
    textbuf_puts(matrix->out, "</th>");
    for (size_t i = 0; i < matrix->service_count; i++) {
        const struct snapshot_service *service = &matrix->snapshot->services[matrix->services[i]];
        size_t backend = find_name(service, first->name, row);

        if (backend != SIZE_MAX)
            put_cell(matrix, matrix->services[i], backend);
        else
            textbuf_puts(matrix->out, "<td class=\"none\">not there</td>");
    }
    textbuf_puts(matrix->out, "</tr>\n");
}

/* ---- the matrix ---- */

static bool is_amiss(const struct matrix *matrix, size_t row)
{
    for (size_t i = 0; i < matrix->service_count; i++) {
        const struct snapshot_service *service = &matrix->snapshot->services[matrix->services[i]];
        size_t backend = find_name(service, matrix->rows[row]->name, row);

        if (backend != SIZE_MAX && service->backends[backend].status != STATUS_UP)
            return true;
    }
    return false;
}

static void put_rows(const struct matrix *matrix)
{
    size_t shown = 0;

    if (matrix->row_count <= ROWS_SHOWN) {
        for (size_t i = 0; i < matrix->row_count; i++)
            put_row(matrix, i);
        return;
    }
    for (int amiss = 1; amiss >= 0; amiss--) {
        for (size_t i = 0; shown < ROWS_SHOWN && i < matrix->row_count; i++) {
            if (is_amiss(matrix, i) != (amiss == 1))
                continue;
            put_row(matrix, i);
            shown++;
        }
    }
}

static void put_titles(const struct matrix *matrix)
{
    struct textbuf *out = matrix->out;

    textbuf_puts(out, "<thead>\n<tr><th scope=\"col\">Controller</th>");
    for (size_t i = 0; i < matrix->service_count; i++) {
        textbuf_puts(out, "<th scope=\"col\">");
        words_html(out, matrix->snapshot->services[matrix->services[i]].name);
        textbuf_puts(out, "</th>");
    }
    textbuf_puts(out, "</tr>\n</thead>\n");
}

void section_matrix(const struct snapshot *snapshot, struct textbuf *out)
{
    struct matrix matrix = {.snapshot = snapshot, .out = out};

    find_all(&matrix);
    if (matrix.row_count == 0)
        return;
    textbuf_puts(out, "<section aria-labelledby=\"matrix\">\n<h2 id=\"matrix\">Controllers</h2>\n"
                      "<div class=\"scroll\" id=\"matrix-table\" role=\"region\" tabindex=\"0\" "
                      "aria-labelledby=\"matrix\">\n<table class=\"matrix\">\n");
    put_titles(&matrix);
    textbuf_puts(out, "<tbody>\n");
    put_rows(&matrix);
    textbuf_puts(out, "</tbody>\n</table>\n</div>\n");
    if (matrix.row_count > ROWS_SHOWN)
        textbuf_printf(out, "<p class=\"more\">and %zu more, in the tables below</p>\n",
                       matrix.row_count - ROWS_SHOWN);
    textbuf_puts(out, "</section>\n");
}
