#include "system/controller.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "base/fd.h"

#include "system/controller_serve.h"
#include "system/peer.h"

#define BACKLOG 1024
#define DAY_S   86400L

static void make_leaves(struct controller_papers *papers)
{
    static const struct paper_request requests[CONTROLLER_LEAF_COUNT] = {
        [CONTROLLER_LEAF] = {.names = "DNS:localhost,DNS:" CONTROLLER_EXTERNAL ",IP:127.0.0.1",
                             .until_s = 365 * DAY_S},
        [CONTROLLER_LEAF_EXPIRED] = {.names = "DNS:localhost,DNS:" CONTROLLER_EXTERNAL,
                                     .until_s = -600},
        [CONTROLLER_LEAF_FOREIGN] = {.names = "DNS:localhost,DNS:" CONTROLLER_EXTERNAL,
                                     .until_s = 365 * DAY_S},
        [CONTROLLER_LEAF_NAMELESS] = {.names = "DNS:localhost", .until_s = 365 * DAY_S},
    };

    for (int i = 0; i < CONTROLLER_LEAF_COUNT; i++) {
        struct paper_request request = requests[i];

        request.common_name = "kube-apiserver";
        request.from_s = -3600;
        paper_make(&papers->leaves[i],
                   i == CONTROLLER_LEAF_FOREIGN ? &papers->other_authority : &papers->authority,
                   &request);
    }
}

void controller_papers_make(struct controller_papers *papers)
{
    paper_make_authority(&papers->authority, "kubernetes-ca");
    paper_make_authority(&papers->other_authority, "kubernetes-ca");
    paper_make_leaf(&papers->client, &papers->authority, "k0slb");
    make_leaves(papers);
}

void controller_papers_fini(struct controller_papers *papers)
{
    for (int i = 0; i < CONTROLLER_LEAF_COUNT; i++)
        paper_fini(&papers->leaves[i]);
    paper_fini(&papers->client);
    paper_fini(&papers->other_authority);
    paper_fini(&papers->authority);
}

int controller_init(struct controller *controller, const char *name, const struct addr *at,
                    const struct controller_papers *papers)
{
    size_t size = CONTROLLER_PORTS * sizeof(*controller->ports);

    memset(controller, 0, sizeof(*controller));
    for (size_t i = 0; name[i] != '\0' && i + 1 < sizeof(controller->name); i++)
        controller->name[i] = name[i];
    controller->papers = papers;
    controller->ports = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (controller->ports == MAP_FAILED) {
        controller->ports = NULL;
        return -1;
    }
    for (unsigned i = 0; i < CONTROLLER_PORTS; i++) {
        int fd;

        controller->ports[i].status = 200;
        controller->addresses[i] = *at;
        controller->addresses[i].port = 0;
        fd = listen_at(&controller->addresses[i], 1);
        if (fd == -1)
            return -1;
        fd_close(&fd);
    }
    return 0;
}

void controller_fini(struct controller *controller)
{
    controller_kill(controller);
    if (controller->ports != NULL)
        munmap(controller->ports, CONTROLLER_PORTS * sizeof(*controller->ports));
    controller->ports = NULL;
}

static void close_all(int *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        fd_close(&fds[i]);
}

static int listen_on(const struct controller *controller, unsigned port)
{
    struct addr address = controller->addresses[port];

    if (controller->listens_everywhere)
        memset(address.ip, 0, sizeof(address.ip));
    return listen_at(&address, BACKLOG);
}

int controller_start(struct controller *controller, unsigned count)
{
    int fds[CONTROLLER_PORTS] = {-1, -1, -1};
    unsigned opened = 0;

    while (opened < count) {
        fds[opened] = listen_on(controller, opened);
        if (fds[opened] == -1)
            break;
        opened++;
    }
    controller->port_count = opened;
    controller->pid = opened == count ? fork() : -1;
    if (controller->pid == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
            _exit(1);
        controller_serve(controller, fds);
    }
    close_all(fds, opened);
    if (controller->pid != -1)
        return 0;
    controller->pid = 0;
    return -1;
}

void controller_kill(struct controller *controller)
{
    if (controller->pid <= 0)
        return;
    if (waitpid(controller->pid, NULL, WNOHANG) != 0) {
        CU_FAIL("a controller has ended by itself");
    } else {
        (void)kill(controller->pid, SIGKILL);
        while (waitpid(controller->pid, NULL, 0) == -1 && errno == EINTR)
            ;
    }
    controller->pid = 0;
}

void controller_stop(struct controller *controller)
{
    int status;

    if (controller->pid <= 0 || kill(controller->pid, SIGSTOP) == -1 ||
        waitpid(controller->pid, &status, WUNTRACED) != controller->pid || !WIFSTOPPED(status))
        CU_FAIL("the controller does not stop");
}

void controller_continue(struct controller *controller)
{
    if (controller->pid <= 0 || kill(controller->pid, SIGCONT) == -1)
        CU_FAIL("there is no controller to go on");
}
