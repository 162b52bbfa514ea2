/* What goes on in a controller's own process. */
#ifndef K0SLB_TESTS_SYSTEM_CONTROLLER_SERVE_H
#define K0SLB_TESTS_SYSTEM_CONTROLLER_SERVE_H

#include <stdnoreturn.h>

#include "system/controller.h"

/* Serves the ports that listen at `fds`, a thread for each connection, until it is killed. */
noreturn void controller_serve(const struct controller *controller, const int *fds);

#endif
