#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "html_checker.h"
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
        "<!DOCTYPE html>\n<html><script></script></html>",
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

static void the_whole_has_these_parts(void)
{
    static const char *const parts[] = {
        "<title>k0slb: not all is served</title>\n",
        "<meta http-equiv=\"refresh\" content=\"2\">\n",
        "<h1>k0slb</h1>\n<p>k0slb 0.1.0, pid 4242, up 3d 4h</p>\n",
        "<section class=\"balancer bad\">\n"
        "<div class=\"head\"><h2><span class=\"state bad\">not all is served</span></h2></div>\n"
        "<dl>\n"
        "<dt>Balancer</dt><dd>ok</dd>\n"
        "<dt>Services</dt><dd>1 down (controllerJoinAPI), 1 degraded (kubeAPI), 1 disabled</dd>\n"
        "<dt>Warnings</dt><dd>2, see below</dd>\n"
        "<dt>Configuration</dt><dd>epoch 1, no reload since the start at 2026-09-21T14:13:20Z</dd>"
        "\n"
        "<dt>Workers</dt><dd>2 of 2 running, 15 sessions open</dd>\n"
        "<dt>This page</dt><dd>:9000</dd>\n"
        "</dl>\n"
        "</section>\n",
        "<h2>kubeAPI</h2><span class=\"state warn\">degraded</span><p>listen :6443</p>"
        "<p>leastconn</p><p>check tls</p><p>sessions 15/3102, 6/s</p><p>in 3.6G, out 99M</p>",
        "<tr class=\"bad\"><th scope=\"row\">k0s-controller2</th>"
        "<td data-label=\"Status\"><span class=\"state bad\">down</span></td>"
        "<td data-label=\"Since\">12s</td>"
        "<td class=\"why\" data-label=\"Why\">L4CON connection refused</td>"
        "<td class=\"address\" data-label=\"Address\">10.0.0.12:6443</td>"
        "<td data-label=\"Weight\">1</td><td class=\"n\" data-label=\"Now\">5</td>"
        "<td class=\"n\" data-label=\"Max\">20</td><td class=\"n\" data-label=\"Total\">1034</td>"
        "<td class=\"n\" data-label=\"In\">1.2G</td><td class=\"n\" data-label=\"Out\">33M</td>"
        "<td class=\"n\" data-label=\"Errors\">3</td>"
        "<td class=\"n\" data-label=\"Retries\">0</td></tr>\n",
        "<td data-label=\"Weight\">256 backup</td>",
        "L6OK TLSv1.3 in 2 ms",
        "<h2>konnectivity</h2><span class=\"state idle\">disabled</span></div>\n</section>\n",
        "<p>not in use? enabled = no</p>",
        "<th scope=\"row\">2026-09-21T14:14:21Z</th>"
        "<td class=\"what\" data-label=\"What\">kubeAPI/k0s-controller2 is down: L4CON connection "
        "refused</td>",
        "<tr class=\"good\"><th scope=\"row\">worker 2</th>"
        "<td class=\"short\" data-label=\"State\"><span class=\"state good\">running</span></td>"
        "<td class=\"short\" data-label=\"Pid\">4244</td><td data-label=\"Sessions\">5</td></tr>",
        "<dt>Warnings</dt><dd>2, see below</dd>\n",
        "<section>\n<div class=\"head\"><h2>Warnings</h2></div>\n",
        "<tr class=\"warn\"><th scope=\"row\">not-in-use</th>"
        "<td class=\"why\" data-label=\"What\">no probe has ever been good: controllerJoinAPI</td>"
        "<td class=\"why\" data-label=\"Remedy\">enabled = no in [service controllerJoinAPI]</td>"
        "</tr>\n",
        "<p>As of 2026-09-24T18:13:25Z, renewed every 2 s</p>",
    };
    struct sample sample;

    sample_fill(&sample);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        expect_part(&sample, parts[i]);
}

/* Whatever stands in the text report stands on the page, too. */
static void every_word_of_the_text_is_there(void)
{
    struct sample sample;
    struct textbuf page;
    struct textbuf text;
    char *rest;
    char *word;

    sample_fill(&sample);
    page = page_of(&sample, 2);
    textbuf_init(&text, 100000);
    report_text(&sample.snapshot, &(struct report_look){.color = false}, &text);
    rest = strstr(text.data, "NAME");
    CU_ASSERT_PTR_NOT_NULL_FATAL(rest);
    while ((word = strsep(&rest, " \n")) != NULL) {
        bool is_title = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ!") == strlen(word);
        size_t size = strlen(word);

        if (size > 0 && word[size - 1] == ':')
            word[size - 1] = '\0';
        if (!is_title && strcasestr(page.data, word) == NULL)
            ASSERT_TEXT(word, "a word of the page");
    }
    textbuf_fini(&text);
    textbuf_fini(&page);
}

static void it_says_when_all_is_well(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    expect_part(&sample, "<title>k0slb: all is well</title>");
    expect_part(&sample, "<section class=\"balancer good\">");
    expect_no_part(&sample, "<tr class=\"bad\">");
    expect_no_part(&sample, "Mistakes");
    expect_no_part(&sample, "lost");
    expect_no_part(&sample, "Warnings");
    sample.services[0].status = SERVICE_DEGRADED;
    expect_part(&sample, "<title>k0slb: degraded</title>");
}

static void it_says_what_is_wrong_with_the_balancer(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.processes[1].state = "stalled";
    expect_part(&sample, "<title>k0slb: degraded</title>");
    expect_part(&sample, "<dd>degraded: 1 of 2 workers stalled</dd>");
    expect_part(&sample, "<span class=\"state bad\">stalled</span>");
    sample_fill_good(&sample);
    sample.processes[0].orphan = true;
    sample.processes[2].alive = false;
    sample.snapshot.log_dropped = 7;
    expect_part(&sample, "<th scope=\"row\">worker of an earlier master</th>");
    expect_part(&sample, "<dt>Orphans</dt><dd>worker (pid 4243): of an earlier master, "
                         "finishing</dd>");
    sample.processes[0].alive = false;
    expect_no_part(&sample, "of an earlier master");
    expect_part(&sample, "<span class=\"state bad\">dead</span>");
    expect_part(&sample, "<dt>Log</dt><dd>7 lines lost</dd>");
    sample_fill_good(&sample);
    sample.snapshot.master_alive = false;
    expect_part(&sample, "pid 4242 is DEAD, was started 3d 4h ago</p>");
    expect_part(&sample, "<dt>Still living</dt><dd>worker 1 (pid 4243), worker 2 (pid 4244), "
                         "checker (pid 4245), stats (pid 4246)</dd>");
}

static void a_failed_reload_shows_its_mistakes(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    sample.snapshot.epoch = 3;
    sample.snapshot.reload_ms = sample.snapshot.taken_ms - 185000;
    sample.snapshot.reload_ok = false;
    strcpy(sample.snapshot.reload_errors, "k0slb.ini:3: [x]: <unknown>\nk0slb.ini:4: bad\033\n");
    expect_part(&sample, "<section class=\"balancer warn\">");
    expect_part(&sample, "epoch 3, LAST RELOAD FAILED 3m 5s ago (2026-09-24T18:10:20Z)");
    expect_part(&sample, "<pre>k0slb.ini:3: [x]: &lt;unknown&gt;\nk0slb.ini:4: bad?\n</pre>");
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
    expect_no_part(&sample, "<script");
    expect_no_part(&sample, "\033");
}

static void a_host_name_stands_with_its_address(void)
{
    struct sample sample;

    sample_fill_good(&sample);
    strcpy(sample.backends[0][0].host, "cp1.example");
    expect_part(&sample, "data-label=\"Address\">cp1.example:6443 (10.0.0.11)</td>");
    sample.backends[0][0].address.family = ADDR_NONE;
    expect_part(&sample, "data-label=\"Address\">cp1.example:6443</td>");
}

static void it_renews_itself_or_not(void)
{
    struct sample sample;
    struct textbuf out;

    sample_fill_good(&sample);
    out = page_of(&sample, 60);
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "<meta http-equiv=\"refresh\" content=\"60\">"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "renewed every 60 s"));
    textbuf_fini(&out);
    out = page_of(&sample, 0);
    CU_ASSERT_PTR_NULL(strstr(out.data, "http-equiv"));
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
    for (const char *host = strstr(out.data, "//"); host != NULL; host = strstr(host + 1, "//"))
        CU_ASSERT(strncmp(host, "//www.w3.org/2000/svg'", 22) == 0); /* a name, not an address */
    for (const char *link = strstr(out.data, "href=\""); link != NULL;
         link = strstr(link + 1, "href=\""))
        CU_ASSERT(strncmp(link, "href=\"/", 7) == 0 || strncmp(link, "href=\"data:", 11) == 0);
    textbuf_fini(&out);
}

static void the_policy_allows_this_style_alone(void)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char text[2 * EVP_MAX_MD_SIZE];
    unsigned size;
    struct sample sample;

    CU_ASSERT_FATAL(
        EVP_Digest(style_sheet, strlen(style_sheet), digest, &size, EVP_sha256(), NULL) == 1);
    EVP_EncodeBlock(text, digest, (int)size);
    ASSERT_TEXT(STYLE_HASH, (char *)text);
    CU_ASSERT_PTR_NOT_NULL(strstr(report_html_policy(), "style-src 'sha256-" STYLE_HASH "'"));
    ASSERT_NUMBER(strncmp(report_html_policy(), "default-src 'none'; ", 20), 0);
    CU_ASSERT_PTR_NULL(strstr(report_html_policy(), "unsafe"));
    sample_fill_good(&sample);
    expect_part(&sample, style_sheet);
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
    {"the_whole_has_these_parts", the_whole_has_these_parts},
    {"every_word_of_the_text_is_there", every_word_of_the_text_is_there},
    {"it_says_when_all_is_well", it_says_when_all_is_well},
    {"it_says_what_is_wrong_with_the_balancer", it_says_what_is_wrong_with_the_balancer},
    {"a_failed_reload_shows_its_mistakes", a_failed_reload_shows_its_mistakes},
    {"every_state_has_a_level", every_state_has_a_level},
    {"hostile_text_stays_text", hostile_text_stays_text},
    {"a_host_name_stands_with_its_address", a_host_name_stands_with_its_address},
    {"it_renews_itself_or_not", it_renews_itself_or_not},
    {"it_needs_nothing_from_elsewhere", it_needs_nothing_from_elsewhere},
    {"the_policy_allows_this_style_alone", the_policy_allows_this_style_alone},
    {"the_largest_board_fits", the_largest_board_fits},
    {NULL, NULL},
};
