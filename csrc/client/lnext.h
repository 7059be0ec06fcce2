/*
** lnext.h - where the next page of a list is, as an answer tells it: by its
** Link header, or by a member of its body.
*/
#ifndef CEL_LNEXT_H
#define CEL_LNEXT_H

#include <lua.h>

#include "client/lcall.h"

/*
** Pushes the target of the next page as the Link header of the call at idx
** tells, or nil where there is none [-0, +1]; it needs the answer's head
** only. Returns NULL, or what is wrong with the link as a constant text
** (nil is pushed then).
*/
const char *cel_push_next_link(lua_State *L, int idx);

/* Resolves the reference on top of the stack against the call's target
   [-1, +1]; results as above. */
const char *cel_push_resolved(lua_State *L, int idx);

/* The same for the raw text of a nextPageURL member, between its quotes
   [-0, +1]. */
const char *cel_push_next_member(lua_State *L, int idx, const char *raw,
                                 size_t len);

#endif
