#include "conf/epoch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "unit/unit.h"

#include "conf_test.h"

extern const struct unit_test epoch_tests[];

static struct loaded loaded;

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Loads the text and gives slots as a board would: services from 3 up, backends from the top. */
static void load_with_slots(const char *text)
{
    load_good(&loaded, text);
    for (uint16_t i = 0; i < loaded.conf.service_count; i++)
        loaded.conf.services[i].slot = (uint16_t)(3 + i);
    for (uint16_t i = 0; i < loaded.conf.backend_count; i++)
        loaded.conf.backends[i].slot = (uint16_t)(CONF_MAX_BACKENDS - 1 - i);
}

static const struct epoch *seal_and_map(const char *text)
{
    const struct epoch *epoch;
    int fd;

    load_with_slots(text);
    fd = epoch_seal(&loaded.conf, 7);
    CU_ASSERT_FATAL(fd != -1);
    epoch = epoch_map(fd);
    fd_close(&fd);
    CU_ASSERT_PTR_NOT_NULL_FATAL(epoch);
    return epoch;
}

static void everything_comes_back(void)
{
    const struct epoch *epoch =
        seal_and_map(CONTROLLERS "[stats]\nallow = 192.0.2.0/24\n"
                                 "[defaults]\nsource_address = 127.0.0.9\n"
                                 "[k0slb]\nexternal_address = lb.example, 10.0.0.10\n");
    const struct conf *conf = &loaded.conf;

    ASSERT_NUMBER(epoch->number, 7);
    ASSERT_NUMBER(epoch->service_count, 3);
    ASSERT_NUMBER(epoch->backend_count, 6);
    ASSERT_NUMBER(epoch->listener_count, 8);
    ASSERT_NUMBER(epoch->cidr_count, 1);
    ASSERT_NUMBER(epoch->local_count, 1);
    ASSERT_TEXT(epoch->global.name, "k0slb");
    CU_ASSERT_EQUAL(memcmp(epoch_service(epoch, 0), conf->services, 3 * sizeof(*conf->services)),
                    0);
    CU_ASSERT_EQUAL(memcmp(epoch_backend(epoch, 0), conf->backends, 6 * sizeof(*conf->backends)),
                    0);
    CU_ASSERT_EQUAL(memcmp(epoch_listener(epoch, 0), conf->listeners, 8 * sizeof(*conf->listeners)),
                    0);
    CU_ASSERT_EQUAL(memcmp(epoch_cidrs(epoch), conf->cidrs, sizeof(*conf->cidrs)), 0);
    CU_ASSERT(addr_equal(epoch_local(epoch, 0), conf->locals));
    ASSERT_NUMBER(epoch->external_count, 2);
    ASSERT_TEXT(epoch_external(epoch, 0)->host, "lb.example");
    ASSERT_NUMBER(epoch_external(epoch, 1)->address.family, ADDR_IPV4);
    ASSERT_TEXT(epoch_service(epoch, 0)->check_host, "lb.example");
    ASSERT_NUMBER(epoch_service(epoch, 2)->required, 0);
    ASSERT_NUMBER(epoch_backend(epoch, 5)->required, 1);
    epoch_unmap(epoch);
    loaded_free(&loaded);
}

static void found_by_slot(void)
{
    const struct epoch *epoch = seal_and_map(CONTROLLERS);

    CU_ASSERT_PTR_NULL(epoch_service_by_slot(epoch, 0));
    CU_ASSERT_PTR_EQUAL(epoch_service_by_slot(epoch, 4), epoch_service(epoch, 1));
    CU_ASSERT_PTR_NULL(epoch_service_by_slot(epoch, 6));
    CU_ASSERT_PTR_NULL(epoch_service_by_slot(epoch, CONF_MAX_SERVICES));
    CU_ASSERT_PTR_EQUAL(epoch_backend_by_slot(epoch, 1023), epoch_backend(epoch, 0));
    CU_ASSERT_PTR_EQUAL(epoch_backend_by_slot(epoch, 1018), epoch_backend(epoch, 5));
    CU_ASSERT_PTR_NULL(epoch_backend_by_slot(epoch, 1017));
    CU_ASSERT_PTR_NULL(epoch_backend_by_slot(epoch, 70000));
    epoch_unmap(epoch);
    loaded_free(&loaded);
}

static void bad_slots_are_refused(void)
{
    load_with_slots(CONTROLLERS);
    loaded.conf.services[2].slot = loaded.conf.services[0].slot;
    errno = 0;
    ASSERT_NUMBER(epoch_seal(&loaded.conf, 1), -1);
    ASSERT_NUMBER(errno, EINVAL);
    loaded.conf.services[2].slot = CONF_MAX_SERVICES;
    ASSERT_NUMBER(epoch_seal(&loaded.conf, 1), -1);
    loaded.conf.services[2].slot = 0;
    loaded.conf.backends[1].slot = CONF_MAX_BACKENDS;
    ASSERT_NUMBER(epoch_seal(&loaded.conf, 1), -1);
    loaded_free(&loaded);
}

static void nobody_can_change_it(void)
{
    void *writable;
    int fd;

    load_with_slots(CONTROLLERS);
    fd = epoch_seal(&loaded.conf, 1);
    CU_ASSERT_FATAL(fd != -1);
    ASSERT_NUMBER(fcntl(fd, F_GET_SEALS) & SEALS, SEALS);
    CU_ASSERT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    ASSERT_NUMBER(pwrite(fd, "x", 1, 0), -1);
    ASSERT_NUMBER(errno, EPERM);
    ASSERT_NUMBER(ftruncate(fd, 1), -1);
    ASSERT_NUMBER(ftruncate(fd, 1 << 20), -1);
    writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CU_ASSERT_PTR_EQUAL(writable, MAP_FAILED);
    fd_close(&fd);
    loaded_free(&loaded);
}

/* Maps a sealed or unsealed copy of an epoch that was changed, and returns errno, 0 = accepted. */
static int map_copy(const struct epoch *copy, size_t size, int seals)
{
    int fd = memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    const struct epoch *mapped;
    int error;

    CU_ASSERT_FATAL(fd != -1 && fd_write_all(fd, copy, size) == 0);
    CU_ASSERT_EQUAL_FATAL(fcntl(fd, F_ADD_SEALS, seals), 0);
    errno = 0;
    mapped = epoch_map(fd);
    error = mapped != NULL ? 0 : errno;
    epoch_unmap(mapped);
    fd_close(&fd);
    return error;
}

static void what_is_no_epoch_is_refused(void)
{
    static union {
        struct epoch epoch;
        char bytes[65536];
    } copy;
    const struct epoch *good =
        seal_and_map(CONTROLLERS "[defaults]\nallow = private\nsource_address = 127.0.0.9\n");
    size_t size = good->size;

#define FIRST(type, at) ((struct type *)(void *)(copy.bytes + copy.epoch.at))
#define EXPECT_REFUSED(change)                                                                     \
    do {                                                                                           \
        memcpy(copy.bytes, good, size);                                                            \
        change;                                                                                    \
        ASSERT_NUMBER(map_copy(&copy.epoch, size, SEALS), EINVAL);                                 \
    } while (0)

    CU_ASSERT_FATAL(size <= sizeof(copy));
    memcpy(copy.bytes, good, size);
    ASSERT_NUMBER(map_copy(&copy.epoch, size, SEALS), 0);
    ASSERT_NUMBER(map_copy(&copy.epoch, size, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), EPERM);
    ASSERT_NUMBER(map_copy(&copy.epoch, size, F_SEAL_SHRINK | F_SEAL_SEAL), EPERM);
    ASSERT_NUMBER(map_copy(&copy.epoch, size - 8, SEALS), EINVAL);
    ASSERT_NUMBER(map_copy(&copy.epoch, 8, SEALS), EINVAL);
    ASSERT_NUMBER(map_copy(&copy.epoch, 0, SEALS), EINVAL);
    EXPECT_REFUSED(copy.epoch.size += 8);
    EXPECT_REFUSED(copy.epoch.service_count = CONF_MAX_SERVICES + 1);
    EXPECT_REFUSED(copy.epoch.backend_count = CONF_MAX_BACKENDS);
    EXPECT_REFUSED(copy.epoch.services_at += 4);
    EXPECT_REFUSED(copy.epoch.cidrs_at -= 4);
    EXPECT_REFUSED(copy.epoch.services_at = 0);
    EXPECT_REFUSED(copy.epoch.cidrs_at = (uint32_t)size + 8);
    EXPECT_REFUSED(copy.epoch.listeners_at = UINT32_MAX - 7);
    EXPECT_REFUSED(copy.epoch.externals_at = (uint32_t)size + 8);
    EXPECT_REFUSED(copy.epoch.external_count = CONF_MAX_EXTERNALS + 1);
    EXPECT_REFUSED(
        ((struct conf_service *)(void *)(copy.bytes + copy.epoch.services_at))->required = 3);
    EXPECT_REFUSED(
        ((struct conf_backend *)(void *)(copy.bytes + copy.epoch.backends_at))->required = 6);
    EXPECT_REFUSED(copy.epoch.service_of_slot[0] = 3);
    EXPECT_REFUSED(copy.epoch.backend_of_slot[0] = 6);
    EXPECT_REFUSED(copy.epoch.stats.allow.first_cidr = 10);
    EXPECT_REFUSED(copy.epoch.local_count = CONF_MAX_LOCALS + 1);
    EXPECT_REFUSED(copy.epoch.locals_at = (uint32_t)size + 8);
    EXPECT_REFUSED(FIRST(conf_service, services_at)->first_backend = 5);
    EXPECT_REFUSED(FIRST(conf_service, services_at)->first_local = 2);
    EXPECT_REFUSED(FIRST(conf_service, services_at)->local_count = 2);
    EXPECT_REFUSED(FIRST(conf_service, services_at)->allow.cidr_count = UINT16_MAX);
    EXPECT_REFUSED(FIRST(conf_service, services_at)->deny.first_cidr = UINT16_MAX);
    EXPECT_REFUSED(FIRST(conf_service, services_at)->slot = CONF_MAX_SERVICES);
    EXPECT_REFUSED(FIRST(conf_service, services_at)->slot = 9);
    EXPECT_REFUSED(FIRST(conf_service, services_at)->balance = BALANCE_SOURCE_SPREAD + 1);
    EXPECT_REFUSED(FIRST(conf_backend, backends_at)->service = 3);
    EXPECT_REFUSED(FIRST(conf_backend, backends_at)->slot = CONF_MAX_BACKENDS);
    EXPECT_REFUSED(FIRST(conf_listener, listeners_at)->owner = 3);
    EXPECT_REFUSED(FIRST(cidr, cidrs_at)->prefix = 129);
    EXPECT_REFUSED(FIRST(addr, locals_at)->family = ADDR_NONE);
    epoch_unmap(good);
    loaded_free(&loaded);
}

static void other_descriptors_are_refused(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    CU_ASSERT_PTR_NULL(epoch_map(fd));
    ASSERT_NUMBER(errno, EPERM);
    fd_close(&fd);
    CU_ASSERT_PTR_NULL(epoch_map(-1));
}

static void an_epoch_without_anything(void)
{
    struct conf conf = {0};
    const struct epoch *epoch;
    int fd = epoch_seal(&conf, 1);

    CU_ASSERT_FATAL(fd != -1);
    epoch = epoch_map(fd);
    CU_ASSERT_PTR_NOT_NULL_FATAL(epoch);
    CU_ASSERT_PTR_NULL(epoch_service_by_slot(epoch, 0));
    epoch_unmap(epoch);
    fd_close(&fd);
}

static void who_is_let_in(void)
{
    static const struct {
        const char *allow;
        const char *client;
        bool allowed;
    } cases[] = {
        {"private", "10.1.2.3", true},
        {"private", "127.0.0.1", true},
        {"private", "fd00::1", true},
        {"private", "192.0.2.1", false},
        {"private", "2001:db8::1", false},
        {"all", "192.0.2.1", true},
        {"192.0.2.0/24", "192.0.2.1", true},
        {"192.0.2.0/24", "10.1.2.3", false},
        {"controllers", "10.0.0.12", true},
        {"controllers", "10.0.0.13", false},
        {"controllers, 10.0.0.13", "10.0.0.13", true},
    };
    char text[200];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct epoch *epoch;
        struct addr client;

        strcpy(text, CONTROLLERS "[stats]\nallow = ");
        strcat(text, cases[i].allow);
        epoch = seal_and_map(text);
        ASSERT_NUMBER(addr_parse(&client, cases[i].client), 0);
        client.port = 4711;
        ASSERT_NUMBER(epoch_allows(epoch, &epoch->stats.allow, &client), cases[i].allowed);
        epoch_unmap(epoch);
        loaded_free(&loaded);
    }
}

const struct unit_test epoch_tests[] = {
    {"everything_comes_back", everything_comes_back},
    {"found_by_slot", found_by_slot},
    {"bad_slots_are_refused", bad_slots_are_refused},
    {"nobody_can_change_it", nobody_can_change_it},
    {"what_is_no_epoch_is_refused", what_is_no_epoch_is_refused},
    {"other_descriptors_are_refused", other_descriptors_are_refused},
    {"an_epoch_without_anything", an_epoch_without_anything},
    {"who_is_let_in", who_is_let_in},
    {NULL, NULL},
};
