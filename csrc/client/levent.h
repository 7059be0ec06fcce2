/*
** levent.h - events for on_event, and the token function: the callbacks of
** the user that a call runs on its way.
*/
#ifndef CEL_LEVENT_H
#define CEL_LEVENT_H

#include <stdbool.h>

#include <lua.h>

#include "client/lcall.h"

/* What an event tells besides its call. */
typedef struct cel_event {
  const char *type;
  double wait;       /* seconds; negative: none */
  double elapsed;    /* seconds; negative: none */
  double bytes;      /* of a body; negative: none */
  int status;        /* 0: none */
  const char *error; /* or NULL */
} cel_event;

/*
** Calls on_event, if there is one, about the call at idx [-0, +0]. False
** where it returned false. What it raises is raised here. It may have closed
** the client: look at the call's state afterwards.
*/
bool cel_emit(lua_State *L, int idx, const cel_event *e);

/* Sees to it that the client of the call at idx has a token, a new one
   where `renew` [-0, +0]. Raises what the token function raises. */
void cel_call_token(lua_State *L, int idx, bool renew);

#endif
