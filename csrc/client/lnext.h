/*
** lnext.h - finds out where the next page of a list is, from the Link header
** of an answer or from a member of its body.
*/
#ifndef CEL_LNEXT_H
#define CEL_LNEXT_H

#include <lua.h>

#include "client/lcall.h"

/*
** Reads the Link header of the call at idx, and pushes the target of the next
** page, or nil if there is none [-0, +1]. Only the answer's head must be
** there. Returns NULL, or what is wrong with the link, a constant text (then
** nil is pushed).
*/
const char *cel_push_next_link(lua_State *L, int idx);

/* Replaces the reference on top by the target that it means, as seen from the
   call's target [-1, +1]. Results as above. */
const char *cel_push_resolved(lua_State *L, int idx);

/* The same for the JSON text of a nextPageURL member, without its quotes
   [-0, +1]. */
const char *cel_push_next_member(lua_State *L, int idx, const char *raw,
                                 size_t len);

#endif
