#include "probe/trust.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/keyring.h"

struct probe_trust {
    struct probe_authority *authority;
    struct probe_identity **identities; /* by pair */
    unsigned pair_count;
    bool takes_any;                      /* what is at fault is left out */
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

    if (cert.data == NULL || key.data == NULL)
        return -1; /* could not be read, which is tolerated then */
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

    memcpy(trust->pair_of, keyring->pair_of, sizeof(trust->pair_of));
    if (ca.data != NULL) {
        trust->authority = probe_authority_new(&ca, fault->reason);
        if (trust->authority == NULL && !trust->takes_any)
            return -1;
    }
    for (unsigned i = 0; i < keyring->pair_count; i++) {
        if (understand_pair(trust, keyring, i, fault) == -1 && !trust->takes_any)
            return -1;
    }
    return 0;
}

static struct probe_trust *make(const struct keyring *keyring, bool takes_any,
                                struct probe_trust_fault *fault)
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
    trust->takes_any = takes_any;
    if (understand(trust, keyring, fault) == 0)
        return trust;
    probe_trust_free(trust);
    return NULL;
}

static struct probe_trust *read_trust(const struct epoch *epoch, bool takes_any,
                                      struct probe_trust_fault *fault)
{
    struct keyring_wants wants = keyring_wants_of_epoch(epoch);
    struct probe_trust *trust;
    struct keyring keyring;

    wants.takes_any = takes_any;
    fault->service = CONF_NO_INDEX;
    if (keyring_gather(&keyring, &wants, &fault->service, fault->reason) == -1)
        return NULL;
    fault->service = CONF_NO_INDEX;
    trust = make(&keyring, takes_any, fault);
    keyring_free(&keyring);
    return trust;
}

struct probe_trust *probe_trust_read(const struct epoch *epoch, struct probe_trust_fault *fault)
{
    return read_trust(epoch, false, fault);
}

struct probe_trust *probe_trust_salvage(const struct epoch *epoch)
{
    struct probe_trust_fault faults;

    return read_trust(epoch, true, &faults);
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
