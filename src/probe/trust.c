#include "probe/trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/keyring.h"

struct probe_trust {
    struct probe_authority *authority;
    struct probe_identity **identities; /* by pair */
    unsigned pair_count;
    uint16_t pair_of[CONF_MAX_SERVICES]; /* of a service by its index, or KEYRING_NONE */
};

static struct probe_pem pem_of(const char *path, const struct safe_file *file)
{
    return (struct probe_pem){.name = path, .data = file->data, .size = file->size};
}

/* The first service that shows this pair. */
static uint16_t service_of(const struct keyring *keyring, unsigned pair)
{
    uint16_t service = 0;

    while (keyring->pair_of[service] != pair)
        service++;
    return service;
}

static int understand_pair(struct probe_trust *trust, const struct keyring *keyring, unsigned index,
                           struct probe_trust_fault *fault)
{
    const struct keyring_pair *pair = &keyring->pairs[index];
    struct probe_pem cert = pem_of(pair->cert_path, &pair->cert);
    struct probe_pem key = pem_of(pair->key_path, &pair->key);

    trust->identities[index] = probe_identity_new(&cert, &key, fault->reason);
    if (trust->identities[index] != NULL)
        return 0;
    fault->service = service_of(keyring, index);
    return -1;
}

static int understand(struct probe_trust *trust, const struct keyring *keyring,
                      struct probe_trust_fault *fault)
{
    struct probe_pem ca = pem_of(keyring->ca_path, &keyring->ca);

    if (*keyring->ca_path != '\0') {
        trust->authority = probe_authority_new(&ca, fault->reason);
        if (trust->authority == NULL)
            return -1;
    }
    memcpy(trust->pair_of, keyring->pair_of, sizeof(trust->pair_of));
    for (unsigned i = 0; i < keyring->pair_count; i++) {
        if (understand_pair(trust, keyring, i, fault) == -1)
            return -1;
    }
    return 0;
}

static struct probe_trust *make(const struct keyring *keyring, struct probe_trust_fault *fault)
{
    struct probe_trust *trust = calloc(1, sizeof(*trust));

    if (trust != NULL)
        trust->identities = calloc(keyring->pair_count + 1u, sizeof(struct probe_identity *));
    if (trust == NULL || trust->identities == NULL) {
        snprintf(fault->reason, sizeof(fault->reason), "credentials cannot be read: %s",
                 strerror(errno));
        probe_trust_free(trust);
        return NULL;
    }
    trust->pair_count = keyring->pair_count;
    if (understand(trust, keyring, fault) == 0)
        return trust;
    probe_trust_free(trust);
    return NULL;
}

struct probe_trust *probe_trust_read(const struct epoch *epoch, struct probe_trust_fault *fault)
{
    struct probe_trust *trust;
    struct keyring keyring;

    fault->service = CONF_NO_INDEX;
    if (keyring_read(&keyring, epoch, &fault->service, fault->reason) == -1)
        return NULL;
    trust = make(&keyring, fault);
    keyring_free(&keyring);
    return trust;
}

void probe_trust_free(struct probe_trust *trust)
{
    if (trust == NULL)
        return;
    for (unsigned i = 0; i < trust->pair_count && trust->identities != NULL; i++)
        probe_identity_free(trust->identities[i]);
    free(trust->identities);
    probe_authority_free(trust->authority);
    free(trust);
}

const struct probe_authority *probe_trust_authority(const struct probe_trust *trust)
{
    return trust->authority;
}

const struct probe_identity *probe_trust_identity(const struct probe_trust *trust, unsigned service)
{
    uint16_t pair = trust->pair_of[service];

    return pair == KEYRING_NONE ? NULL : trust->identities[pair];
}
