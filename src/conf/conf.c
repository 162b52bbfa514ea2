#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>

_Static_assert(CONF_PLACE_SIZE >= ADDR_TEXT_SIZE, "any place has room");

char *conf_place_format(const char *host, const struct addr *address, char text[CONF_PLACE_SIZE])
{
    if (*host == '\0')
        return addr_format(address, text);
    snprintf(text, CONF_PLACE_SIZE, "%s:%u", host, (unsigned)address->port);
    return text;
}

bool conf_counts_sources(const struct conf_service *service)
{
    return service->balance == BALANCE_SOURCE_SPREAD || service->source_max_connections > 0;
}

uint64_t conf_fast_interval(const struct conf_service *service)
{
    uint64_t fast = service->check_fast_interval;

    return fast < service->check_interval ? fast : service->check_interval;
}

bool conf_check_is_tls(enum conf_check check)
{
    return check == CHECK_HTTPS || check == CHECK_H2 || check == CHECK_TLS;
}

bool conf_expects(const struct conf_service *service, unsigned status)
{
    return status <= CONF_STATUS_MOST &&
           (service->check_expect[status / 64] >> (status % 64) & 1) != 0;
}

void conf_free(struct conf *conf)
{
    free(conf->services);
    free(conf->backends);
    free(conf->listeners);
    free(conf->cidrs);
    free(conf->locals);
    free(conf->externals);
    *conf = (struct conf){0};
}
