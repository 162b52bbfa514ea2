#include "control/yaml_tree.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MOST  32
#define EVENTS_MOST 20000

struct yaml_tree {
    yaml_document_t document;
};

struct bounds {
    unsigned depth;
    unsigned events;
    unsigned documents;
};

static void say(char *reason, size_t line, const char *what)
{
    snprintf(reason, YAML_TREE_REASON, "line %zu: %s", line, what);
}

static void say_problem(const yaml_parser_t *parser, char *reason)
{
    say(reason, parser->problem_mark.line + 1,
        parser->problem != NULL ? parser->problem : "out of memory");
}

static void open_parser(yaml_parser_t *parser, const char *text, size_t size)
{
    yaml_parser_set_input_string(parser, (const unsigned char *)text, size);
}

/* What speaks against an event; NULL = nothing. */
static const char *judge(struct bounds *bounds, yaml_event_type_t type)
{
    if (++bounds->events > EVENTS_MOST)
        return "the document is too large";
    switch (type) {
    case YAML_ALIAS_EVENT:
        return "aliases are not read";
    case YAML_DOCUMENT_START_EVENT:
        return ++bounds->documents > 1 ? "a second document begins" : NULL;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return ++bounds->depth > DEPTH_MOST ? "the document is nested too deeply" : NULL;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        bounds->depth--;
        return NULL;
    default:
        return NULL;
    }
}

/* Takes one event. Returns 1, 0 at the end, or -1. */
static int step(yaml_parser_t *parser, struct bounds *bounds, char *reason)
{
    yaml_event_t event;
    const char *refusal;
    yaml_event_type_t type;
    size_t line;

    if (yaml_parser_parse(parser, &event) == 0) {
        say_problem(parser, reason);
        return -1;
    }
    type = event.type;
    line = event.start_mark.line + 1;
    yaml_event_delete(&event);
    refusal = judge(bounds, type);
    if (refusal != NULL) {
        say(reason, line, refusal);
        return -1;
    }
    return type != YAML_STREAM_END_EVENT;
}

/* Goes through the text without keeping any of it. */
static int check_bounds(const char *text, size_t size, char *reason)
{
    struct bounds bounds = {0};
    yaml_parser_t parser;
    int result;

    if (yaml_parser_initialize(&parser) == 0) {
        say(reason, 0, "out of memory");
        return -1;
    }
    open_parser(&parser, text, size);
    do
        result = step(&parser, &bounds, reason);
    while (result == 1);
    yaml_parser_delete(&parser);
    if (result == 0 && bounds.documents == 0) {
        say(reason, 1, "there is nothing in it");
        return -1;
    }
    return result;
}

static int load(struct yaml_tree *tree, const char *text, size_t size, char *reason)
{
    yaml_parser_t parser;
    int result = -1;

    if (yaml_parser_initialize(&parser) == 0) {
        say(reason, 0, "out of memory");
        return -1;
    }
    open_parser(&parser, text, size);
    if (yaml_parser_load(&parser, &tree->document) != 0)
        result = 0;
    else
        say_problem(&parser, reason);
    yaml_parser_delete(&parser);
    return result;
}

struct yaml_tree *yaml_tree_read(const char *text, size_t size, char reason[YAML_TREE_REASON])
{
    struct yaml_tree *tree;

    if (size > YAML_TREE_MOST) {
        say(reason, 1, "the text is larger than 1 MiB");
        return NULL;
    }
    if (check_bounds(text, size, reason) == -1)
        return NULL;
    tree = calloc(1, sizeof(*tree));
    if (tree == NULL) {
        say(reason, 0, "out of memory");
        return NULL;
    }
    if (load(tree, text, size, reason) == 0)
        return tree;
    free(tree);
    return NULL;
}

static yaml_node_t *find(struct yaml_tree *tree, yaml_node node, yaml_node_type_t type)
{
    yaml_node_t *found = node > 0 ? yaml_document_get_node(&tree->document, node) : NULL;

    return found != NULL && found->type == type ? found : NULL;
}

void yaml_tree_free(struct yaml_tree *tree)
{
    if (tree == NULL)
        return;
    for (yaml_node_t *node = tree->document.nodes.start; node < tree->document.nodes.top; node++) {
        if (node->type == YAML_SCALAR_NODE)
            explicit_bzero(node->data.scalar.value, node->data.scalar.length);
    }
    yaml_document_delete(&tree->document);
    free(tree);
}

/* The first node of a document is its root. */
yaml_node yaml_tree_root(struct yaml_tree *tree)
{
    return yaml_document_get_root_node(&tree->document) != NULL ? 1 : 0;
}

yaml_node yaml_tree_get(struct yaml_tree *tree, yaml_node node, const char *key)
{
    yaml_node_t *mapping = find(tree, node, YAML_MAPPING_NODE);
    yaml_node_pair_t *pair;

    if (mapping == NULL)
        return 0;
    for (pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
        const char *text = yaml_tree_text(tree, pair->key);

        if (text != NULL && strcmp(text, key) == 0)
            return pair->value;
    }
    return 0;
}

yaml_node yaml_tree_item(struct yaml_tree *tree, yaml_node node, unsigned index)
{
    yaml_node_t *sequence = find(tree, node, YAML_SEQUENCE_NODE);
    size_t count = 0;

    if (sequence != NULL)
        count = (size_t)(sequence->data.sequence.items.top - sequence->data.sequence.items.start);
    return index < count ? sequence->data.sequence.items.start[index] : 0;
}

const char *yaml_tree_text(struct yaml_tree *tree, yaml_node node)
{
    yaml_node_t *scalar = find(tree, node, YAML_SCALAR_NODE);

    if (scalar == NULL ||
        memchr(scalar->data.scalar.value, '\0', scalar->data.scalar.length) != NULL)
        return NULL;
    return (const char *)scalar->data.scalar.value;
}
