/*
** lcollector.h - counts what Lua's collector does not know of: C memory that
** userdata point to, and descriptors.
**
** Each state has a ledger. It counts memory from the state's allocator
** exactly, and libcurl's memory by an estimate for each client. It also counts
** clients, because each has descriptors. Where the ledger has grown as much as
** a heap may between two collections, all garbage is collected. The collector
** has no notion of memory that is not its own: a step tells it to work, but in
** its generational mode (that of the standalone interpreter) not to look at
** what is old.
*/
#ifndef CEL_LCOLLECTOR_H
#define CEL_LCOLLECTOR_H

#include <stdbool.h>

#include <lua.h>

#include "engine/queue.h"

/* One for each state, in the registry: so it outlives every finaliser. */
typedef struct cel_ledger {
  cel_alloc_fn fn; /* the state's */
  void *ud;
  cel_holdings held;
  cel_holdings limit; /* when garbage is to be collected next */
} cel_ledger;

/* The state's ledger; makes it if there is none yet [-0, +0]. */
cel_ledger *cel_collector_ledger(lua_State *L);

/* The state's allocator; what it allocates and frees is counted in the
   ledger. */
cel_allocator cel_collector_allocator(cel_ledger *ledger);

/* Collects garbage if it is time [-0, +0]. May run finalisers. Does nothing
   within a finaliser, or if the host has stopped the collector. */
void cel_collector_look(lua_State *L, cel_ledger *ledger);

/* If the process can open only a few more descriptors, collects all garbage:
   clients that were dropped hold some [-0, +0]. True if it did. */
bool cel_collector_find_descriptors(lua_State *L);

#endif
