/* What the configuration alone risks. */
#include "advice/advice.h"

#include <string.h>

#include "advice/advice_list.h"
#include "conf/conf_services.h"

#define STATUS_OK           200
#define STATUS_UNAUTHORIZED 401

/* A kubelet ends a silent stream after so long a time, gRPC asks a silent tunnel once in another.
 */
#define STREAM_IDLE_MS (4ull * 60 * 60 * 1000)
#define TUNNEL_IDLE_MS (60ull * 60 * 1000)

typedef void risk_fn(const struct epoch *epoch, struct advice_list *list);

/* Whether a service has that risk. */
typedef bool is_fn(const struct epoch *epoch, const struct conf_service *service);

/*
 * Begins a finding about the enabled services of whom it is true, with the sentence that their
 * names end; NULL when there are none.
 */
static struct advice *tell(const struct epoch *epoch, struct advice_list *list,
                           enum advice_code code, is_fn *is, const char *sentence)
{
    struct advice *advice = NULL;
    unsigned count = 0;

    for (unsigned i = 0; i < epoch->service_count; i++) {
        const struct conf_service *service = epoch_service(epoch, i);

        if (!service->enabled || !is(epoch, service))
            continue;
        if (advice == NULL) {
            advice = advice_list_add(list, code);
            advice_say(advice, "%s: ", sentence);
        }
        advice_say(advice, "%s%s", count > 0 ? ", " : "", service->name);
        advice->service = count > 0 ? CONF_NO_INDEX : (uint16_t)i;
        count++;
    }
    return advice;
}

static bool is_named(const struct conf_service *service, const char *name)
{
    return strcmp(service->name, name) == 0;
}

/* ---- each by itself ---- */

static bool is_open_join(const struct epoch *epoch, const struct conf_service *service)
{
    (void)epoch;
    return is_named(service, "controllerJoinAPI") && service->allow.everyone;
}

static void tell_open_join(const struct epoch *epoch, struct advice_list *list)
{
    struct advice *advice = tell(epoch, list, ADVICE_JOIN_OPEN, is_open_join,
                                 "everybody may ask for the cluster's private keys, which a join "
                                 "token guards alone");

    if (advice != NULL)
        advice_remedy(
            advice,
            "allow = controllers in [service controllerJoinAPI]; list new ones before they join");
}

static void tell_even(const struct epoch *epoch, struct advice_list *list)
{
    unsigned api = advice_find_service(epoch, "kubeAPI");
    unsigned count = api == CONF_NO_INDEX ? 0 : epoch_service(epoch, api)->backend_count;
    struct advice *advice;

    if (count == 0 || count % 2 != 0)
        return;
    advice = advice_list_add(list, ADVICE_CONTROLLERS_EVEN);
    advice_say(advice, "%u controllers tolerate no more failures than %u: ", count, count - 1);
    advice_say_service(list, advice, api);
    advice_remedy(advice, "make it %u controllers, so that etcd keeps its quorum without %u",
                  count + 1, count / 2);
}

/* 401 is expected beside 200, and there is nothing that could make it 200. */
static bool has_no_identity(const struct epoch *epoch, const struct conf_service *service)
{
    (void)epoch;
    return service->check == CHECK_HTTPS && service->check_cert[0] == '\0' &&
           conf_expects(service, STATUS_OK) && conf_expects(service, STATUS_UNAUTHORIZED);
}

static void tell_no_identity(const struct epoch *epoch, struct advice_list *list)
{
    struct advice *advice = tell(epoch, list, ADVICE_CREDENTIALS_MISSING, has_no_identity,
                                 "without a client certificate a lost etcd is not seen, for k0s "
                                 "has anonymous access off");

    if (advice != NULL)
        advice_remedy(advice, ADVICE_IMPORT);
}

static bool is_tls(const struct epoch *epoch, const struct conf_service *service)
{
    (void)epoch;
    return conf_check_is_tls((enum conf_check)service->check) &&
           conf_services_is_built_in(service->name);
}

static void tell_no_ca(const struct epoch *epoch, struct advice_list *list)
{
    struct advice *advice;

    if (epoch->global.ca[0] != '\0')
        return;
    advice = tell(epoch, list, ADVICE_CA_MISSING, is_tls,
                  "no CA is known, so whoever answers TLS is taken for a controller");
    if (advice != NULL)
        advice_remedy(advice,
                      "ca = FILE in [k0slb], a copy of pki/ca.crt, or what k0slbctl import brings");
}

static bool is_ignoring_ca(const struct epoch *epoch, const struct conf_service *service)
{
    return is_tls(epoch, service) && epoch->global.ca[0] != '\0' &&
           service->check_verify != VERIFY_CA;
}

static void tell_ignored_ca(const struct epoch *epoch, struct advice_list *list)
{
    struct advice *advice = tell(epoch, list, ADVICE_CA_IGNORED, is_ignoring_ca,
                                 "a CA is known, and certificates are not verified against it");

    if (advice != NULL)
        advice_remedy(advice, "leave check_verify out, or write check_verify = ca");
}

static void tell_no_external(const struct epoch *epoch, struct advice_list *list)
{
    struct advice *advice;

    if (epoch->external_count > 0 || advice_find_service(epoch, "kubeAPI") == CONF_NO_INDEX)
        return;
    advice = advice_list_add(list, ADVICE_EXTERNAL_ADDRESS_MISSING);
    advice_say(advice, "external_address is not set, so nobody can tell whether the controllers' "
                       "certificates are good for the name that clients use");
    advice_remedy(advice,
                  "external_address = what k0s.yaml has in spec.api.externalAddress, in [k0slb]");
}

static bool is_not_checked(const struct epoch *epoch, const struct conf_service *service)
{
    (void)epoch;
    return service->check == CHECK_NONE;
}

static void tell_not_checked(const struct epoch *epoch, struct advice_list *list)
{
    struct advice *advice = tell(epoch, list, ADVICE_NOT_CHECKED, is_not_checked,
                                 "not checked, so clients find out who is dead");

    if (advice != NULL)
        advice_remedy(
            advice, "leave check out, or write check = tls, or check = tcp where no TLS is spoken");
}

static bool is_refusing(const struct epoch *epoch, const struct conf_service *service)
{
    (void)epoch;
    return service->all_down == ALL_DOWN_REFUSE && service->check != CHECK_NONE;
}

static void tell_refusing(const struct epoch *epoch, struct advice_list *list)
{
    struct advice *advice = tell(epoch, list, ADVICE_ALL_DOWN_REFUSED, is_refusing,
                                 "all_down = refuse, so a check that is wrong is an outage");

    if (advice != NULL)
        advice_remedy(advice, "leave all_down out, or write all_down = try");
}

/* What is silent for a long time, and alive. */
static bool cuts_silence(const struct epoch *epoch, const struct conf_service *service)
{
    uint64_t idle_ms = service->idle_timeout;

    (void)epoch;
    if (is_named(service, "kubeAPI"))
        return idle_ms > 0 && idle_ms < STREAM_IDLE_MS;
    return is_named(service, "konnectivity") && idle_ms > 0 && idle_ms <= TUNNEL_IDLE_MS;
}

static void tell_idle(const struct epoch *epoch, struct advice_list *list)
{
    struct advice *advice =
        tell(epoch, list, ADVICE_IDLE_TIMEOUT_SHORT, cuts_silence,
             "idle_timeout cuts silent streams (logs -f, exec: 4 h) or tunnels (1 h)");

    if (advice != NULL)
        advice_remedy(
            advice,
            "idle_timeout = 0 there: dead_client_timeout and dead_backend_timeout find the dead");
}

static bool wastes_agents(const struct epoch *epoch, const struct conf_service *service)
{
    (void)epoch;
    return is_named(service, "konnectivity") && service->backend_count > 1 &&
           service->balance != BALANCE_SOURCE_SPREAD;
}

static void tell_wasteful(const struct epoch *epoch, struct advice_list *list)
{
    struct advice *advice = tell(epoch, list, ADVICE_KONNECTIVITY_BALANCE, wastes_agents,
                                 "agents find a tunnel to each controller by chance alone");

    if (advice != NULL)
        advice_remedy(advice, "leave balance out of [service konnectivity], or write balance = "
                              "source-spread");
}

/* The most important first. */
static risk_fn *const risks[] = {
    tell_open_join,   tell_even,        tell_no_identity, tell_no_ca, tell_ignored_ca,
    tell_no_external, tell_not_checked, tell_refusing,    tell_idle,  tell_wasteful,
};

size_t advice_find_risks(const struct epoch *epoch, struct advice *out, size_t most)
{
    struct advice_list list;

    advice_list_init(&list, epoch, out, most);
    for (size_t i = 0; i < ARRAY_LEN(risks); i++)
        risks[i](epoch, &list);
    return list.count;
}
