/*
** lloop.c - what event loops need, for lua/celigo/loop.
**
** libcurl may close a descriptor before the loop learns of it, and something
** else may get the same number at once. So the loop watches duplicates, which
** only the loop itself closes. Each socket has a serial number, because
** descriptors are used again. Where there is one descriptor for all sockets
** (http_watch.h), the loop watches only that.
*/
#include "loop/lloop.h"

#include <unistd.h>

#include <fcntl.h>
#include <lauxlib.h>

#include "client/lclient.h"
#include "client/lcollector.h"
#include "client/lstep.h"
#include "client/lwake.h"
#include "common/lbox.h"
#include "engine/pump.h"
#include "http/http_watch.h"

/* {====== Wake-ups */

/* core.set_wakeup(client, f): f() is called when the client has work that its
   loop does not know of. nil removes the function. */
static int l_set_wakeup(lua_State *L) {
  cel_client *c = cel_client_check(L, 1);
  bool on = !lua_isnoneornil(L, 2);
  if (on)
    luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, CEL_CLIENT_UV_WAKEUP);
  c->has_wakeup = on;
  c->wakeup.sent = false;
  return 0;
}

/* core.wake(client): sends a wake-up for work that only Lua knows of, such as
   a coroutine that has begun to wait. */
static int l_wake(lua_State *L) {
  cel_client_check(L, 1)->wakeup.ended++;
  cel_wake(L, 1);
  return 0;
}

/* }====== */

/* {====== A turn */

/* core.serve(client): a step that does not wait. True if something may have
   become ready since the last core.wants(). From here to the next core.wants()
   no wake-up is sent. */
static int l_serve(lua_State *L) {
  cel_client *c = cel_client_check(L, 1);
  c->wakeup.sent = true;
  cel_client_step(L, 1, 0);
  lua_pushboolean(L, cel_client_is_due(c));
  return 1;
}

#define WATCH 0 /* the serial number of the one descriptor for all sockets */

/* Pushes the table of what to watch [-0, +1]. The descriptor for all sockets
   is made only after the first exchange: before that, the process may still
   fork and use the client in the child. */
static void push_sockets(lua_State *L, cel_http *h) {
  static const char *const events[] = {
      [CURL_POLL_IN] = "r", [CURL_POLL_OUT] = "w", [CURL_POLL_INOUT] = "rw"};
  const cel_http_socket *s = (const cel_http_socket *)(void *)h->sockets.data;
  size_t n = h->sockets.len / sizeof *s;
  if (h->started)
    cel_http_watch_open(h);
  lua_createtable(L, 0, (int)n);
  if (h->watch > 0 && n > 0) {
    lua_pushliteral(L, "r");
    lua_rawseti(L, -2, WATCH);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    if (s[i].what < CURL_POLL_IN || s[i].what > CURL_POLL_INOUT)
      continue;
    lua_pushstring(L, events[s[i].what]);
    lua_rawseti(L, -2, (lua_Integer)s[i].serial);
  }
}

/* Whether the client waits for anything. A READY call does not: its owner
   advances it, and then asks again. */
static bool is_busy(const cel_client *c) {
  return cel_client_next(c) != NULL ||
         c->lists[CEL_STATE_WAITING].head != NULL ||
         c->lists[CEL_STATE_SENT].head != NULL;
}

/* core.wants(client): the last step of a turn of the loop. First sends what
   the coroutines that were resumed have queued. Returns the seconds until the
   next core.serve(), or nil if only a descriptor or a wake-up decides that;
   and a table of what to watch: serial number to "r", "w" or "rw". */
static int l_wants(lua_State *L) {
  cel_client *c = cel_client_check(L, 1);
  c->wakeup.seen = c->wakeup.ended;
  cel_client_send(c);
  bool busy = is_busy(c);
  bool due = cel_client_is_due(c) || cel_client_unattended(c) != NULL;
  double wait = due ? 0 : busy ? cel_client_wait(c) : -1;
  if (wait >= 0)
    lua_pushnumber(L, wait);
  else
    lua_pushnil(L);
  if (busy)
    push_sockets(L, &c->http);
  else
    lua_newtable(L);
  c->wakeup.sent = false;
  return 2;
}

/* core.closed(client) */
static int l_closed(lua_State *L) {
  lua_pushboolean(L, cel_client_check(L, 1)->closed);
  return 1;
}

/* }====== */

/* {====== Descriptors */

/* The block of a duplicate; its userdata is a box (lbox.h). */
typedef struct descriptor {
  cel_owned owned; /* by its state */
  cel_allocator alloc;
  int fd; /* owned; negative: none */
} descriptor;

static void close_descriptor(descriptor *own) {
  if (own->fd >= 0)
    close(own->fd);
  own->fd = -1;
}

static void end_descriptor(cel_owned *block) {
  descriptor *own = (descriptor *)block;
  close_descriptor(own);
  own->alloc.fn(own->alloc.ud, own, sizeof *own, 0);
}

/* Pushes one that has none [-0, +1]. */
static descriptor *push_descriptor(lua_State *L, const cel_client *c) {
  cel_box *box = cel_box_push(L, CEL_DESCRIPTOR_MT, 0);
  descriptor *own = cel_allocate(L, &c->alloc, sizeof *own);
  *own = (descriptor){.alloc = c->alloc, .fd = -1};
  cel_box_fill(box, &own->owned, end_descriptor);
  return own;
}

/* The descriptor at index 1; NULL where it has been collected [-0, +0]. */
static descriptor *descriptor_at(lua_State *L) {
  luaL_checkudata(L, 1, CEL_DESCRIPTOR_MT);
  return cel_box_at(L, 1, CEL_DESCRIPTOR_MT);
}

static int find_socket(const cel_client *c, lua_Integer serial) {
  const cel_http_socket *s =
      (const cel_http_socket *)(void *)c->http.sockets.data;
  size_t n = c->closed ? 0 : c->http.sockets.len / sizeof *s;
  if (serial == WATCH)
    return n > 0 && c->http.watch > 0 ? c->http.watch : -1;
  for (size_t i = 0; i < n; i++)
    if ((lua_Integer)s[i].serial == serial)
      return s[i].fd;
  return -1;
}

/* core.descriptor(client, serial): a duplicate of that socket's descriptor for
   the loop, an object with fd() and close(); or nil if the socket is gone, or
   the process can open no more descriptors. */
static int l_descriptor(lua_State *L) {
  const cel_client *c = cel_client_check(L, 1);
  lua_Integer serial = luaL_checkinteger(L, 2);
  descriptor *own = push_descriptor(L, c);
  int fd = find_socket(c, serial);
  if (fd >= 0)
    own->fd = fcntl(fd, F_DUPFD_CLOEXEC,
                    3); /* 3 or higher: no number of a standard descriptor */
  if (fd >= 0 && own->fd < 0 && cel_collector_find_descriptors(L)) {
    fd = find_socket(c, serial);
    own->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
  }
  if (own->fd < 0)
    lua_pushnil(L);
  return 1;
}

static int l_descriptor_fd(lua_State *L) {
  const descriptor *own = descriptor_at(L);
  lua_pushinteger(L, own == NULL ? -1 : own->fd);
  return 1;
}

static int l_descriptor_close(lua_State *L) {
  descriptor *own = descriptor_at(L);
  if (own != NULL)
    close_descriptor(own);
  return 0;
}

static int l_descriptor_gc(lua_State *L) {
  cel_owned *own = cel_box_take(L, 1);
  if (own != NULL)
    end_descriptor(own);
  return 0;
}

/* }====== */

void cel_open_loop(lua_State *L) {
  static const luaL_Reg functions[] = {{"set_wakeup", l_set_wakeup},
                                       {"wake", l_wake},
                                       {"serve", l_serve},
                                       {"wants", l_wants},
                                       {"closed", l_closed},
                                       {"descriptor", l_descriptor},
                                       {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", l_descriptor_gc},
                                  {"__close", l_descriptor_close},
                                  {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"fd", l_descriptor_fd}, {"close", l_descriptor_close}, {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
  cel_class_new(L, CEL_DESCRIPTOR_MT);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
