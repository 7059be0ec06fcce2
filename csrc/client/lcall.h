/*
** lcall.h - one call, from its request to its result.
**
** Every call takes the same way: it is queued, sent, perhaps waits and is
** sent again, perhaps goes on to the next page, and is done. The parts that
** need no Lua run in cel_client_pump() and in the transport; whenever a
** decision, an event or a value is due, the call becomes READY and whoever
** waits for it, or the step for a submitted call, runs cel_call_advance().
**
** A call is a block that its userdata leads to (lbox.h).
*/
#ifndef CEL_LCALL_H
#define CEL_LCALL_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "client/lclient.h"
#include "common/lbox.h"
#include "contract/operations.h"

#define CEL_CALL_MT "celigo.call"

/* User values of a call. The debug library can change them: check what is
   read. */
enum {
  CEL_CALL_UV_CLIENT = CEL_BOX_UV_OWNER + 1,
  CEL_CALL_UV_VALUE,    /* the records so far; at the end the value, the
                           error object or the error raised */
  CEL_CALL_UV_RESPONSE, /* table, once there is one */
  CEL_CALL_UV_SEEN,     /* set of the targets visited, or nil */
  CEL_CALL_UVS = CEL_CALL_UV_SEEN
};

/* What a done call gives to the one who asks. */
typedef enum cel_end {
  CEL_END_NONE,
  CEL_END_VALUE,     /* value, response */
  CEL_END_ERROR,     /* nil, error object */
  CEL_END_RAISE,     /* raises the value: a callback's error */
  CEL_END_PAGE,      /* a page of an iterator: its text is in the transfer */
  CEL_END_CANCELLED, /* nil, error object, made when asked for */
  CEL_END_CLOSED     /* the same */
} cel_end;

struct cel_call {
  cel_client *client; /* a reference */
  cel_call *prev, *next;
  cel_state state;
  cel_end end;

  /* What to do. */
  const cel_operation *op; /* NULL for the escape hatch */
  char method[8];
  size_t prefix_len; /* of the target before the path: origin, prefix */
  cel_answer answer;
  bool follow;    /* go on to the next page */
  bool page_only; /* end with CEL_END_PAGE */
  bool submitted; /* the step advances it */
  bool ahead;     /* a page that nobody waits for yet: no deadline runs, it
                     is not counted as unfinished, others are sent first */
  bool writes;    /* anything but GET */
  cel_policy policy;
  double timeout; /* seconds */
  char *target;   /* of the request; owned, on the client's allocator */
  char *body;     /* or NULL; the same */
  size_t body_len;
  struct curl_slist *own;    /* headers of this call only; owned */
  struct curl_slist *merged; /* those and the client's; owned */
  cel_headers *headers;      /* the set in use; a reference */
  cel_headers *earlier; /* the one before its token was renewed; the same */

  /* How it goes. */
  cel_transfer transfer;
  double started, deadline; /* cel_clock() */
  double sent_at;           /* of the newest exchange */
  double not_before;        /* of the next attempt */
  cel_attempt attempt;      /* history and newest outcome */
  int exchanges;            /* that were begun */
  lua_Integer records;      /* in the records so far */
  char *scratch;            /* libcurl's; a string on its way into Lua */
  bool renewed;             /* the token function was asked again */
  bool unattended;          /* the exchange at hand went out while ahead */
  bool pinned;              /* its answer is being read: buffers stay */
  bool advancing;           /* for loutcome.c: it is to be advanced, now */
  bool announce;            /* a request event is due */
  bool late;                /* the deadline ended it before it was sent */
  int refused;              /* times that memory to start it was wanting */
};

/* The call of the userdata at idx, which is known to be one and alive
   [-0, +0]. */
static inline cel_call *cel_call_get(lua_State *L, int idx) {
  return cel_box_get(L, idx);
}

/* Pushes a new call of the client at idx, with nothing in it [-0, +1]. */
cel_call *cel_call_new(lua_State *L, int client);

/* Gives a done call that no Lua code knows back to its client, for the next
   one: what it held goes at once, not two turns of the collector later
   [-0, +0]. */
void cel_call_recycle(lua_State *L, int idx);

/* The call at idx; raises if it is none [-0, +0]. */
cel_call *cel_call_check(lua_State *L, int idx);

/* The call at idx, or NULL [-0, +0]. */
cel_call *cel_call_at(lua_State *L, int idx);

/* Pushes the client of the call at idx [-0, +1]; raises where the user value
   is another. */
void cel_call_push_client(lua_State *L, int idx);

/* Take a copy of the string on top [-1, +0]. */
void cel_call_set_target(lua_State *L, cel_call *c);
void cel_call_set_body(lua_State *L, cel_call *c);

/* Queues the call at idx [-0, +0]. Raises what the token function raises;
   the call is not started then. */
void cel_call_start(lua_State *L, int idx);

/* Somebody waits for the call from now on: its deadline begins. No Lua. */
void cel_call_attend(cel_call *c);

/* Ends the call at idx with the value on top [-1, +0]. */
void cel_call_finish(lua_State *L, int idx, cel_end end);

/* Ends a call without a value: cancelled or closed. No Lua. */
void cel_call_abandon(cel_call *c, cel_end end);

/* Gives back all that a done call has no use for. A finaliser or a callback
   may end a call whose answer is being read: that stays until it was. No
   Lua. */
void cel_call_release(cel_call *c);

/* Replaces every token that the call has sent, and the client's, by asterisks,
   in place, in a text that leaves the library. No Lua. */
void cel_call_redact(const cel_call *c, char *text, size_t len);

/* Whether the exchange of its newest attempt has been begun, be it over or
   not; before that the transfer holds the one before. */
bool cel_call_is_begun(const cel_call *c);

/* Moves a call to a state's list, or out of all of them. No Lua. */
void cel_call_move(cel_call *c, cel_state state);

/* Registers the class [-0, +0]. */
void cel_open_call(lua_State *L);

#endif
