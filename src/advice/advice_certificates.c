/* Who has signed the controllers' certificates, and whose they are. */
#include "advice/advice_rules.h"

#include <string.h>

/* ---- the CA ---- */

/* One key that has signed, and what it has signed. */
struct signer {
    const struct certificate *example;
    struct advice_group group;
};

/* More than these are not told apart: who has so many CAs has a worse problem. */
#define MOST_SIGNERS 4

struct signers {
    unsigned count;
    struct signer all[MOST_SIGNERS];
};

static bool has_same_key(const struct certificate *a, const struct certificate *b)
{
    return a->issuer_key_size == b->issuer_key_size &&
           memcmp(a->issuer_key, b->issuer_key, a->issuer_key_size) == 0;
}

static struct signer *find_signer(struct signers *signers, const struct certificate *certificate)
{
    for (unsigned i = 0; i < signers->count; i++) {
        if (has_same_key(signers->all[i].example, certificate))
            return &signers->all[i];
    }
    if (signers->count == MOST_SIGNERS)
        return &signers->all[MOST_SIGNERS - 1];
    signers->all[signers->count].example = certificate;
    signers->all[signers->count].group.count = 0;
    return &signers->all[signers->count++];
}

static void find_signers(const struct advice_case *what, struct signers *signers)
{
    signers->count = 0;
    for (unsigned i = 0; i < what->epoch->backend_count; i++) {
        const struct certificate *certificate = what->backends[i].certificate;

        if (certificate != NULL && certificate->issuer_key_size > 0 &&
            advice_is_controller(what->epoch, i))
            advice_group_add(&find_signer(signers, certificate)->group, i);
    }
}

static const struct signer *find_usual(const struct signers *signers)
{
    const struct signer *usual = &signers->all[0];

    for (unsigned i = 1; i < signers->count; i++) {
        if (signers->all[i].group.count > usual->group.count)
            usual = &signers->all[i];
    }
    return usual;
}

/* The beginning of its key's id, enough to compare it with what openssl shows. */
static void say_key(struct advice *advice, const struct certificate *certificate)
{
    for (unsigned i = 0; i < certificate->issuer_key_size && i < 4; i++)
        advice_say(advice, "%s%02X", i > 0 ? ":" : "", certificate->issuer_key[i]);
}

void advice_ca_differs(const struct advice_case *what, struct advice_list *list)
{
    const struct signer *usual;
    struct signers signers;

    find_signers(what, &signers);
    if (signers.count < 2)
        return;
    usual = find_usual(&signers);
    for (unsigned i = 0; i < signers.count; i++) {
        const struct signer *other = &signers.all[i];
        struct advice *advice;

        if (other == usual)
            continue;
        advice = advice_list_add(list, ADVICE_CA_DIFFERS);
        advice_say(advice, "signed by another CA (key ");
        say_key(advice, other->example);
        advice_say(advice, ") than the other controllers' (key ");
        say_key(advice, usual->example);
        advice_say(advice, "): ");
        advice_say_group(list, advice, &other->group);
        advice_remedy(
            advice,
            "reset that controller and let it join with: k0s token create --role=controller");
    }
}

/* Whose chain matters: a controller's, and wherever a chain that leads elsewhere is a failure. */
static bool is_to_be_trusted(const struct epoch *epoch, unsigned backend)
{
    const struct conf_service *service =
        epoch_service(epoch, epoch_backend(epoch, backend)->service);

    return advice_is_controller(epoch, backend) || service->check_verify == VERIFY_CA;
}

void advice_ca_unknown(const struct advice_case *what, struct advice_list *list)
{
    struct advice_group group = {0};
    struct advice *advice;

    for (unsigned i = 0; i < what->epoch->backend_count; i++) {
        const struct certificate *certificate = what->backends[i].certificate;

        if (certificate != NULL && certificate->authority_known && !certificate->trusted &&
            is_to_be_trusted(what->epoch, i))
            advice_group_add(&group, i);
    }
    if (group.count == 0)
        return;
    advice = advice_list_add(list, ADVICE_CA_UNKNOWN);
    advice_say(advice, "not signed by the CA in ca (%s): ",
               what->backends[group.members[0]].certificate->problem);
    advice_say_group(list, advice, &group);
    advice_remedy(advice, "get ca anew, " ADVICE_IMPORT);
}

/* ---- whose it is ---- */

/* The common names by which k0s tells its services apart, and where each does not belong. */
static const struct {
    const char *common_name;
    const char *owner;
    const char *services[2];
} strangers[] = {
    {"k0s-api", "k0s's join API", {"kubeAPI", "konnectivity"}},
    {"kubernetes", "the Kubernetes API", {"controllerJoinAPI", NULL}},
};

static bool is_stranger(const struct advice_case *what, unsigned backend, size_t kind)
{
    const struct certificate *certificate = what->backends[backend].certificate;
    const struct conf_service *service =
        epoch_service(what->epoch, epoch_backend(what->epoch, backend)->service);

    if (certificate == NULL || strcmp(certificate->common_name, strangers[kind].common_name) != 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(strangers[kind].services); i++) {
        const char *name = strangers[kind].services[i];

        if (name != NULL && service->enabled && strcmp(service->name, name) == 0)
            return true;
    }
    return false;
}

static void tell_strangers(const struct advice_case *what, struct advice_list *list, size_t kind)
{
    struct advice_group group = {0};
    struct advice *advice;

    for (unsigned i = 0; i < what->epoch->backend_count; i++) {
        if (is_stranger(what, i, kind))
            advice_group_add(&group, i);
    }
    if (group.count == 0)
        return;
    advice = advice_list_add(list, ADVICE_WRONG_SERVICE);
    advice_say(advice, "the certificate of %s (CN=%s) is on the port of: ", strangers[kind].owner,
               strangers[kind].common_name);
    advice_say_group(list, advice, &group);
    advice_remedy(
        advice,
        "correct port or server: 6443 is kubeAPI, 8132 konnectivity, 9443 controllerJoinAPI");
}

void advice_wrong_service(const struct advice_case *what, struct advice_list *list)
{
    for (size_t kind = 0; kind < ARRAY_LEN(strangers); kind++)
        tell_strangers(what, list, kind);
}

/* ---- 8132 and 6443 ---- */

/* The same controller in another service, or CONF_NO_INDEX. */
static unsigned find_twin(const struct epoch *epoch, unsigned service, unsigned backend)
{
    const struct conf_service *other = epoch_service(epoch, service);
    const struct conf_backend *one = epoch_backend(epoch, backend);

    for (unsigned i = other->first_backend; i < other->first_backend + other->backend_count; i++) {
        const struct conf_backend *twin = epoch_backend(epoch, i);

        if (strcmp(twin->name, one->name) == 0 && strcmp(twin->host, one->host) == 0 &&
            addr_same_ip(&twin->address, &one->address))
            return i;
    }
    return CONF_NO_INDEX;
}

static bool is_other_leaf(const struct advice_case *what, unsigned api, unsigned backend)
{
    unsigned twin = find_twin(what->epoch, api, backend);
    const struct certificate *mine = what->backends[backend].certificate;
    const struct certificate *other =
        twin == CONF_NO_INDEX ? NULL : what->backends[twin].certificate;

    return mine != NULL && other != NULL &&
           memcmp(mine->fingerprint, other->fingerprint, sizeof(mine->fingerprint)) != 0;
}

/* konnectivity-server has the API server's certificate, and reads it when it starts. */
void advice_konnectivity_certificate(const struct advice_case *what, struct advice_list *list)
{
    const struct epoch *epoch = what->epoch;
    unsigned api = advice_find_service(epoch, "kubeAPI");
    unsigned tunnels = advice_find_service(epoch, "konnectivity");
    struct advice_group group = {0};
    struct advice *advice;

    if (api == CONF_NO_INDEX || tunnels == CONF_NO_INDEX)
        return;
    for (unsigned i = 0; i < epoch_service(epoch, tunnels)->backend_count; i++) {
        unsigned backend = epoch_service(epoch, tunnels)->first_backend + i;

        if (is_other_leaf(what, api, backend))
            advice_group_add(&group, backend);
    }
    if (group.count == 0)
        return;
    advice = advice_list_add(list, ADVICE_KONNECTIVITY_CERTIFICATE);
    advice_say(advice, "another certificate than kubeAPI has there: ");
    advice_say_group(list, advice, &group);
    advice_remedy(
        advice,
        "restart k0s on these controllers: konnectivity-server reads it only when it starts");
}
