/* The page's script, and what allows a browser to run it. */
#ifndef K0SLB_REPORT_SCRIPT_H
#define K0SLB_REPORT_SCRIPT_H

/* JavaScript (ECMAScript 2018); the whole text between <script> and </script>. */
extern const char page_script[];

/*
 * Its SHA-256 in base64, for the Content-Security-Policy. A constant like the script itself: a test
 * holds the two together and says the new one after a change.
 */
#define SCRIPT_HASH "dt8iQtmxznJaqZH7/76wAdIhBCuCUQtped9pxKsAqsA="

#endif
