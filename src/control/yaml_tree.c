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

static int say(char *reason, yaml_mark_t mark, const char *what)
{
    snprintf(reason, YAML_TREE_REASON, "line %zu, column %zu: %s", mark.line + 1, mark.column + 1,
             what);
    return -1;
}

static int say_no_memory(char *reason)
{
    snprintf(reason, YAML_TREE_REASON, "there is not enough memory");
    return -1;
}

/* What is no text at all has no mark but an offset, which counts bytes. */
static yaml_mark_t find_offset(const char *text, size_t offset)
{
    yaml_mark_t mark = {.line = 0};
    const char *start = text;

    for (const char *c = text; c < text + offset; c++) {
        if (*c != '\n')
            continue;
        mark.line++;
        start = c + 1;
    }
    mark.column = (size_t)(text + offset - start);
    return mark;
}

static int say_problem(const yaml_parser_t *parser, const char *text, size_t size, char *reason)
{
    if (parser->error == YAML_MEMORY_ERROR || parser->problem == NULL)
        return say_no_memory(reason);
    if (parser->error == YAML_READER_ERROR && parser->problem_offset <= size)
        return say(reason, find_offset(text, parser->problem_offset), parser->problem);
    return say(reason, parser->problem_mark, parser->problem);
}

/* A text, and which of its documents is wanted. */
struct request {
    const char *text;
    size_t size;
    unsigned nth;
    bool is_alone; /* there has to be no other */
};

static int open_parser(yaml_parser_t *parser, const struct request *request, char *reason)
{
    if (yaml_parser_initialize(parser) == 0)
        return say_no_memory(reason);
    yaml_parser_set_input_string(parser, (const unsigned char *)request->text, request->size);
    return 0;
}

/* What speaks against an event; NULL = nothing. */
static const char *judge(const struct request *request, struct bounds *bounds,
                         yaml_event_type_t type)
{
    if (++bounds->events > EVENTS_MOST)
        return "the document is too large";
    switch (type) {
    case YAML_ALIAS_EVENT:
        return "aliases are not read";
    case YAML_DOCUMENT_START_EVENT:
        return ++bounds->documents > 1 && request->is_alone ? "a second document begins" : NULL;
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
static int step(yaml_parser_t *parser, const struct request *request, struct bounds *bounds,
                char *reason)
{
    yaml_event_t event;
    const char *refusal;
    yaml_event_type_t type;
    yaml_mark_t mark;

    if (yaml_parser_parse(parser, &event) == 0)
        return say_problem(parser, request->text, request->size, reason);
    type = event.type;
    mark = event.start_mark;
    yaml_event_delete(&event);
    refusal = judge(request, bounds, type);
    if (refusal != NULL)
        return say(reason, mark, refusal);
    return type != YAML_STREAM_END_EVENT;
}

/* Goes through the text without keeping any of it. */
static int check_bounds(const struct request *request, char *reason)
{
    struct bounds bounds = {0};
    yaml_parser_t parser;
    int result;

    if (open_parser(&parser, request, reason) == -1)
        return -1;
    do
        result = step(&parser, request, &bounds, reason);
    while (result == 1);
    yaml_parser_delete(&parser);
    if (result == 0 && bounds.documents <= request->nth) {
        reason[0] = '\0';
        return -1;
    }
    return result;
}

/* The documents before it are read and forgotten. */
static int load(struct yaml_tree *tree, const struct request *request, char *reason)
{
    yaml_parser_t parser;
    int result = 0;

    if (open_parser(&parser, request, reason) == -1)
        return -1;
    for (unsigned i = 0; i <= request->nth && result == 0; i++) {
        if (i > 0)
            yaml_document_delete(&tree->document);
        if (yaml_parser_load(&parser, &tree->document) == 0)
            result = say_problem(&parser, request->text, request->size, reason);
    }
    yaml_parser_delete(&parser);
    return result;
}

static struct yaml_tree *read_tree(const struct request *request, char *reason)
{
    struct yaml_tree *tree;

    if (request->size > YAML_TREE_MOST) {
        snprintf(reason, YAML_TREE_REASON, "the text is larger than 1 MiB");
        return NULL;
    }
    if (check_bounds(request, reason) == -1)
        return NULL;
    tree = calloc(1, sizeof(*tree));
    if (tree == NULL) {
        say_no_memory(reason);
        return NULL;
    }
    if (load(tree, request, reason) == 0)
        return tree;
    free(tree);
    return NULL;
}

struct yaml_tree *yaml_tree_read(const char *text, size_t size, char reason[YAML_TREE_REASON])
{
    const struct request request = {text, size, 0, true};
    struct yaml_tree *tree = read_tree(&request, reason);

    if (tree == NULL && reason[0] == '\0')
        snprintf(reason, YAML_TREE_REASON, "there is nothing in it");
    return tree;
}

struct yaml_tree *yaml_tree_read_nth(const char *text, size_t size, unsigned nth,
                                     char reason[YAML_TREE_REASON])
{
    const struct request request = {text, size, nth, false};

    return read_tree(&request, reason);
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

unsigned yaml_tree_line(struct yaml_tree *tree, yaml_node node)
{
    yaml_node_t *found = node > 0 ? yaml_document_get_node(&tree->document, node) : NULL;

    return found != NULL ? (unsigned)found->start_mark.line + 1 : 0;
}
