/*
** owner.h - a list of what must end with a Lua state at the latest. Each
** thing is a member of it, so putting one in takes no memory.
*/
#ifndef CEL_OWNER_H
#define CEL_OWNER_H

#include <stdbool.h>
#include <stddef.h>

/* The first member of a thing. Zeroed at first: nobody's. */
typedef struct cel_owned {
  struct cel_owned *prev, *next;
  void (*end)(struct cel_owned *thing); /* ends it, and frees it */
} cel_owned;

/* Zeroed at first: has nothing. */
typedef struct cel_owner {
  cel_owned *first;
  bool over; /* it has ended what it had, and takes nothing more */
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

/* Ends all that it has, the newest first. */
static inline void cel_owner_end(cel_owner *o) {
  o->over = true;
  while (o->first != NULL) {
    cel_owned *thing = o->first;
    cel_owner_take(o, thing);
    thing->end(thing);
  }
}

#endif
