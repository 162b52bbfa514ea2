#include "system/crowd.h"

unsigned crowd_open(struct crowd *crowd, const struct addr *address, unsigned count)
{
    unsigned failed = 0;

    crowd->count = count < CROWD_MAX ? count : CROWD_MAX;
    for (unsigned i = 0; i < crowd->count; i++) {
        struct client *client = &crowd->clients[i];

        failed += client_open(client, address) == -1 || client_echo(client, 64) == -1;
    }
    return failed;
}

unsigned crowd_echo(struct crowd *crowd, unsigned *lost)
{
    unsigned alive = 0;

    for (unsigned i = 0; i < crowd->count; i++) {
        struct client *client = &crowd->clients[i];

        alive += client_next(client, 0) == CLIENT_STILL_OPEN && client_echo(client, 64) == 0;
    }
    *lost = crowd->count - alive;
    return alive;
}

unsigned crowd_queue(struct crowd *crowd, const struct addr *address, unsigned count)
{
    unsigned failed = 0;

    crowd->count = count < CROWD_MAX ? count : CROWD_MAX;
    for (unsigned i = 0; i < crowd->count; i++)
        failed += client_open(&crowd->clients[i], address) == -1;
    return failed;
}

unsigned crowd_pass(struct crowd *crowd)
{
    unsigned failed = 0;

    for (unsigned i = 0; i < crowd->count; i++) {
        failed += client_echo(&crowd->clients[i], 64) == -1;
        client_close(&crowd->clients[i]);
    }
    crowd->count = 0;
    return failed;
}

void crowd_close(struct crowd *crowd)
{
    for (unsigned i = 0; i < crowd->count; i++)
        client_close(&crowd->clients[i]);
    crowd->count = 0;
}
