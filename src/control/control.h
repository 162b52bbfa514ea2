/* The verbs of k0slbctl. */
#ifndef K0SLB_CONTROL_CONTROL_H
#define K0SLB_CONTROL_CONTROL_H

/* Exit codes of k0slbctl. */
enum control_exit {
    CONTROL_DONE = 0,
    CONTROL_REFUSED = 1,     /* refused, or failed */
    CONTROL_USAGE = 2,       /* the command line is wrong */
    CONTROL_NOT_RUNNING = 3, /* no such instance runs, or its board cannot be read */
    CONTROL_WARNINGS = 4,    /* done, and there is something to mend */
};

/* Reads the command line and does what it says. Returns the exit status. */
int control_main(int argc, char **argv);

#endif
