/* A terminal that is drawn upon: its modes, its size, and how it gets them back. */
#ifndef K0SLB_CONTROL_TOP_SCREEN_H
#define K0SLB_CONTROL_TOP_SCREEN_H

#include <stdbool.h>
#include <termios.h>

#include "base/defs.h"
#include "base/textbuf.h"

/* Zero-initialised is one that is left as it is. */
struct top_screen {
    bool is_taken;
    struct termios before;
};

/* Whether standard input and output are a terminal that understands ECMA-48. */
bool top_screen_is_there(void);

/*
 * Takes it: keys come as they are pressed and are not shown, the other screen of the terminal is
 * used, without a cursor. Does nothing when it is taken already but for setting everything again.
 * Returns 0, or -1 with errno of tcsetattr(3) or write(2).
 */
int top_screen_take(struct top_screen *screen) MUST_CHECK;

/* Gives it back as it was. Nothing happens when it is not taken. */
void top_screen_leave(struct top_screen *screen);

/* How large it is; 24 rows of 80 columns where that is not known. */
void top_screen_size(unsigned *rows, unsigned *columns);

/* Writes a whole frame at once. Returns 0, or -1 with errno of write(2). */
int top_screen_show(const struct textbuf *frame) MUST_CHECK;

#endif
