/*
 * A strict reader of the pages that the project writes, which are a small part of HTML: lower-case
 * tags, quoted values, every element closed, everything else escaped.
 */
#ifndef K0SLB_TESTS_UNIT_REPORT_HTML_CHECKER_H
#define K0SLB_TESTS_UNIT_REPORT_HTML_CHECKER_H

/*
 * What is wrong with the first place that is, as a sentence that ends with the text there; NULL
 * when the whole text is one well-formed page with one script at most, and without handlers and
 * style attributes. The
 * sentence stays until the next call.
 */
const char *html_mistake(const char *text);

#endif
