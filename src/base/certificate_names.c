#include "base/certificate_names.h"

#include <string.h>
#include <strings.h>

#include "base/addr.h"

/* A final dot says that the name is complete, which a certificate's name always is. */
static size_t length_of(const char *name, size_t size)
{
    return size > 1 && name[size - 1] == '.' ? size - 1 : size;
}

static bool is_same(const char *a, const char *b)
{
    size_t a_size = length_of(a, strlen(a));
    size_t b_size = length_of(b, strlen(b));

    return a_size == b_size && strncasecmp(a, b, a_size) == 0;
}

static bool matches_name(const char *name, const char *wanted)
{
    const char *rest;

    if (strncmp(name, "*.", 2) != 0)
        return is_same(name, wanted);
    rest = strchr(wanted, '.');
    return rest != NULL && rest != wanted && strchr(wanted, '*') == NULL &&
           memchr(name + 2, '.', length_of(name + 2, strlen(name + 2))) != NULL &&
           is_same(name + 1, rest);
}

static bool matches_address(const char *name, const struct addr *wanted)
{
    struct addr address;

    return addr_parse(&address, name) == 0 && addr_same_ip(&address, wanted);
}

const char *certificate_names_next(const char *at, char name[CERTIFICATE_NAME_SIZE])
{
    size_t size;

    at += strspn(at, " ");
    size = strcspn(at, " ");
    if (size == 0)
        return NULL;
    name[0] = '\0';
    if (size < CERTIFICATE_NAME_SIZE) {
        memcpy(name, at, size);
        name[size] = '\0';
    }
    return at + size;
}

bool certificate_names_have(const char *names, const char *wanted)
{
    char name[CERTIFICATE_NAME_SIZE];
    struct addr address;
    bool is_address = addr_parse(&address, wanted) == 0;

    if (wanted[0] == '\0')
        return false;
    while ((names = certificate_names_next(names, name)) != NULL) {
        if (name[0] == '\0')
            continue;
        if (is_address ? matches_address(name, &address) : matches_name(name, wanted))
            return true;
    }
    return false;
}
