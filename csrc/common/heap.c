/*
** heap.c - a pairing heap.
*/
#include "common/heap.h"

#include <math.h> /* HUGE_VAL */

static bool is_before(const cel_heap_node *a, const cel_heap_node *b) {
  return a->key < b->key || (a->key == b->key && a->order < b->order);
}

/* Makes one heap of two. Each is a root without siblings. */
static cel_heap_node *meld(cel_heap_node *a, cel_heap_node *b) {
  if (a == NULL)
    return b;
  if (b == NULL)
    return a;
  if (is_before(b, a)) {
    cel_heap_node *less = b;
    b = a;
    a = less;
  }
  b->before = a;
  b->next = a->child;
  if (b->next != NULL)
    b->next->before = b;
  a->child = b;
  return a;
}

/* Takes the first node out of a row of siblings. */
static cel_heap_node *take(cel_heap_node **row) {
  cel_heap_node *node = *row;
  if (node != NULL) {
    *row = node->next;
    node->next = node->before = NULL;
  }
  return node;
}

/* Makes one heap of a row of siblings: first pairs, from left to right, then
   all of these, from right to left. */
static cel_heap_node *meld_row(cel_heap_node *row) {
  cel_heap_node *pairs = NULL; /* the last one first */
  cel_heap_node *whole = NULL;
  while (row != NULL) {
    cel_heap_node *first = take(&row);
    cel_heap_node *pair = meld(first, take(&row));
    pair->next = pairs;
    pairs = pair;
  }
  while (pairs != NULL)
    whole = meld(take(&pairs), whole);
  return whole;
}

static void take_out(cel_heap *h, cel_heap_node *node) {
  if (h->least == node) {
    h->least = NULL;
  } else {
    if (node->before->child == node)
      node->before->child = node->next;
    else
      node->before->next = node->next;
    if (node->next != NULL)
      node->next->before = node->before;
  }
  h->least = meld(h->least, meld_row(node->child));
  node->child = node->before = node->next = NULL;
  node->in = false;
}

void cel_heap_place(cel_heap *h, cel_heap_node *node, double key) {
  if (node->in && node->key == key)
    return;
  if (node->in)
    take_out(h, node);
  if (key >= HUGE_VAL)
    return;
  node->key = key;
  node->order = h->placed++;
  node->in = true;
  h->least = meld(h->least, node);
}

double cel_heap_least(const cel_heap *h) {
  return h->least == NULL ? HUGE_VAL : h->least->key;
}
