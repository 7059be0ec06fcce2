/*
** lcollector.h - what Lua's collector does not see: C memory that userdata
** lead to, and descriptors.
**
** A state has a ledger of that memory. What comes from the state's allocator
** is counted as it comes and goes; what libcurl takes for a client is a guess.
** Clients are counted, too, for their descriptors.
** Where the ledger has grown as much as a heap may between two collections,
** all garbage is collected. The collector has no notion of memory that is not
** its own: a step tells it to work, but in its generational mode (that of the
** standalone interpreter) not to look at what is old.
*/
#ifndef CEL_LCOLLECTOR_H
#define CEL_LCOLLECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "engine/queue.h"

/* Of one state; in its registry, so it outlives every finaliser. */
typedef struct cel_ledger {
  cel_alloc_fn fn; /* the state's */
  void *ud;
  cel_holdings held;
  cel_holdings limit; /* where garbage is to be collected */
} cel_ledger;

/* The state's ledger, made where there is none [-0, +0]. */
cel_ledger *cel_collector_ledger(lua_State *L);

/* The state's allocator, which keeps its ledger. */
cel_allocator cel_collector_allocator(cel_ledger *ledger);

/* Collects garbage where it is time [-0, +0]. May run finalisers; not in one,
   and not where the host has stopped the collector. */
void cel_collector_look(lua_State *L, cel_ledger *ledger);

/* Where the process may open hardly any more descriptors, collects all
   garbage: dropped clients hold some [-0, +0]. True where it did. */
bool cel_collector_find_descriptors(lua_State *L);

#endif
