/*
** heap.h - finds the one of many things whose time comes first: a pairing heap
** (Fredman, Sedgewick, Sleator and Tarjan, 1986). Its nodes are members of the
** things, so it allocates nothing. Putting one in takes constant time, taking
** one out O(log n).
*/
#ifndef CEL_HEAP_H
#define CEL_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed at first: in no heap. */
typedef struct cel_heap_node {
  double key;
  unsigned long long order;    /* the first of equal keys goes first */
  bool in;                     /* some heap */
  struct cel_heap_node *child; /* the first of those below */
  struct cel_heap_node *before,
      *next; /* its siblings; `before` of the first one is its parent */
} cel_heap_node;

/* Zeroed at first: empty. */
typedef struct cel_heap {
  cel_heap_node *least;
  unsigned long long placed; /* how many were put in so far */
} cel_heap;

/* Puts a node in, or moves it, to where its key belongs. The key HUGE_VAL
   (never) takes it out. */
void cel_heap_place(cel_heap *h, cel_heap_node *node, double key);

/* The least key; HUGE_VAL where there is none. */
double cel_heap_least(const cel_heap *h);

/* The thing (of this type) that a node is a member of. */
#define CEL_HEAP_OWNER(node, type, member)                                    \
  ((type *)(void *)((char *)(node)-offsetof(type, member)))

#endif
