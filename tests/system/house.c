#include "system/house.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mono.h"
#include "base/textbuf.h"
#include "unit/unit.h"

#include "system/far.h"

static const char *const service_names[] = {"kubeAPI", "konnectivity", "controllerJoinAPI"};
static const char *const controller_names[HOUSE_CONTROLLERS] = {"c1", "c2", "c3"};

struct controller_port *house_port(struct house *house, unsigned controller,
                                   enum house_service service)
{
    return &house->controllers[controller].ports[service];
}

const struct addr *house_address(const struct house *house, enum house_service service)
{
    return service == HOUSE_API ? &house->scene.listen : &house->scene.spare[service - 1];
}

/* ---- making ---- */

static void path_of(const struct house *house, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", house->scene.instance.dir, name);
}

static void save_papers(const struct house *house)
{
    char path[128];

    path_of(house, "ca.crt", path);
    paper_save_certificate(&house->papers.authority, path);
    path_of(house, "client.crt", path);
    paper_save_certificate(&house->papers.client, path);
    path_of(house, "client.key", path);
    paper_save_key(&house->papers.client, path);
}

static void remove_papers(const struct house *house)
{
    static const char *const names[] = {"ca.crt", "client.crt", "client.key"};
    char path[128];

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        path_of(house, names[i], path);
        (void)unlink(path);
    }
}

static void write_service(const struct house *house, enum house_service service, const char *keys,
                          struct textbuf *text)
{
    char address[ADDR_TEXT_SIZE];

    textbuf_printf(text, "[service %s]\nlisten = %s\n%s", service_names[service],
                   addr_format(house_address(house, service), address), keys);
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++)
        textbuf_printf(text, "server %s = %s\n", controller_names[i],
                       addr_format(&house->controllers[i].addresses[service], address));
}

static void write_config(const struct house *house, const struct house_plan *plan,
                         struct textbuf *text)
{
    const char *dir = house->scene.instance.dir;
    char api[1024];

    textbuf_printf(text,
                   "[k0slb]\nname = %s\nworkers = %u\nlog = stderr\nlog_level = debug\n"
                   "external_address = " CONTROLLER_EXTERNAL "\n%s",
                   house->scene.instance.name, scene_mode()->workers,
                   plan->global != NULL ? plan->global : "");
    if (!plan->no_authority)
        textbuf_printf(text, "ca = %s/ca.crt\n", dir);
    textbuf_printf(text, "[stats]\nlisten =\n[defaults]\n%s",
                   plan->defaults != NULL ? plan->defaults : "");
    snprintf(api, sizeof(api), "%s", plan->api != NULL ? plan->api : "");
    if (plan->identity)
        snprintf(api + strlen(api), sizeof(api) - strlen(api),
                 "check_cert = %s/client.crt\ncheck_key = %s/client.key\n", dir, dir);
    write_service(house, HOUSE_API, api, text);
    for (unsigned i = 1; i < CONTROLLER_PORTS; i++) {
        if (i < house->services)
            write_service(house, (enum house_service)i, "", text);
        else
            textbuf_printf(text, "[service %s]\nenabled = no\n", service_names[i]);
    }
    if (plan->more != NULL)
        plan->more(house, text);
}

/* What each port of a controller of k0s is like. */
static void give_usual_orders(struct house *house, unsigned controller)
{
    struct controller_port *tunnel = house_port(house, controller, HOUSE_TUNNEL);
    struct controller_port *join = house_port(house, controller, HOUSE_JOIN);
    struct controller_port *api = house_port(house, controller, HOUSE_API);

    snprintf(api->probe, sizeof(api->probe), "GET /readyz HTTP/1.1\r\n");
    api->asks = true;
    tunnel->protocol = CONTROLLER_H2;
    snprintf(join->probe, sizeof(join->probe), "HEAD /v1beta1/ca HTTP/1.1\r\n");
    join->status = 405;
}

static struct addr place_of(const struct house *house, const struct house_plan *plan,
                            unsigned controller)
{
    if (controller == 0 && plan->first_is_far)
        return far_address();
    return house->scene.instance.address;
}

/* A socket belongs where it is made. */
static void go_to(const struct house *house, unsigned controller)
{
    if (controller == 0 && house->first_is_far)
        far_go();
}

static void return_from(const struct house *house, unsigned controller)
{
    if (controller == 0 && house->first_is_far)
        far_return();
}

static bool is_listed(const struct addr *list, size_t count, const struct addr *address)
{
    for (size_t i = 0; i < count; i++) {
        if (addr_equal(&list[i], address))
            return true;
    }
    return false;
}

/* Whether a port of this controller, which was free a moment ago, was promised before. */
static bool is_taken(const struct house *house, unsigned controller)
{
    const struct addr *own = house->controllers[controller].addresses;

    for (unsigned k = 0; k < CONTROLLER_PORTS; k++) {
        if (is_listed(own, k, &own[k]) || is_listed(&house->scene.listen, 1, &own[k]) ||
            is_listed(house->scene.spare, SCENE_SPARE, &own[k]))
            return true;
        for (unsigned i = 0; i < controller; i++) {
            if (is_listed(house->controllers[i].addresses, CONTROLLER_PORTS, &own[k]))
                return true;
        }
    }
    return false;
}

/* Until every port is one that nobody else will have. */
static int init_controller(struct house *house, unsigned controller, const struct addr *at)
{
    struct controller *made = &house->controllers[controller];

    for (int tries = 0; tries < 10; tries++) {
        if (controller_init(made, controller_names[controller], at, &house->papers) == -1)
            return -1;
        if (!is_taken(house, controller))
            return 0;
        controller_fini(made);
    }
    return -1;
}

static int init_controllers(struct house *house, const struct house_plan *plan)
{
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++) {
        struct addr at = place_of(house, plan, i);
        int result;

        go_to(house, i);
        result = init_controller(house, i, &at);
        return_from(house, i);
        if (result == -1)
            return -1;
        give_usual_orders(house, i);
    }
    house->controllers[0].listens_everywhere = plan->first_is_many;
    return 0;
}

int house_prepare(struct house *house, const struct house_plan *plan)
{
    struct textbuf text;
    int result;

    memset(house, 0, sizeof(*house));
    house->services = plan->services > 0 ? plan->services : 1;
    house->first_is_far = plan->first_is_far;
    controller_papers_make(&house->papers);
    if (scene_init(&house->scene) == -1)
        return -1;
    if (init_controllers(house, plan) == -1) {
        CU_FAIL("no controllers");
        return -1;
    }
    save_papers(house);
    textbuf_init(&text, 256 * 1024);
    write_config(house, plan, &text);
    result = instance_configure(&house->scene.instance, text.data);
    textbuf_fini(&text);
    CU_ASSERT_EQUAL(result, 0);
    return result;
}

int house_start_controllers(struct house *house)
{
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++) {
        int result;

        go_to(house, i);
        result = controller_start(&house->controllers[i], house->services);
        return_from(house, i);
        if (result == -1) {
            CU_FAIL("a controller does not start");
            return -1;
        }
    }
    return 0;
}

int house_start(struct house *house)
{
    if (instance_start(&house->scene.instance) == 0)
        return 0;
    CU_FAIL("k0slbd does not serve");
    return -1;
}

int house_open(struct house *house, const struct house_plan *plan)
{
    if (house_prepare(house, plan) == -1 || house_start_controllers(house) == -1)
        return -1;
    return house_start(house);
}

void house_close(struct house *house)
{
    ASSERT_NUMBER(instance_stop(&house->scene.instance), 0);
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++)
        controller_fini(&house->controllers[i]);
    remove_papers(house);
    scene_close_ended(&house->scene);
    controller_papers_fini(&house->papers);
}

/* ---- looking ---- */

static const struct snapshot_backend *find(const struct snapshot *snapshot, unsigned controller,
                                           enum house_service service)
{
    for (size_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *found = &snapshot->services[i];

        for (size_t k = 0; k < found->backend_count; k++) {
            if (strcmp(found->name, service_names[service]) == 0 &&
                strcmp(found->backends[k].name, controller_names[controller]) == 0)
                return &found->backends[k];
        }
    }
    return NULL;
}

struct snapshot_backend house_look(struct house *house, unsigned controller,
                                   enum house_service service)
{
    struct instance *instance = &house->scene.instance;
    struct snapshot_backend copy = {.name = ""};
    struct snapshot *snapshot;

    if (instance->board == NULL)
        instance->board = board_open(instance->name);
    snapshot = instance->board != NULL ? snapshot_take(instance->board) : NULL;
    if (snapshot == NULL)
        return copy;
    if (find(snapshot, controller, service) != NULL)
        copy = *find(snapshot, controller, service);
    snapshot_free(snapshot);
    return copy;
}

bool house_wait(struct house *house, unsigned controller, enum house_service service,
                enum snapshot_status status, unsigned within_ms)
{
    uint64_t deadline_ms = mono_ms() + within_ms;
    struct snapshot_backend found;

    do {
        found = house_look(house, controller, service);
        if (found.status == status && found.name[0] != '\0')
            return true;
        wait_a_moment();
    } while (mono_ms() < deadline_ms);
    printf("%s of %s is not %s but %s: %s\n", controller_names[controller], service_names[service],
           snapshot_status_name(status), snapshot_status_name(found.status),
           found.check.description);
    return false;
}

bool house_wait_all_up(struct house *house, unsigned within_ms)
{
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++) {
        for (unsigned k = 0; k < house->services; k++) {
            if (!house_wait(house, i, (enum house_service)k, STATUS_UP, within_ms))
                return false;
        }
    }
    return true;
}

static bool has_warning(const struct snapshot *snapshot, const void *context)
{
    const char *text = context;

    for (size_t i = 0; i < snapshot->warning_count; i++) {
        if (strstr(snapshot->warnings[i].text, text) != NULL)
            return true;
    }
    return false;
}

bool house_wait_warning(struct house *house, const char *text, unsigned within_ms)
{
    return wait_board(&house->scene.instance, has_warning, text, within_ms);
}

void house_order_all(struct house *house, enum house_service service, enum controller_manner manner,
                     int status)
{
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++) {
        house_port(house, i, service)->manner = manner;
        house_port(house, i, service)->status = status;
    }
}

bool house_wait_probes(struct house *house, enum house_service service, unsigned count,
                       unsigned within_ms)
{
    uint64_t least[HOUSE_CONTROLLERS];
    uint64_t deadline_ms = mono_ms() + within_ms;

    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++)
        least[i] = house_port(house, i, service)->questions + count;
    for (unsigned i = 0; i < HOUSE_CONTROLLERS; i++) {
        while (house_port(house, i, service)->questions < least[i]) {
            if (mono_ms() > deadline_ms)
                return false;
            wait_a_moment();
        }
    }
    return true;
}
