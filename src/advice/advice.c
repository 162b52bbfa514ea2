#include "advice/advice.h"

size_t advice_find(const struct advice_case *what, struct advice *out, size_t most)
{
    (void)what;
    (void)out;
    (void)most;
    return 0;
}

size_t advice_find_risks(const struct epoch *epoch, struct advice *out, size_t most)
{
    (void)epoch;
    (void)out;
    (void)most;
    return 0;
}
