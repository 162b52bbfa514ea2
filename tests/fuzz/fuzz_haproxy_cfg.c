/*
 * Any bytes as a haproxy.cfg: it is refused with a message and without a word of configuration, or
 * k0slbd takes what is made of it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "control/import.h"
#include "control/import_haproxy.h"
#include "fuzz/said.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct import_source source = {.name = "haproxy.cfg"};

    said_begin(&source, data, size);
    (void)import_is_haproxy(source.text, source.size);
    said_check(import_haproxy(&source));
    free(source.text);
    return 0;
}
