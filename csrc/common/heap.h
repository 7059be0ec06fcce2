/*
** heap.h - what comes next of many things that each have a time: a pairing
** heap (Fredman, Sedgewick, Sleator and Tarjan, 1986) whose nodes are members
** of the things. It allocates nothing; to put one in costs the same however
** many there are, to take one out grows with the logarithm.
*/
#ifndef CEL_HEAP_H
#define CEL_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed at first: in no heap. */
typedef struct cel_heap_node {
  double key;
  unsigned long long order;            /* of coming, where keys are the same */
  bool in;                             /* some heap */
  struct cel_heap_node *child;         /* the first of those below */
  struct cel_heap_node *before, *next; /* its siblings; before the first one
                                          stands the parent */
} cel_heap_node;

/* Zeroed at first: empty. */
typedef struct cel_heap {
  cel_heap_node *least;
  unsigned long long placed; /* how many have come */
} cel_heap;

/* Puts a node in, or moves it, to where its key belongs; one of HUGE_VAL,
   which never comes, takes it out. */
void cel_heap_place(cel_heap *h, cel_heap_node *node, double key);

/* The least key; HUGE_VAL where there is none. */
double cel_heap_least(const cel_heap *h);

/* The thing of a type whose member a node is. */
#define CEL_HEAP_OWNER(node, type, member)                                    \
  ((type *)(void *)((char *)(node)-offsetof(type, member)))

#endif
