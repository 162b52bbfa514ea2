#include "master/port_holder.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"

/* TCP_LISTEN in the fourth column of /proc/net/tcp. */
#define LISTENING 0x0a

/* Reads the hexadecimal address of a row: words of four bytes, each in this machine's order. */
static bool parse_row_address(const char *text, size_t words, uint8_t *ip)
{
    for (size_t i = 0; i < words; i++) {
        char word[9] = {0};
        uint32_t value;

        strncpy(word, text + 8 * i, 8);
        if (strlen(word) != 8)
            return false;
        value = (uint32_t)strtoul(word, NULL, 16);
        memcpy(ip + 4 * i, &value, 4);
    }
    return true;
}

static bool is_match(const struct addr *wanted, const struct addr *row)
{
    if (row->port != wanted->port)
        return false;
    return addr_is_any(wanted) || addr_is_any(row) || memcmp(wanted->ip, row->ip, 16) == 0;
}

/* The inode of a socket that listens there, from one of the kernel's tables; 0 when none does. */
static unsigned long find_inode(const char *table, const struct addr *wanted)
{
    size_t words = strstr(table, "tcp6") != NULL ? 4 : 1;
    FILE *file = fopen(table, "re");
    char line[512];
    unsigned long found = 0;

    if (file == NULL)
        return 0;
    while (found == 0 && fgets(line, sizeof(line), file) != NULL) {
        struct addr row = {.family = words == 4 ? ADDR_IPV6 : ADDR_IPV4};
        char ip[40];
        unsigned port;
        unsigned state;
        unsigned long inode;

        if (sscanf(line, " %*u: %39[0-9A-F]:%x %*s %x %*s %*s %*s %*u %*u %lu", ip, &port, &state,
                   &inode) != 4)
            continue;
        row.port = (uint16_t)port;
        if (state == LISTENING && parse_row_address(ip, words, row.ip) && is_match(wanted, &row))
            found = inode;
    }
    fclose(file);
    return found;
}

static void read_name(struct port_holder *holder)
{
    char path[64];
    FILE *file;

    strcpy(holder->name, "a process");
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)holder->pid);
    file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(holder->name, sizeof(holder->name), file) != NULL)
        holder->name[strcspn(holder->name, "\n")] = '\0';
    fclose(file);
}

static int find_process(uint64_t inode, struct port_holder *holder)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    int result = -1;

    if (dir == NULL)
        return -1;
    while (result == -1 && (entry = readdir(dir)) != NULL) {
        holder->pid = (pid_t)atoi(entry->d_name);
        if (holder->pid <= 0 || process_find_socket(holder->pid, inode) == -1)
            continue;
        read_name(holder);
        result = 0;
    }
    closedir(dir);
    return result;
}

int port_holder_find(const struct addr *address, struct port_holder *holder)
{
    struct addr any = {.family = ADDR_IPV6, .port = address->port};
    unsigned long inode = 0;

    if (address->family == ADDR_IPV4)
        inode = find_inode("/proc/net/tcp", address);
    /* An IPv6 wildcard socket may hold the IPv4 port as well. */
    if (inode == 0)
        inode = find_inode("/proc/net/tcp6", address->family == ADDR_IPV6 ? address : &any);
    return inode == 0 ? -1 : find_process(inode, holder);
}
