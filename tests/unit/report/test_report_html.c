#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "html_checker.h"
#include "report/script.h"
#include "report/style.h"
#include "sample.h"
#include "unit/unit.h"

extern const struct unit_test report_html_tests[];

/* The page of the sample, which has to be well-formed; free with textbuf_fini(). */
static struct textbuf page_of(const struct sample *sample, unsigned refresh_seconds)
{
    struct textbuf out;
    const char *mistake;

    textbuf_init(&out, 1000000);
    report_html(&sample->snapshot, refresh_seconds, &out);
    CU_ASSERT_FALSE_FATAL(out.truncated);
    mistake = html_mistake(out.data);
    ASSERT_TEXT(mistake != NULL ? mistake : "well-formed", "well-formed");
    return out;
}

static void expect_part(const struct sample *sample, const char *part)
{
    struct textbuf out = page_of(sample, 2);

    if (strstr(out.data, part) == NULL)
        ASSERT_TEXT(out.data, part);
    textbuf_fini(&out);
}

static void expect_no_part(const struct sample *sample, const char *part)
{
    struct textbuf out = page_of(sample, 2);

    if (strstr(out.data, part) != NULL)
        ASSERT_TEXT(strstr(out.data, part), "(nothing)");
    textbuf_fini(&out);
}

static void the_checker_finds_mistakes(void)
{
    static const char *const broken[] = {
        "<html></html>",
        "<!DOCTYPE html>\n",
        "<!DOCTYPE html>\n<html>",
        "<!DOCTYPE html>\n<html><p></html>",
        "<!DOCTYPE html>\n<html></p></html>",
        "<!DOCTYPE html>\n<html><p></div></p></html>",
        "<!DOCTYPE html>\n<html>a > b</html>",
        "<!DOCTYPE html>\n<html>a & b</html>",
        "<!DOCTYPE html>\n<html>&nbsp;</html>",
        "<!DOCTYPE html>\n<html><p class=x></p></html>",
        "<!DOCTYPE html>\n<html><p class=\"x></p></html>",
        "<!DOCTYPE html>\n<html><p class=\"<b>\"></p></html>",
        "<!DOCTYPE html>\n<html><p onclick=\"x\"></p></html>",
        "<!DOCTYPE html>\n<html><p style=\"x\"></p></html>",
        "<!DOCTYPE html>\n<html><script></script><script></script></html>",
        "<!DOCTYPE html>\n<html><img></html>",
        "<!DOCTYPE html>\n<html></html><p>",
        "<!DOCTYPE html>\n<html></html>x",
        "<!DOCTYPE html>\n<html></html>",
    };

    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        if (html_mistake(broken[i]) == NULL)
            ASSERT_TEXT(broken[i], "a mistake is found");
    }
    CU_ASSERT_PTR_NULL(html_mistake("<!DOCTYPE html>\n<html lang=\"en\"><style>a>b{}</style>"
                                    "<p class=\"a &lt;\">&amp; &#39;</p></html>\n"));
}

static void the_frame_has_these_parts(void)
{
    static const char *const parts[] = {
        "<title>k0slb: not all is served</title>\n",
        "<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>\n",
        "<body data-refresh=\"2\" data-version=\"0.1.0\">\n<a class=\"skip\" href=\"#main\">",
        ("<h1>k0slb</h1>\n<span class=\"state bad\">not all is served</span>\n<p data-at=\"\">"
         "pid 4242, up <span data-k=\"uptime_seconds\" data-f=\"age\">3d 4h</span></p>\n"),
        "<div id=\"tools\" hidden=\"\">",
        "<main id=\"main\" tabindex=\"-1\">\n<section class=\"answer\"",
        ("<p id=\"as-of\" data-at=\"\">As of <span data-k=\"taken\">2026-09-24T18:13:25Z</span>, "
         "renewed every 2 s</p>"),
        "<a href=\"stats.json\">JSON</a>",
    };
    struct sample sample;

    sample_fill(&sample);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        expect_part(&sample, parts[i]);
}

static void the_answer_comes_first(void)
{
    struct sample sample;

    sample_fill(&sample);
    expect_part(&sample,
                "<h2 id=\"answer\">Is my control plane reachable?</h2>\n<ul>\n"
                "<li class=\"warn\" data-at=\"services.0\"><span data-k=\"sentence\">kubeAPI is "
                "reachable: 2 of 3 controllers are up; k0s-controller2 has been down for 12s "
                "(connection refused).</span></li>\n"
                "<li class=\"idle\" data-at=\"services.1\"><span data-k=\"sentence\">konnectivity "
                "is disabled.</span></li>\n"
                "<li class=\"bad\" data-at=\"services.2\"><span data-k=\"sentence\">"
                "controllerJoinAPI is not reachable, and never was: all 3 controllers have been "
                "down for 3d 4h (connection refused).</span></li>\n</ul>");
}

static void warnings_have_remedies(void)
{
    struct sample sample;

    sample_fill(&sample);
    expect_part(&sample, "<h2 id=\"notices\">What needs you</h2>\n<ul>\n<li class=\"warn\">\n"
                         "<p class=\"title\">signed by another CA");
    expect_part(&sample, "<li class=\"warn\">\n<p class=\"title\">no probe has ever been good: "
                         "controllerJoinAPI</p>\n<p class=\"code\">not-in-use</p>\n"
                         "<p class=\"remedy\"><span>What to do:</span> enabled = no in [service "
                         "controllerJoinAPI]</p>\n</li>\n");
}

static void the_matrix_has_a_cell_for_each(void)
{
    struct sample sample;

    sample_fill(&sample);
    expect_part(&sample, "<tr><th scope=\"col\">Controller</th><th scope=\"col\">kubeAPI</th>"
                         "<th scope=\"col\">controllerJoinAPI</th></tr>");
    expect_part(&sample,
                "<tr><th scope=\"row\">k0s-controller2<small>10.0.0.12</small></th>"
                "<td class=\"bad\" data-at=\"services.0.backends.1\" data-label=\"kubeAPI\">"
                "<p><span class=\"state bad\">down</span> <span class=\"since\">"
                "<span data-k=\"since_seconds\" data-f=\"age\">12s</span></span></p>"
                "<p class=\"why\">L4CON connection refused</p><p class=\"load\"><b>"
                "<span data-k=\"connections.active\">5</span></b> open, <b>"
                "<span data-k=\"connections.per_second\">2</span></b>/s</p></td>");
    expect_part(&sample, "<p class=\"why\">L6OK TLSv1.3, <span data-k=\"check.duration_ms\" "
                         "data-f=\"ms\">2.3</span> ms</p>");
}

/* A service that is not k0s's has machines of its own, unless their names are elsewhere, too. */
static void the_matrix_has_controllers_alone(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    strcpy(sample.services[1].name, "ingress");
    for (unsigned i = 1; i < SAMPLE_BACKENDS; i++)
        snprintf(sample.backends[1][i].name, CONF_NAME_SIZE, "edge%u", i);
    expect_part(&sample, "<th scope=\"col\">ingress</th>");
    expect_part(&sample, "data-at=\"services.1.backends.0\" data-label=\"ingress\"");
    expect_part(&sample, "<td class=\"none\">not there</td>");
    expect_no_part(&sample, "data-at=\"services.1.backends.1\" data-label");
    strcpy(sample.backends[1][0].name, "edge0");
    expect_no_part(&sample, "<th scope=\"col\">ingress</th>");
}

static void a_large_matrix_shows_what_is_amiss(void)
{
    static struct snapshot_backend backends[200];
    struct sample sample;

    sample_fill_good(&sample);
    for (unsigned i = 0; i < ARRAY_LEN(backends); i++) {
        backends[i] = sample.backends[0][0];
        snprintf(backends[i].name, CONF_NAME_SIZE, "n%u", i);
    }
    backends[199].status = STATUS_DOWN;
    sample.services[0].backends = backends;
    sample.services[0].backend_count = ARRAY_LEN(backends);
    sample.snapshot.service_count = 1;
    expect_part(&sample, "<tbody>\n<tr><th scope=\"row\">n199<small>");
    expect_part(&sample, "<p class=\"more\">and 140 more, in the tables below</p>");
}

static void a_service_has_haproxys_groups(void)
{
    static const char *const parts[] = {
        "<h2 id=\"service-0\">kubeAPI</h2><span class=\"state warn\">degraded</span>"
        "<p>listen :6443</p><p>leastconn</p><p>check tls</p>",
        "<th scope=\"colgroup\" colspan=\"2\">Session rate</th><th scope=\"colgroup\" "
        "colspan=\"3\">Sessions</th><th scope=\"colgroup\" colspan=\"2\">Bytes</th>"
        "<th scope=\"colgroup\" colspan=\"2\">Errors</th><th scope=\"colgroup\" colspan=\"2\">"
        "Warnings</th><th scope=\"colgroup\" colspan=\"9\">Server</th>"
        "<th scope=\"colgroup\" colspan=\"2\">Connect ms</th></tr>",
        "data-at=\"services.0\"><th scope=\"row\">Frontend</th><td>6</td><td class=\"z\">0</td>"
        "<td>15</td><td>60</td><td>3102</td><td>3.6G</td><td>99M</td>",
        "<tr class=\"bad\" data-at=\"services.0.backends.1\"><th scope=\"row\">k0s-controller2"
        "<small>10.0.0.12:6443</small></th><td>2</td><td class=\"z\">0</td><td>5</td><td>20</td>"
        "<td>1034</td><td>1.2G</td><td>33M</td><td>3</td>",
        "<td class=\"t\"><span class=\"state bad\">down</span></td><td>12s</td>"
        "<td class=\"t check\">L4CON connection refused</td><td>1</td><td>Y</td><td>-</td>",
        "<td>256</td><td>-</td><td>Y</td>",
        "<tr class=\"total\" data-at=\"services.0\" data-sum=\"backends\"><th scope=\"row\">Total"
        "</th><td>6</td><td></td><td>15</td><td></td><td>3102</td><td>3.6G</td><td>99M</td>"
        "<td>3</td>",
        "<h2 id=\"service-1\">konnectivity</h2><span class=\"state idle\">disabled</span></div>\n"
        "</section>\n",
        "<p class=\"doubt\">not in use? enabled = no</p>",
        "turned away",
    };
    struct sample sample;

    sample_fill(&sample);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        expect_part(&sample, parts[i]);
}

/* What half of all connects, and nearly all, took less than. */
static void connect_times_are_in_milliseconds(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    expect_part(&sample, "<td>-</td><td>-</td></tr>");
    sample.backends[0][0].connect_time[0] = 90;
    sample.backends[0][0].connect_time[6] = 10;
    expect_part(&sample, "<td>0.06</td><td>4.1</td></tr>");
}

static struct addr address_of_client(const char *ip)
{
    struct addr addr;

    CU_ASSERT_EQUAL_FATAL(addr_parse(&addr, ip), 0);
    return addr;
}

static void what_tunnels_lack_stands_open(void)
{
    struct snapshot_client clients[3] = {
        {.address = address_of_client("10.1.0.1"), .total = 3, .at = {1, 1, 1}},
        {.address = address_of_client("10.1.0.2"), .total = 2, .at = {2}},
        {.address = address_of_client("fd00::3"), .total = 3, .at = {1, 1, 1}},
    };
    struct sample sample;

    sample_fill_good(&sample);
    sample.services[1].balance = BALANCE_SOURCE_SPREAD;
    for (unsigned i = 0; i < SAMPLE_BACKENDS; i++)
        sample.backends[1][i].ordinal = i;
    sample.services[1].clients = clients;
    sample.services[1].client_count = ARRAY_LEN(clients);
    expect_part(&sample, "<h3 id=\"tunnels-of-1\">Tunnels of 3 client addresses</h3>"
                         "<span class=\"state good\">2 full</span><span class=\"state warn\">1 "
                         "partial</span><span class=\"state idle\">0 none</span>");
    expect_part(&sample, "<tbody>\n<tr><th scope=\"row\">10.1.0.2</th><td class=\"t\">"
                         "<span class=\"state warn\">partial</span></td>"
                         "<td class=\"link good\">2</td><td class=\"link warn\">missing</td>"
                         "<td class=\"link warn\">missing</td></tr>\n</tbody>");
    expect_part(&sample, "<summary>2 client addresses with all tunnels</summary>");
    expect_part(&sample, "<th scope=\"row\">fd00::3</th>");
    sample.services[1].client_count = 1;
    expect_no_part(&sample, "tunnels-amiss");
}

static void too_many_tunnels_are_counted(void)
{
    static struct snapshot_client clients[1000];
    struct sample sample;

    sample_fill_good(&sample);
    for (unsigned i = 0; i < ARRAY_LEN(clients); i++) {
        clients[i].address = address_of_client("10.1.0.1");
        clients[i].at[0] = i % 2;
    }
    sample.services[1].balance = BALANCE_SOURCE_SPREAD;
    sample.services[1].backend_count = 1;
    sample.services[1].clients = clients;
    sample.services[1].client_count = ARRAY_LEN(clients);
    sample.services[1].clients_left_out = 7;
    expect_part(&sample, "Tunnels of 1007 client addresses");
    expect_part(&sample, "<p class=\"more\">and 300 more</p>");
}

static void it_shows_the_balancer(void)
{
    static const char *const parts[] = {
        "<dt>Version</dt><dd>k0slb 0.1.0</dd>\n",
        "<dt>Health</dt><dd>ok</dd>\n",
        "<dt>Configuration</dt><dd>epoch 1</dd>\n",
        "<dt>Last reload</dt><dd>none since the start, <span data-ago=\"1790000000000\">3d 4h"
        "</span> ago (2026-09-21T14:13:20Z)</dd>\n",
        "<dt>Workers</dt><dd>2 of 2 running, 15 sessions open</dd>\n",
        "<dt>This page</dt><dd>:9000</dd>\n",
        "<tr class=\"good\"><th scope=\"row\">master</th><td class=\"t\"><span class=\"state "
        "good\">"
        "running</span></td><td>4242</td><td>-</td></tr>",
        "<tr class=\"good\" data-at=\"workers.1\"><th scope=\"row\">worker 2</th><td class=\"t\">"
        "<span class=\"state good\">running</span></td><td>4244</td><td>5</td></tr>",
    };
    struct sample sample;

    sample_fill(&sample);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        expect_part(&sample, parts[i]);
}

static void old_events_are_folded(void)
{
    struct snapshot_event events[25] = {{0}};
    struct sample sample;

    sample_fill(&sample);
    expect_part(&sample, "<ol>\n<li><time>2026-09-21T14:14:21Z</time><span class=\"ago\">"
                         "<span data-ago=\"1790000061000\">3d 3h</span> ago</span><span>kubeAPI/"
                         "k0s-controller2 is down: L4CON connection refused</span></li>\n");
    expect_no_part(&sample, "<details id=\"older\">");
    for (unsigned i = 0; i < ARRAY_LEN(events); i++)
        snprintf(events[i].text, BOARD_EVENT_SIZE, "event %u", i);
    sample.snapshot.events = events;
    sample.snapshot.event_count = ARRAY_LEN(events);
    expect_part(&sample, "event 5</span></li>\n</ol>\n<details id=\"older\">\n<summary>5 older"
                         "</summary>\n<ol>\n");
    expect_part(&sample, "event 0</span></li>\n</ol>\n</details>");
}

static void it_says_when_all_is_well(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    expect_part(&sample, "<title>k0slb: all is well</title>");
    expect_no_part(&sample, "class=\"bad\"");
    expect_no_part(&sample, "class=\"warn\"");
    expect_no_part(&sample, "What needs you");
    expect_no_part(&sample, "lost</dd>");
    sample.services[0].status = SERVICE_DEGRADED;
    expect_part(&sample, "<title>k0slb: 1 of 3 services degraded</title>");
    sample.services[0].status = SERVICE_UP;
    sample.snapshot.admin = BOARD_ADMIN_MAINT;
    expect_part(&sample, "<title>k0slb: in maint</title>");
    expect_part(&sample, "<p class=\"title\">This balancer is in maint</p>");
}

static void all_is_not_well_with_a_warning(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    strcpy(sample.snapshot.warnings[0].text, "A clock is wrong");
    strcpy(sample.snapshot.warnings[1].text, "Another is wrong");
    sample.snapshot.warning_count = 1;
    expect_part(&sample, "<title>k0slb: 1 warning</title>");
    expect_part(&sample, "<span class=\"state warn\">1 warning</span>");
    sample.snapshot.warning_count = 2;
    sample.snapshot.admin = BOARD_ADMIN_MAINT;
    expect_part(&sample, "<title>k0slb: in maint, 2 warnings</title>");
    sample.snapshot.reload_ok = false;
    sample.services[0].status = sample.services[1].status = SERVICE_DEGRADED;
    sample.services[2].enabled = false;
    sample.services[2].status = SERVICE_DISABLED;
    expect_part(&sample, "<title>k0slb: 2 of 2 services degraded, in maint, reload failed, 2 "
                         "warnings</title>");
    sample.services[0].status = SERVICE_DOWN;
    expect_part(&sample, "<title>k0slb: not all is served</title>");
}

static void it_says_what_is_wrong_with_the_balancer(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.processes[1].state = "stalled";
    expect_part(&sample, "<title>k0slb: balancer degraded</title>");
    expect_part(&sample, "<li class=\"warn\">\n<p class=\"title\">This balancer serves, but not as "
                         "it should</p>\n<p>degraded: 1 of 2 workers stalled</p>");
    expect_part(&sample, "<span class=\"state bad\">stalled</span>");
    sample_fill_good(&sample);
    sample.processes[0].orphan = true;
    sample.processes[2].alive = false;
    sample.snapshot.log_dropped = 7;
    expect_part(&sample, "<th scope=\"row\">worker of an earlier master</th>");
    expect_part(&sample, "data-at=\"workers.0\"><th scope=\"row\">worker 2</th>");
    expect_part(&sample, "<dt>Orphans</dt><dd>worker (pid 4243): of an earlier master, "
                         "finishing</dd>");
    sample.processes[0].alive = false;
    expect_no_part(&sample, "of an earlier master");
    expect_part(&sample, "<span class=\"state bad\">dead</span>");
    expect_part(&sample, "<dt>Log</dt><dd>7 lines lost</dd>");
    sample_fill_good(&sample);
    sample.snapshot.master_alive = false;
    expect_part(&sample, "is DEAD, was started <span data-k=\"uptime_seconds\"");
    expect_part(&sample, "degraded: the master is dead; still living: worker 1 (pid 4243), worker "
                         "2 (pid 4244), checker (pid 4245), stats (pid 4246)</p>");
    expect_part(&sample, "start k0slbd again");
}

static void a_failed_reload_shows_its_mistakes(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.snapshot.epoch = 3;
    sample.snapshot.reload_ms = sample.snapshot.taken_ms - 185000;
    sample.snapshot.reload_ok = false;
    strcpy(sample.snapshot.reload_errors, "k0slb.ini:3: [x]: <unknown>\nk0slb.ini:4: bad\033\n");
    expect_part(&sample, "<title>k0slb: reload failed</title>");
    expect_part(&sample, "<li class=\"bad\">\n<p class=\"title\">The last reload failed</p>\n<p>"
                         "<span data-ago=\"1790273420000\">3m 5s</span> ago; what was there, epoch "
                         "3, stays in force.</p>\n<pre>k0slb.ini:3: [x]: &lt;unknown&gt;\n"
                         "k0slb.ini:4: bad?\n</pre>");
    expect_part(&sample, "<dt>Last reload</dt><dd><span class=\"state bad\">failed</span>");
}

static void every_state_has_a_level(void)
{
    static const struct {
        enum snapshot_status status;
        const char *part;
    } cases[] = {
        {STATUS_UP, "<span class=\"state good\">up</span>"},
        {STATUS_SUSPECT, "<span class=\"state warn\">suspect</span>"},
        {STATUS_DOWN, "<span class=\"state bad\">down</span>"},
        {STATUS_BLOCKED, "<span class=\"state bad\">blocked</span>"},
        {STATUS_UNCHECKED, "<span class=\"state idle\">unchecked</span>"},
        {STATUS_DRAIN, "<span class=\"state held\">drain</span>"},
        {STATUS_MAINT, "<span class=\"state held\">maint</span>"},
    };
    struct sample sample;

    sample_fill_good(&sample);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        sample.backends[0][0].status = cases[i].status;
        expect_part(&sample, cases[i].part);
    }
}

static void hostile_text_stays_text(void)
{
    static const char hostile[] = "</td><script>alert(\"1\")</script>'&\033[2J\xff";
    struct sample sample;

    sample_fill(&sample);
    snprintf(sample.snapshot.name, sizeof(sample.snapshot.name), "%s", hostile);
    snprintf(sample.snapshot.version, sizeof(sample.snapshot.version), "%.31s", hostile);
    snprintf(sample.services[0].name, sizeof(sample.services[0].name), "%s", hostile);
    snprintf(sample.backends[0][0].name, sizeof(sample.backends[0][0].name), "%s", hostile);
    strcpy(sample.backends[0][1].check.description, hostile);
    strcpy(sample.events[0].text, hostile);
    strcpy(sample.snapshot.reload_errors, hostile);
    sample.snapshot.reload_ok = false;
    expect_part(&sample, "&lt;/td&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;"
                         "?[2J?");
    expect_no_part(&sample, "<script>alert");
    expect_no_part(&sample, "\033");
}

static void a_host_name_stands_with_its_address(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    strcpy(sample.backends[0][0].host, "cp1.example");
    expect_part(&sample, "<small>cp1.example:6443 (10.0.0.11)</small>");
    sample.backends[0][0].address.family = ADDR_NONE;
    expect_part(&sample, "<small>cp1.example:6443</small>");
}

static void it_renews_itself_or_not(void)
{
    struct sample sample;
    struct textbuf out;

    sample_fill_good(&sample);
    out = page_of(&sample, 60);
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "<meta http-equiv=\"refresh\" content=\"60\">"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "data-refresh=\"60\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "renewed every 60 s"));
    textbuf_fini(&out);
    out = page_of(&sample, 0);
    CU_ASSERT_PTR_NULL(strstr(out.data, "http-equiv"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "data-refresh=\"0\""));
    CU_ASSERT_PTR_NULL(strstr(out.data, "renewed"));
    textbuf_fini(&out);
}

/* No address of another place, nothing that is loaded: links are paths of this server. */
static void it_needs_nothing_from_elsewhere(void)
{
    struct sample sample;
    struct textbuf out;

    sample_fill(&sample);
    out = page_of(&sample, 2);
    CU_ASSERT_PTR_NULL(strstr(out.data, "src="));
    CU_ASSERT_PTR_NULL(strstr(out.data, "url("));
    CU_ASSERT_PTR_NULL(strstr(out.data, "@import"));
    CU_ASSERT_PTR_NULL(strstr(out.data, "innerHTML"));
    CU_ASSERT_PTR_NULL(strstr(out.data, "eval("));
    for (const char *host = strstr(out.data, "://"); host != NULL; host = strstr(host + 1, "://"))
        CU_ASSERT(strncmp(host, "://www.w3.org/2000/svg'", 23) == 0); /* a name, no address */
    for (const char *link = strstr(out.data, "href=\""); link != NULL;
         link = strstr(link + 1, "href=\""))
        CU_ASSERT_PTR_NOT_NULL(strchr("#dsm;hr", link[strlen("href=\"")]));
    textbuf_fini(&out);
}

static void expect_hash(const char *text, const char *expected)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char base64[2 * EVP_MAX_MD_SIZE];
    unsigned size;

    CU_ASSERT_FATAL(EVP_Digest(text, strlen(text), digest, &size, EVP_sha256(), NULL) == 1);
    EVP_EncodeBlock(base64, digest, (int)size);
    ASSERT_TEXT(expected, (char *)base64);
}

static void the_policy_allows_this_style_and_script_alone(void)
{
    struct sample sample;

    expect_hash(style_sheet, STYLE_HASH);
    expect_hash(page_script, SCRIPT_HASH);
    ASSERT_TEXT(report_html_policy(),
                "default-src 'none'; style-src 'sha256-" STYLE_HASH
                "'; script-src 'sha256-" SCRIPT_HASH "'; connect-src 'self'; img-src data:; "
                "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    sample_fill_good(&sample);
    expect_part(&sample, style_sheet);
    expect_part(&sample, page_script);
}

/* What the script looks for in the JSON is there, under the name that it goes by. */
static void its_numbers_are_in_the_json(void)
{
    struct sample sample;
    struct textbuf page;
    struct textbuf json;
    unsigned count = 0;

    sample_fill_good(&sample);
    sample.backends[0][0].connect_time[0] = 1;
    page = page_of(&sample, 2);
    textbuf_init(&json, 1000000);
    report_json(&sample.snapshot, &json);
    for (const char *key = strstr(page.data, " data-k=\""); key != NULL;
         key = strstr(key + 1, " data-k=\"")) {
        char name[64] = "\"";
        const char *last = key + strlen(" data-k=\"");
        size_t length = strcspn(last, "\"");

        for (const char *c = last; c < key + strlen(" data-k=\"") + length; c++) {
            if (*c == '.')
                last = c + 1;
        }
        length = strcspn(last, "\"");
        snprintf(name, sizeof(name), "\"%.*s\":", (int)length, last);
        if (strstr(json.data, name) == NULL)
            ASSERT_TEXT(name, "a name in the JSON");
        count++;
    }
    CU_ASSERT(count > 30);
    textbuf_fini(&json);
    textbuf_fini(&page);
}

static void the_largest_board_fits(void)
{
    static struct snapshot_backend backends[CONF_MAX_BACKENDS];
    struct sample sample;
    struct textbuf out;

    sample_fill(&sample);
    for (size_t i = 0; i < CONF_MAX_BACKENDS; i++) {
        backends[i] = sample.backends[0][1];
        memset(backends[i].name, '"', sizeof(backends[i].name) - 1);
        memset(backends[i].check.description, '"', BOARD_DESCRIPTION_SIZE - 1);
    }
    sample.services[0].backends = backends;
    sample.services[0].backend_count = CONF_MAX_BACKENDS;
    textbuf_init(&out, 4u << 20);
    report_html(&sample.snapshot, 2, &out);
    CU_ASSERT_FALSE(out.truncated);
    textbuf_fini(&out);
    textbuf_init(&out, 10000);
    report_html(&sample.snapshot, 2, &out);
    CU_ASSERT(out.truncated);
    textbuf_fini(&out);
}

const struct unit_test report_html_tests[] = {
    {"the_checker_finds_mistakes", the_checker_finds_mistakes},
    {"the_frame_has_these_parts", the_frame_has_these_parts},
    {"the_answer_comes_first", the_answer_comes_first},
    {"warnings_have_remedies", warnings_have_remedies},
    {"the_matrix_has_a_cell_for_each", the_matrix_has_a_cell_for_each},
    {"the_matrix_has_controllers_alone", the_matrix_has_controllers_alone},
    {"a_large_matrix_shows_what_is_amiss", a_large_matrix_shows_what_is_amiss},
    {"a_service_has_haproxys_groups", a_service_has_haproxys_groups},
    {"connect_times_are_in_milliseconds", connect_times_are_in_milliseconds},
    {"what_tunnels_lack_stands_open", what_tunnels_lack_stands_open},
    {"too_many_tunnels_are_counted", too_many_tunnels_are_counted},
    {"it_shows_the_balancer", it_shows_the_balancer},
    {"old_events_are_folded", old_events_are_folded},
    {"it_says_when_all_is_well", it_says_when_all_is_well},
    {"all_is_not_well_with_a_warning", all_is_not_well_with_a_warning},
    {"it_says_what_is_wrong_with_the_balancer", it_says_what_is_wrong_with_the_balancer},
    {"a_failed_reload_shows_its_mistakes", a_failed_reload_shows_its_mistakes},
    {"every_state_has_a_level", every_state_has_a_level},
    {"hostile_text_stays_text", hostile_text_stays_text},
    {"a_host_name_stands_with_its_address", a_host_name_stands_with_its_address},
    {"it_renews_itself_or_not", it_renews_itself_or_not},
    {"it_needs_nothing_from_elsewhere", it_needs_nothing_from_elsewhere},
    {"the_policy_allows_this_style_and_script_alone",
     the_policy_allows_this_style_and_script_alone},
    {"its_numbers_are_in_the_json", its_numbers_are_in_the_json},
    {"the_largest_board_fits", the_largest_board_fits},
    {NULL, NULL},
};
