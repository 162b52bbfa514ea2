#include "probe/keyring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static int read_one(struct safe_file *file, const char *path, enum safe_file_kind kind,
                    char *reason)
{
    char why[SAFE_FILE_REASON];

    if (safe_file_read(file, path, kind, why) == 0)
        return 0;
    snprintf(reason, KEYRING_REASON, "%s %s", path, why);
    return -1;
}

/* The pair with the same paths, or KEYRING_NONE. */
static uint16_t find_pair(const struct keyring *keyring, const struct conf_service *service)
{
    for (unsigned i = 0; i < keyring->pair_count; i++) {
        if (strcmp(keyring->pairs[i].cert_path, service->check_cert) == 0 &&
            strcmp(keyring->pairs[i].key_path, service->check_key) == 0)
            return (uint16_t)i;
    }
    return KEYRING_NONE;
}

static int add_pair(struct keyring *keyring, const struct conf_service *service, char *reason)
{
    struct keyring_pair *pair = &keyring->pairs[keyring->pair_count++];

    pair->cert_path = service->check_cert;
    pair->key_path = service->check_key;
    if (read_one(&pair->cert, pair->cert_path, SAFE_FILE_PUBLIC, reason) == -1)
        return -1;
    return read_one(&pair->key, pair->key_path, SAFE_FILE_SECRET, reason);
}

static int read_service(struct keyring *keyring, const struct conf_service *service, unsigned index,
                        char *reason)
{

    keyring->pair_of[index] = KEYRING_NONE;
    if (service->check_cert[0] == '\0')
        return 0;
    keyring->pair_of[index] = find_pair(keyring, service);
    if (keyring->pair_of[index] != KEYRING_NONE)
        return 0;
    keyring->pair_of[index] = (uint16_t)keyring->pair_count;
    return add_pair(keyring, service, reason);
}

static int read_all(struct keyring *keyring, const struct keyring_wants *wants, uint16_t *service,
                    char *reason)
{
    *service = CONF_NO_INDEX;
    if (keyring->ca_path[0] != '\0' &&
        read_one(&keyring->ca, keyring->ca_path, SAFE_FILE_PUBLIC, reason) == -1 &&
        !wants->takes_any)
        return -1;
    for (unsigned i = 0; i < wants->service_count; i++) {
        *service = (uint16_t)i;
        if (read_service(keyring, &wants->services[i], i, reason) == -1 && !wants->takes_any)
            return -1;
    }
    return 0;
}

struct keyring_wants keyring_wants_of_conf(const struct conf *conf)
{
    return (struct keyring_wants){.ca_path = conf->global.ca,
                                  .services = conf->services,
                                  .service_count = conf->service_count};
}

struct keyring_wants keyring_wants_of_epoch(const struct epoch *epoch)
{
    return (struct keyring_wants){.ca_path = epoch->global.ca,
                                  .services = epoch_service(epoch, 0),
                                  .service_count = epoch->service_count};
}

bool keyring_wants_any(const struct keyring_wants *wants)
{
    bool any = *wants->ca_path != '\0';

    for (unsigned i = 0; i < wants->service_count; i++)
        any = any || wants->services[i].check_cert[0] != '\0';
    return any;
}

int keyring_gather(struct keyring *keyring, const struct keyring_wants *wants, uint16_t *service,
                   char reason[KEYRING_REASON])
{
    *keyring = (struct keyring){.ca_path = wants->ca_path};
    *service = CONF_NO_INDEX;
    keyring->pairs = calloc(wants->service_count + 1u, sizeof(*keyring->pairs));
    if (keyring->pairs == NULL) {
        snprintf(reason, KEYRING_REASON, "credentials cannot be read: %s", strerror(errno));
        return -1;
    }
    if (read_all(keyring, wants, service, reason) == 0)
        return 0;
    keyring_free(keyring);
    return -1;
}

int keyring_read(struct keyring *keyring, const struct epoch *epoch, uint16_t *service,
                 char reason[KEYRING_REASON])
{
    const struct keyring_wants wants = keyring_wants_of_epoch(epoch);

    return keyring_gather(keyring, &wants, service, reason);
}

void keyring_free(struct keyring *keyring)
{
    safe_file_free(&keyring->ca);
    for (unsigned i = 0; i < keyring->pair_count; i++) {
        safe_file_free(&keyring->pairs[i].cert);
        safe_file_free(&keyring->pairs[i].key);
    }
    free(keyring->pairs);
    *keyring = (struct keyring){0};
}

/* ---- noticing that they change ---- */

/* FNV-1a, eight bytes at a time. */
static uint64_t mix(uint64_t mark, uint64_t value)
{
    for (unsigned shift = 0; shift < 64; shift += 8)
        mark = (mark ^ (value >> shift & 0xff)) * UINT64_C(0x100000001b3);
    return mark;
}

uint64_t keyring_fold(uint64_t mark, const struct stat *status)
{
    if (status == NULL)
        return mix(mark, 1);
    mark = mix(mark, (uint64_t)status->st_dev);
    mark = mix(mark, (uint64_t)status->st_ino);
    mark = mix(mark, (uint64_t)status->st_size);
    mark = mix(mark, (uint64_t)status->st_uid << 32 | status->st_mode);
    mark = mix(mark, (uint64_t)status->st_mtim.tv_sec);
    return mix(mark, (uint64_t)status->st_mtim.tv_nsec);
}

static uint64_t look(uint64_t mark, const char *path)
{
    struct stat status;

    if (*path == '\0')
        return mark;
    return keyring_fold(mark, stat(path, &status) == 0 ? &status : NULL);
}

uint64_t keyring_mark(const struct keyring_wants *wants)
{
    uint64_t mark = look(UINT64_C(0xcbf29ce484222325), wants->ca_path);

    for (unsigned i = 0; i < wants->service_count; i++) {
        const struct conf_service *service = &wants->services[i];

        mark = look(mark, service->check_cert);
        mark = look(mark, service->check_key);
    }
    return mark;
}
