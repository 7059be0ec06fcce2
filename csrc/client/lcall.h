/*
** lcall.h - the userdata of a call: a box (lbox.h) that points to it.
*/
#ifndef CEL_LCALL_H
#define CEL_LCALL_H

#include <stddef.h>

#include <lua.h>

#include "client/lclient.h"
#include "common/lbox.h"
#include "engine/queue.h"

#define CEL_CALL_MT "celigo.call"

/* User values of a call. */
enum {
  CEL_CALL_UV_CLIENT = 1,
  CEL_CALL_UV_VALUE,    /* the records so far; at the end the value, the
                           error object or the error raised */
  CEL_CALL_UV_RESPONSE, /* table, once there is one */
  CEL_CALL_UV_SEEN,     /* set of the targets visited, or nil */
  CEL_CALL_UV_WHERE,    /* the line that submitted it, or nil */
  CEL_CALL_UVS = CEL_CALL_UV_WHERE
};

/* The call of the userdata at idx, which must be one and not empty
   [-0, +0]. */
static inline cel_call *cel_call_get(lua_State *L, int idx) {
  return cel_box_get(L, idx);
}

/* Pushes a new, empty call of the client at idx [-0, +1]. */
cel_call *cel_call_new(lua_State *L, int client);

/* Gives a done call that no Lua code can reach back to its client, for the
   client's next call. So what it holds is freed now, not after two cycles of
   the collector [-0, +0]. */
void cel_call_recycle(lua_State *L, int idx);

/* The call at idx; raises if the value is not a call, or is an empty box. In a
   child made by fork its client is closed first, as in cel_client_check()
   [-0, +0]. */
cel_call *cel_call_check(lua_State *L, int idx);

/* The call at idx, or NULL [-0, +0]. */
cel_call *cel_call_at(lua_State *L, int idx);

/* Raises if the call is over and kept for the client's next one: nobody can
   wait for it [-0, +0]. */
void cel_call_refuse_spare(lua_State *L, const cel_call *c);

/* Pushes the client of the call at idx [-0, +1]. */
void cel_call_push_client(lua_State *L, int idx);

/* Both take a copy of the string on top [-1, +0]. */
void cel_call_set_target(lua_State *L, cel_call *c);
void cel_call_set_body(lua_State *L, cel_call *c);

/* Ends the call at idx with the value on top [-1, +0]. */
void cel_call_finish(lua_State *L, int idx, cel_end end);

#endif
