/*
** levent.h - the user's callbacks that a call may need: on_event and the token
** function.
*/
#ifndef CEL_LEVENT_H
#define CEL_LEVENT_H

#include <stdbool.h>

#include <lua.h>

#include "client/lcall.h"

/* The fields of an event that do not come from its call. */
typedef struct cel_event {
  const char *type;
  double wait;       /* seconds; negative: none */
  double elapsed;    /* seconds; negative: none */
  double bytes;      /* of a body; negative: none */
  int status;        /* 0: none */
  const char *error; /* or NULL */
} cel_event;

/*
** Calls on_event, if there is one, about the call at idx [-0, +0]. False if it
** returned false. Raises what it raises. It may have closed the client: the
** caller must look at the call's state afterwards.
*/
bool cel_emit(lua_State *L, int idx, const cel_event *e);

/* Makes sure that the client of the call at idx has a token; asks for a new
   one if `renew` is true [-0, +0]. Raises what the token function raises. */
void cel_call_token(lua_State *L, int idx, bool renew);

#endif
