/* The first frame of an HTTP/2 connection, by its header (RFC 9113, sections 3.4, 4.1 and 6.5). */
#ifndef K0SLB_PROBE_H2_FRAME_H
#define K0SLB_PROBE_H2_FRAME_H

#include <stdint.h>

#define H2_FRAME_HEADER_SIZE 9

/*
 * Whether this is the header of a SETTINGS frame as a server has to begin with: NULL, or what is
 * wrong with it, in words.
 */
const char *h2_frame_problem(const uint8_t header[H2_FRAME_HEADER_SIZE]);

#endif
