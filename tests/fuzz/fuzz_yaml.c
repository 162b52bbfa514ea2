/*
 * Any bytes as YAML: as a k0sctl.yaml, of which k0slbd takes what is made of it or nothing is
 * printed, and as a kubeconfig, of which all three files are there or none.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "control/import.h"
#include "fuzz/said.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_kubeconfig(const struct import_source *source)
{
    struct import_material material;
    char reason[IMPORT_REASON] = "";

    if (import_kubeconfig(source, &material, reason) == -1 &&
        (reason[0] == '\0' || material.files[IMPORT_CA].data != NULL))
        abort();
    import_material_free(&material);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct import_source source = {.name = "k0sctl.yaml"};

    said_begin(&source, data, size);
    if (import_is_k0sctl(&source))
        said_check(import_k0sctl(&source));
    (void)import_is_kubeconfig(&source);
    read_kubeconfig(&source);
    free(source.text);
    return 0;
}
