/*
 * A YAML document as a tree that is asked for what it should hold. The only file that knows
 * libyaml.
 *
 * A text that is larger, deeper or has more nodes than any kubeconfig needs is refused before it is
 * loaded, and so are aliases, which make a small text a large document.
 */
#ifndef K0SLB_CONTROL_YAML_TREE_H
#define K0SLB_CONTROL_YAML_TREE_H

#include <stddef.h>

#include "base/defs.h"

/* The largest text that is read. */
#define YAML_TREE_MOST 1048576

/* Room for a sentence about a text. */
#define YAML_TREE_REASON 160

struct yaml_tree;

/* A place in the tree; 0 = there is none. */
typedef int yaml_node;

/*
 * Reads a text that is one document. NULL with the sentence in `reason` ("line 3, column 1:
 * did not find expected key"). The tree is the caller's.
 */
struct yaml_tree *yaml_tree_read(const char *text, size_t size,
                                 char reason[YAML_TREE_REASON]) MUST_CHECK;

/* One document, from 0, of a text that may have several. NULL with "" when it has not so many. */
struct yaml_tree *yaml_tree_read_nth(const char *text, size_t size, unsigned nth,
                                     char reason[YAML_TREE_REASON]) MUST_CHECK;

/* Overwrites the texts and frees. */
void yaml_tree_free(struct yaml_tree *tree);

yaml_node yaml_tree_root(struct yaml_tree *tree);

/* What a mapping has under a key, the first if there are several; 0 also for what is no mapping. */
yaml_node yaml_tree_get(struct yaml_tree *tree, yaml_node node, const char *key);

/* The item of a sequence, from 0; 0 behind the last, and for what is no sequence. */
yaml_node yaml_tree_item(struct yaml_tree *tree, yaml_node node, unsigned index);

/* A scalar's text, valid until the tree is freed; NULL for what is none, or holds a NUL byte. */
const char *yaml_tree_text(struct yaml_tree *tree, yaml_node node);

/* The line where a node begins, from 1; 0 = there is no node. */
unsigned yaml_tree_line(struct yaml_tree *tree, yaml_node node);

#endif
