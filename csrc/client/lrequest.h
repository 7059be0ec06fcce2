/*
** lrequest.h - makes a call of a method's arguments.
*/
#ifndef CEL_LREQUEST_H
#define CEL_LREQUEST_H

#include <lua.h>

#include "client/larguments.h"

/*
** Takes a method's arguments from the stack, the client at index 1, and
** leaves a call instead of all of them [-n, +1]. Wrong arguments raise with
** the caller's position; a body that the contract refuses makes a call that
** is done with an error, and a dry run one that is done with the table that
** shows the request; nothing is sent yet. `by` is NULL for the operation's
** own method.
*/
void cel_request_operation(lua_State *L, const cel_operation *op,
                           const cel_asker *by);

/* The same for client:request { ... }. */
void cel_request_any(lua_State *L, const cel_asker *by);

#endif
