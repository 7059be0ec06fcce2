/*
** lbody.h - from a Lua value to the body of a request.
*/
#ifndef CEL_LBODY_H
#define CEL_LBODY_H

#include <stdbool.h>

#include <lua.h>

#include "client/lcall.h"
#include "contract/schema.h"

/* Makes the value at `body` the body of the call at `call`, encoded by the
   client's codec; shape is what the contract says of it, or NULL. A value
   that cannot be encoded, or where `validate` says so breaks the contract,
   ends the call with an error. May leave values on the stack. */
void cel_body_set(lua_State *L, int call, int body, const cel_shape *shape,
                  bool validate);

#endif
