/* k0slbctl: looks at k0slb and tells it what to do. */
#include "control/control.h"

int main(int argc, char **argv)
{
    return control_main(argc, argv);
}
