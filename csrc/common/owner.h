/*
** owner.h - a list of things that must be freed when their Lua state closes,
** if not earlier. The links are a member of each thing, so putting one in
** needs no memory.
*/
#ifndef CEL_OWNER_H
#define CEL_OWNER_H

#include <stdbool.h>
#include <stddef.h>

/* The links; the first member of each thing. Zeroed: in no list. */
typedef struct cel_owned {
  struct cel_owned *prev, *next;
  void (*end)(struct cel_owned *thing); /* ends the thing and frees it */
} cel_owned;

/* The list. Zeroed: empty. */
typedef struct cel_owner {
  cel_owned *first;
  bool over; /* it has ended all its things, and takes no new ones */
} cel_owner;

static inline void cel_owner_put(cel_owner *o, cel_owned *thing) {
  thing->prev = NULL;
  thing->next = o->first;
  if (o->first != NULL)
    o->first->prev = thing;
  o->first = thing;
}

static inline void cel_owner_take(cel_owner *o, cel_owned *thing) {
  *(thing->prev == NULL ? &o->first : &thing->prev->next) = thing->next;
  if (thing->next != NULL)
    thing->next->prev = thing->prev;
  thing->prev = thing->next = NULL;
}

/* Ends all things in the list, the newest first. */
static inline void cel_owner_end(cel_owner *o) {
  o->over = true;
  while (o->first != NULL) {
    cel_owned *thing = o->first;
    cel_owner_take(o, thing);
    thing->end(thing);
  }
}

#endif
