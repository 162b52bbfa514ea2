#include "system/volume.h"

#include <stdlib.h>
#include <string.h>

bool volume_is_whole(void)
{
    const char *value = getenv("K0SLB_LONG");

    return value != NULL && strcmp(value, "1") == 0;
}

unsigned volume(unsigned brief, unsigned whole)
{
    return volume_is_whole() ? whole : brief;
}
