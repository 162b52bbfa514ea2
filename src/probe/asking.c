#include "probe/asking.h"

#include "probe/trust.h"

static const enum probe_kind kinds[] = {
    [CHECK_NONE] = PROBE_TCP,    [CHECK_TCP] = PROBE_TCP, [CHECK_TLS] = PROBE_TLS,
    [CHECK_HTTPS] = PROBE_HTTPS, [CHECK_H2] = PROBE_H2,
};

static const char *text_or_null(const char *text)
{
    return *text != '\0' ? text : NULL;
}

/*
 * An answer over a kept connection is waited for half the time after which a backend is suspect, or
 * not there: the rest is enough for one that is well to shake hands. Where each handshake is a full
 * one there is nothing to keep.
 */
static uint64_t kept_timeout(const struct conf_service *conf)
{
    uint64_t fast_ms = conf_fast_interval(conf);

    if (conf->check != CHECK_HTTPS || conf->check_interval >= ASKING_FULL_MS)
        return 0;
    return (fast_ms < conf->check_connect_timeout ? fast_ms : conf->check_connect_timeout) / 2;
}

void asking_init(struct asking *asking, const struct epoch *epoch, unsigned service,
                 const struct probe_trust *trust)
{
    const struct conf_service *conf = epoch_service(epoch, service);

    *asking = (struct asking){
        .kind = kinds[conf->check],
        .port = conf->check_port,
        .connect_timeout_ms = conf->check_connect_timeout,
        .answer_timeout_ms = conf->check_timeout,
        .kept_timeout_ms = kept_timeout(conf),
        .tls = {.sni = text_or_null(conf->check_sni), .verify = conf->check_verify == VERIFY_CA},
        .http = {.method = conf_method_name(conf->check_method),
                 .path = conf->check_path,
                 .host = text_or_null(conf->check_host),
                 .expected = conf->check_expect},
    };
    if (trust == NULL)
        return;
    asking->tls.authority = probe_trust_authority(trust);
    asking->tls.identity = probe_trust_identity(trust, service);
}

void asking_fill(const struct asking *asking, const struct addr *address, bool is_up,
                 struct probe_question *question)
{
    question->kind = asking->kind;
    question->address = *address;
    if (asking->port != 0)
        question->address.port = asking->port;
    question->connect_timeout_ms = asking->connect_timeout_ms;
    question->answer_timeout_ms = asking->answer_timeout_ms;
    question->kept_timeout_ms = is_up ? asking->kept_timeout_ms : 0;
    question->tls = asking->kind == PROBE_TCP ? NULL : &asking->tls;
    question->http = asking->kind == PROBE_HTTPS ? &asking->http : NULL;
}

bool asking_wants_full(bool is_up, uint64_t full_ms, uint64_t now_ms)
{
    return !is_up || (full_ms != 0 && now_ms >= full_ms + ASKING_FULL_MS);
}
