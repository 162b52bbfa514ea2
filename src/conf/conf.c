#include "conf/conf.h"

#include <stdlib.h>

void conf_free(struct conf *conf)
{
    free(conf->services);
    free(conf->backends);
    free(conf->listeners);
    free(conf->cidrs);
    *conf = (struct conf){0};
}
