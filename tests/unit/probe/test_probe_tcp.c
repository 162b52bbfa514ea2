#include "unit/unit.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mono.h"

#include "ask.h"

static void test_connected(void)
{
    uint16_t port;
    int listener = listen_silently(&port, 8);
    struct answer answer = ask(PROBE_TCP, port, 1000);

    ASSERT_TEXT(answer_text(&answer), "L4OK connected");
    CU_ASSERT_TRUE(answer.result.good);
    ASSERT_NUMBER(answer.count, 1);
    close(listener);
}

static void test_refused(void)
{
    struct answer answer = ask(PROBE_TCP, unused_port(), 1000);

    ASSERT_TEXT(answer_text(&answer), "L4CON connection refused");
    CU_ASSERT_FALSE(answer.result.good);
    CU_ASSERT_TRUE(answer.result.refused);
    CU_ASSERT_FALSE(answer.result.no_verdict);
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    at.sin_port = htons(port);
    (void)!connect(fd, (struct sockaddr *)&at, sizeof(at));
    return fd;
}

/* With a full accept queue the kernel drops every SYN: a blackhole without a firewall. */
static void test_blackholed(void)
{
    uint16_t port;
    int listener = listen_silently(&port, 0);
    int fill[4];
    uint64_t start_ms;
    struct answer answer;

    for (size_t i = 0; i < ARRAY_LEN(fill); i++)
        fill[i] = connect_to(port);
    start_ms = mono_ms();
    answer = ask(PROBE_TCP, port, 300);
    ASSERT_TEXT(answer_text(&answer), "L4TOUT connection timed out");
    CU_ASSERT_TRUE(answer.came_ms - start_ms >= 300 && answer.came_ms - start_ms <= 350);
    for (size_t i = 0; i < ARRAY_LEN(fill); i++)
        close(fill[i]);
    close(listener);
}

static void test_tls_timeout_is_of_tcp_before_it_connects(void)
{
    uint16_t port;
    int listener = listen_silently(&port, 0);
    int fill[4];
    struct answer answer;

    for (size_t i = 0; i < ARRAY_LEN(fill); i++)
        fill[i] = connect_to(port);
    answer = ask(PROBE_TLS, port, 100);
    ASSERT_TEXT(answer_text(&answer), "L4TOUT connection timed out");
    for (size_t i = 0; i < ARRAY_LEN(fill); i++)
        close(fill[i]);
    close(listener);
}

static void test_success_after_the_deadline_is_a_failure(void)
{
    struct asker asker;
    struct answer answer;
    uint16_t port;
    int listener = listen_silently(&port, 8);

    asker_open(&asker);
    ask_start(&asker, &answer, PROBE_TCP, port, 20);
    usleep(40000); /* connected long since, but nobody looked */
    CU_ASSERT_TRUE(ask_wait(&asker, 1, 1000));
    ASSERT_TEXT(answer_text(&answer), "L4TOUT connection timed out");
    asker_close(&asker);
    close(listener);
}

static void test_shifted_deadline_holds(void)
{
    struct asker asker;
    struct answer answer;
    uint16_t port;
    int listener = listen_silently(&port, 8);

    asker_open(&asker);
    ask_start(&asker, &answer, PROBE_TCP, port, 20);
    usleep(40000);
    probe_engine_shift(asker.engine, 40);
    CU_ASSERT_TRUE(ask_wait(&asker, 1, 1000));
    ASSERT_TEXT(answer_text(&answer), "L4OK connected");
    CU_ASSERT_TRUE(answer.result.duration_us < 30000);
    asker_close(&asker);
    close(listener);
}

static void test_no_descriptor_is_no_verdict(void)
{
    struct asker asker;
    struct answer answer;
    struct rlimit saved;
    struct rlimit limit;
    int lowest;

    asker_open(&asker);
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &saved), 0);
    limit = saved;
    lowest = dup(0);
    close(lowest);
    limit.rlim_cur = (rlim_t)lowest;
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ask_start(&asker, &answer, PROBE_TCP, 1, 1000);
    CU_ASSERT_TRUE(ask_wait(&asker, 1, 1000));
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &saved), 0);
    ASSERT_TEXT(answer_text(&answer), "no verdict: Too many open files");
    CU_ASSERT_FALSE(answer.result.good);
    asker_close(&asker);
}

static void test_leaves_no_time_wait(void)
{
    uint16_t port;
    int listener = listen_silently(&port, 64);
    int accepted;

    for (int i = 0; i < 10; i++) {
        struct answer answer = ask(PROBE_TCP, port, 1000);

        CU_ASSERT_TRUE(answer.result.good);
        accepted = accept(listener, NULL, NULL);
        close(accepted);
    }
    ASSERT_NUMBER(time_waits(port), 0);
    close(listener);
}

/* In a network of its own with a single ephemeral port, TCP connects that port to itself. */
static int connect_to_self(void)
{
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    struct answer answer;
    FILE *range;

    if (unshare(CLONE_NEWNET) == -1 && unshare(CLONE_NEWUSER | CLONE_NEWNET) == -1)
        return 77;
    if (ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFFLAGS, &loopback) == -1)
        return 77;
    range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "w");
    if (range == NULL || fputs("40000 40000", range) < 0 || fclose(range) != 0)
        return 77;
    answer = ask(PROBE_TCP, 40000, 1000);
    return strcmp(answer_text(&answer), "L4CON connection refused") == 0 ? 0 : 1;
}

static void test_own_socket_is_no_backend(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        _exit(connect_to_self());
    CU_ASSERT_EQUAL_FATAL(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        unit_skip("no network namespace can be made here");
        return;
    }
    ASSERT_NUMBER(status, 0);
}

const struct unit_test probe_tcp_tests[] = {
    {"connected", test_connected},
    {"refused", test_refused},
    {"blackholed", test_blackholed},
    {"tls_timeout_is_of_tcp_before_it_connects", test_tls_timeout_is_of_tcp_before_it_connects},
    {"success_after_the_deadline_is_a_failure", test_success_after_the_deadline_is_a_failure},
    {"shifted_deadline_holds", test_shifted_deadline_holds},
    {"no_descriptor_is_no_verdict", test_no_descriptor_is_no_verdict},
    {"leaves_no_time_wait", test_leaves_no_time_wait},
    {"own_socket_is_no_backend", test_own_socket_is_no_backend},
    {NULL, NULL},
};
