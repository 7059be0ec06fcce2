/*
** test_heap.c - the heap against a plain search, by random steps.
*/
#include "common/heap.h"

#include <math.h>
#include <stdint.h>

#include "check.h"

#define NODES 300
#define STEPS 200000

typedef struct thing {
  int number;
  cel_heap_node node;
} thing;

static thing things[NODES];

static uint64_t next_random(void) {
  static uint64_t x = 88172645463325252u;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return x;
}

static double search(void) {
  double least = HUGE_VAL;
  for (int i = 0; i < NODES; i++)
    if (things[i].node.in && things[i].node.key < least)
      least = things[i].node.key;
  return least;
}

static void test_random(void) {
  static const char row[] = "random steps";
  cel_heap heap = {.least = NULL};
  bool same = true;
  for (int i = 0; i < NODES; i++)
    things[i].number = i;
  for (int i = 0; i < STEPS && same; i++) {
    cel_heap_node *node = &things[next_random() % NODES].node;
    bool out = next_random() % 3 == 0;
    if (next_random() % 4 == 0 && heap.least != NULL)
      cel_heap_place(&heap, heap.least, HUGE_VAL);
    else
      cel_heap_place(&heap, node,
                     out ? HUGE_VAL : (double)(next_random() % 1000));
    same = cel_heap_least(&heap) == search();
  }
  CHECK(row, same);
}

/* All in and all out again, in order. */
static void test_order(void) {
  static const char row[] = "in order";
  cel_heap heap = {.least = NULL};
  double last = -1;
  int number = -1;
  int n = 0;
  for (int i = 0; i < NODES; i++) {
    things[i] = (thing){.number = i};
    cel_heap_place(&heap, &things[i].node, (double)(next_random() % 100));
  }
  while (heap.least != NULL) {
    const thing *t = CEL_HEAP_OWNER(heap.least, thing, node);
    CHECK(row,
          t->node.key > last || (t->node.key == last && t->number > number));
    last = t->node.key;
    number = t->number;
    cel_heap_place(&heap, heap.least, HUGE_VAL);
    n++;
  }
  CHECK(row, n == NODES);
  CHECK(row, cel_heap_least(&heap) == HUGE_VAL);
}

int main(void) {
  test_random();
  test_order();
  return check_report();
}
