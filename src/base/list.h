/* Doubly linked lists whose links are members of what is listed. */
#ifndef K0SLB_BASE_LIST_H
#define K0SLB_BASE_LIST_H

#include <stdbool.h>

#include "base/defs.h"

/* A head, or a link of an element. An unlinked element points to itself. */
struct list {
    struct list *prev;
    struct list *next;
};

static inline void list_init(struct list *list)
{
    list->prev = list->next = list;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

/* Adds at the end. The element is not linked anywhere. */
static inline void list_append(struct list *head, struct list *element)
{
    element->prev = head->prev;
    element->next = head;
    head->prev->next = element;
    head->prev = element;
}

/* Takes it out of whatever list it is in; nothing happens when it is in none. */
static inline void list_remove(struct list *element)
{
    element->prev->next = element->next;
    element->next->prev = element->prev;
    list_init(element);
}

/* Moves all elements of `from` to the empty list `to`. */
static inline void list_move(struct list *to, struct list *from)
{
    list_init(to);
    if (list_is_empty(from))
        return;
    *to = *from;
    to->next->prev = to;
    to->prev->next = to;
    list_init(from);
}

#endif
