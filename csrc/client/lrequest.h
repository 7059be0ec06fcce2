/*
** lrequest.h - makes a call of a method's arguments.
*/
#ifndef CEL_LREQUEST_H
#define CEL_LREQUEST_H

#include <stdbool.h>

#include <lua.h>

#include "client/larguments.h"

/*
** Reads a method's arguments from the stack, with the client at index 1, and
** leaves a call in their place [-n, +1]. Nothing is sent yet. Wrong arguments
** raise, with the caller's position. A body that the contract refuses gives a
** call that is done with an error. Returns true for a dry run: then the top is
** a table that shows the request. `by` is NULL for the operation's own method.
*/
bool cel_request_operation(lua_State *L, const cel_operation *op,
                           const cel_asker *by);

/* The same for client:request { ... }. */
bool cel_request_any(lua_State *L, const cel_asker *by);

#endif
