/*
** lbody.h - from a Lua value to the body of a request.
*/
#ifndef CEL_LBODY_H
#define CEL_LBODY_H

#include <stdbool.h>

#include <lua.h>

#include "client/lcall.h"
#include "contract/schema.h"

/* Encodes the value at `body` by the client's codec, as the body of the call
   at `call`. `shape` is what the contract says about it, or NULL. A value that
   cannot be encoded ends the call with an error; so does one that breaks the
   contract, if `validate` is true. May leave values on the stack
   [-0, +n]. */
void cel_body_set(lua_State *L, int call, int body, const cel_shape *shape,
                  bool validate);

#endif
