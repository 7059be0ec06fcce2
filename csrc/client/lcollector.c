/*
** lcollector.c - counts the memory that Lua's collector does not know of.
*/
#include "client/lcollector.h"

#include "http/descriptors.h"

#define LEDGER "celigo.ledger" /* in the registry */

/* The least growth between two collections. */
static const cel_holdings least = {.bytes = 4194304, .clients = 64};

static void *count(void *ud, void *block, size_t old, size_t size) {
  cel_ledger *ledger = ud;
  void *made = ledger->fn(ledger->ud, block, old, size);
  if (size > 0 && made == NULL)
    return NULL;
  if (block != NULL)
    ledger->held.bytes -= old;
  ledger->held.bytes += size;
  return made;
}

cel_ledger *cel_collector_ledger(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, LEDGER);
  cel_ledger *ledger = lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (ledger != NULL)
    return ledger;
  ledger = lua_newuserdatauv(L, sizeof *ledger, 0);
  *ledger = (cel_ledger){.limit = least};
  ledger->fn = lua_getallocf(L, &ledger->ud);
  lua_setfield(L, LUA_REGISTRYINDEX, LEDGER);
  return ledger;
}

cel_allocator cel_collector_allocator(cel_ledger *ledger) {
  return (cel_allocator){.fn = count, .ud = ledger};
}

/* Whether the collector may be called: the host has not stopped it, and no
   finaliser is running [-0, +0]. */
static bool is_running(lua_State *L) {
  return lua_gc(L, LUA_GCISRUNNING) == 1;
}

/* Collects all garbage. The next time is when as much memory has been added as
   there is now, Lua's own heap included. So the work stays in proportion to
   what is allocated [-0, +0]. */
static void collect(lua_State *L, cel_ledger *ledger) {
  lua_gc(L, LUA_GCCOLLECT);
  size_t heap = (size_t)lua_gc(L, LUA_GCCOUNT) * 1024;
  const cel_holdings *held = &ledger->held;
  size_t more = held->bytes + heap;
  ledger->limit.bytes =
      held->bytes + (more > least.bytes ? more : least.bytes);
  ledger->limit.clients = 2 * held->clients + least.clients;
}

void cel_collector_look(lua_State *L, cel_ledger *ledger) {
  if ((ledger->held.bytes > ledger->limit.bytes ||
       ledger->held.clients > ledger->limit.clients) &&
      is_running(L))
    collect(L, ledger);
}

bool cel_collector_find_descriptors(lua_State *L) {
  if (!cel_descriptors_are_short() || !is_running(L))
    return false;
  collect(L, cel_collector_ledger(L));
  return true;
}
