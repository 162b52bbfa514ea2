#include "control/top_screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"

/*
 * The sequences of xterm that everyone has: the other screen, the cursor, and whether a line that
 * is too long goes on in the next one.
 */
#define TAKE  "\033[?1049h\033[?25l\033[?7l\033[2J"
#define LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"

bool top_screen_is_there(void)
{
    const char *term = getenv("TERM");

    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term != NULL && term[0] != '\0' &&
           strcmp(term, "dumb") != 0;
}

int top_screen_take(struct top_screen *screen)
{
    struct termios modes;

    if (!screen->is_taken && tcgetattr(STDIN_FILENO, &screen->before) == -1)
        return -1;
    modes = screen->before;
    modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    modes.c_iflag &= ~(tcflag_t)(IXON);
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &modes) == -1)
        return -1;
    screen->is_taken = true;
    return fd_write_all(STDOUT_FILENO, TAKE, sizeof(TAKE) - 1);
}

void top_screen_leave(struct top_screen *screen)
{
    if (!screen->is_taken)
        return;
    screen->is_taken = false;
    /* A terminal that has gone needs neither. */
    if (fd_write_all(STDOUT_FILENO, LEAVE, sizeof(LEAVE) - 1) == -1)
        errno = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &screen->before);
}

void top_screen_size(unsigned *rows, unsigned *columns)
{
    struct winsize size;

    *rows = 24;
    *columns = 80;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_row == 0 || size.ws_col == 0)
        return;
    *rows = size.ws_row;
    *columns = size.ws_col;
}

int top_screen_show(const struct textbuf *frame)
{
    return fd_write_all(STDOUT_FILENO, frame->data, frame->length);
}
