/* The page's style sheet, and what allows a browser to use it. */
#ifndef K0SLB_REPORT_STYLE_H
#define K0SLB_REPORT_STYLE_H

/* CSS; the whole text between <style> and </style>. */
extern const char style_sheet[];

/*
 * Its SHA-256 in base64, for the Content-Security-Policy. A constant like the sheet itself: a test
 * holds the two together and says the new one after a change.
 */
#define STYLE_HASH "ps4xVkakBB3TEjGgkZb2IxN6ccrK+oNsjtsMGE/wPKk="

#endif
