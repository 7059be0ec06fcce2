/*
** left.c - handles that a child has left, in a list of the process.
*/
#include "http/left.h"

#include <stdatomic.h>
#include <stdlib.h>

typedef struct left_handle {
  void *handle;
  struct left_handle *next;
} left_handle;

static _Atomic(left_handle *) first;

void cel_left_put(void *handle) {
  left_handle *left = handle == NULL ? NULL : malloc(sizeof *left);
  if (left == NULL)
    return; /* no list, but nothing depends on it */
  left->handle = handle;
  left->next = atomic_load(&first);
  while (!atomic_compare_exchange_weak(&first, &left->next, left))
    ;
}
