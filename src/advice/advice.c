#include "advice/advice.h"

#include <ctype.h>
#include <string.h>

#include "advice/advice_rules.h"

/* The most important first. */
static advice_rule_fn *const rules[] = {
    advice_certificate_ended, advice_ca_differs,
    advice_ca_unknown,        advice_wrong_service,
    advice_name_missing,      advice_certificate_refused,
    advice_clock_off,         advice_konnectivity_certificate,
    advice_certificate_ends,  advice_flapping,
    advice_ready_unverified,  advice_not_in_use,
};

size_t advice_find(const struct advice_case *what, struct advice *out, size_t most)
{
    struct advice_list list;

    advice_list_init(&list, what->epoch, out, most);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        rules[i](what, &list);
    return list.count;
}

/* How long the number of days is that the text begins with; 0 = it begins with none. */
static size_t days_length(const char *text)
{
    size_t digits = 0;

    while (isdigit((unsigned char)text[digits]))
        digits++;
    return digits > 0 && strncmp(text + digits, " day", 4) == 0 ? digits : 0;
}

/* Both numbers of days are passed over; "1 day" and "2 days" differ by a letter, too. */
static bool is_same_text(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        size_t a_days = days_length(a);
        size_t b_days = days_length(b);

        if (a_days > 0 && b_days > 0) {
            a += a_days + strlen(" day");
            b += b_days + strlen(" day");
            a += *a == 's';
            b += *b == 's';
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return *a == *b;
}

bool advice_is_same(const struct board_warning *a, const struct board_warning *b)
{
    return strcmp(a->code, b->code) == 0 && is_same_text(a->text, b->text);
}
