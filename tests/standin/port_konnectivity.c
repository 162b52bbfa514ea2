#include "ports.h"

#include <string.h>

/* HTTP/2, RFC 9113: a frame is nine bytes of head (length, type, flags, stream), then payload. */
#define FRAME_HEAD     9
#define FRAME_MAX      16384
#define FRAME_SETTINGS 4
#define FRAME_PING     6
#define FLAG_ACK       1

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static bool send_settings(struct stream *stream)
{
    /* SETTINGS_MAX_FRAME_SIZE = 16384, which a gRPC server in Go sends first of all. */
    static const unsigned char settings[FRAME_HEAD + 6] = {
        0, 0, 6, FRAME_SETTINGS, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0x40, 0};

    return stream_write(stream, settings, sizeof(settings));
}

static bool send_ack(struct stream *stream, unsigned char type, const unsigned char *payload,
                     unsigned char length)
{
    unsigned char frame[FRAME_HEAD + 8] = {0, 0, length, type, FLAG_ACK};

    if (length > 0)
        memcpy(frame + FRAME_HEAD, payload, length);
    return stream_write(stream, frame, (size_t)FRAME_HEAD + length);
}

/* Reads one frame and answers it. Returns false when the client has left or talks nonsense. */
static bool serve_frame(struct stream *stream)
{
    unsigned char head[FRAME_HEAD];
    unsigned char payload[FRAME_MAX];
    size_t length;
    bool is_ack;

    if (!stream_read_all(stream, head, sizeof(head)))
        return false;
    length = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    is_ack = (head[4] & FLAG_ACK) != 0;
    if (length > sizeof(payload) || !stream_read_all(stream, payload, length))
        return false;
    if (head[3] == FRAME_SETTINGS && !is_ack)
        return send_ack(stream, FRAME_SETTINGS, NULL, 0);
    if (head[3] == FRAME_PING && !is_ack)
        return length == 8 && send_ack(stream, FRAME_PING, payload, 8);
    return true;
}

static void serve(struct stream *stream)
{
    const unsigned char *chosen;
    unsigned chosen_length;
    char start[sizeof(preface) - 1];

    SSL_get0_alpn_selected(stream->ssl, &chosen, &chosen_length);
    if (chosen_length == 0 || !send_settings(stream))
        return;
    if (!stream_read_all(stream, start, sizeof(start)) ||
        memcmp(start, preface, sizeof(start)) != 0)
        return;
    while (serve_frame(stream))
        ;
}

const struct port_ops port_konnectivity = {
    .number = 8132,
    .common_name = "kubernetes",
    .alpn = "h2",
    .idle_s = 0,
    .serve = serve,
};
