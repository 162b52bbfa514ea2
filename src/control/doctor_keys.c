#include "control/doctor_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/yaml_tree.h"

static int refuse(struct doctor_keys *keys, const char *problem)
{
    snprintf(keys->problem, sizeof(keys->problem), "%s", problem);
    keys->count = 0;
    return -1;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Sorts, and keeps one of each. */
static void tidy(struct doctor_keys *keys)
{
    unsigned kept = 0;

    qsort(keys->ids, keys->count, sizeof(keys->ids[0]), compare);
    for (unsigned i = 0; i < keys->count; i++) {
        if (kept > 0 && strcmp(keys->ids[kept - 1], keys->ids[i]) == 0)
            continue;
        if (kept != i)
            memcpy(keys->ids[kept], keys->ids[i], sizeof(keys->ids[0]));
        kept++;
    }
    keys->count = kept;
}

/* JSON is YAML but for some escapes that no key id has. */
static int read_tree(struct doctor_keys *keys, struct yaml_tree *tree)
{
    yaml_node list = yaml_tree_get(tree, yaml_tree_root(tree), "keys");
    yaml_node key;

    keys->count = 0;
    while ((key = yaml_tree_item(tree, list, keys->count)) != 0) {
        const char *id = yaml_tree_text(tree, yaml_tree_get(tree, key, "kid"));

        if (keys->count == DOCTOR_KEYS_MOST)
            return refuse(keys, "the set of keys is too large");
        if (id == NULL || *id == '\0' || strlen(id) >= DOCTOR_KEY_ID_SIZE)
            return refuse(keys, "a key has no id, or one that is too long");
        strcpy(keys->ids[keys->count++], id);
    }
    if (keys->count == 0)
        return refuse(keys, "the answer names no keys");
    tidy(keys);
    return 0;
}

int doctor_keys_read(struct doctor_keys *keys, const char *text, size_t size)
{
    char reason[YAML_TREE_REASON];
    struct yaml_tree *tree = yaml_tree_read(text, size, reason);
    int result;

    if (tree == NULL)
        return refuse(keys, "the answer is no JSON");
    result = read_tree(keys, tree);
    yaml_tree_free(tree);
    return result;
}

bool doctor_keys_equal(const struct doctor_keys *a, const struct doctor_keys *b)
{
    if (a->count != b->count)
        return false;
    for (unsigned i = 0; i < a->count; i++) {
        if (strcmp(a->ids[i], b->ids[i]) != 0)
            return false;
    }
    return true;
}

static bool is_known(const struct doctor_keys *keys)
{
    return keys != NULL && keys->is_known;
}

static size_t count_equal(const struct doctor_keys *const *list, size_t count, size_t index)
{
    size_t equal = 0;

    for (size_t i = 0; i < count; i++)
        equal += is_known(list[i]) && doctor_keys_equal(list[i], list[index]);
    return equal;
}

int doctor_keys_common(const struct doctor_keys *const *list, size_t count)
{
    size_t most = 0;
    int common = -1;

    for (size_t i = 0; i < count; i++) {
        size_t equal = is_known(list[i]) ? count_equal(list, count, i) : 0;

        if (equal > most) {
            most = equal;
            common = (int)i;
        }
    }
    return common;
}
