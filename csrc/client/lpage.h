/*
** lpage.h - answers that are good: their value, and where the next page is.
*/
#ifndef CEL_LPAGE_H
#define CEL_LPAGE_H

#include <lua.h>

#include "client/lcall.h"
#include "json/ljson.h"

/* Takes the whole 2xx answer of the call at idx: finishes the call, or
   queues it again for the next page [-0, +0]. */
void cel_page_over(lua_State *L, int idx);

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

/* What is wrong with a body that cannot be decoded; `page` says that it was
   to hold records. The message may quote the body, so tokens are masked in
   there first. No Lua. */
const char *cel_page_fault(cel_call *c, bool page, cel_json_fault *fault);

/* Pushes the error of a good answer whose body is none: `message` says what is
   wrong with its JSON, where it is not its Content-Encoding [-0, +1]. */
void cel_push_undecoded(lua_State *L, int idx, const char *message);

/* Whether the answer has no body to speak of. */
bool cel_page_is_blank(const cel_call *c);

/* Decodes the body with the user's codec: pushes the array of records and
   the next page's reference or nil [-0, +2], and sets *total where the body
   tells how many records the whole list has; or returns false and pushes what
   is wrong as a string [-0, +1]. */
bool cel_push_decoded_page(lua_State *L, int idx, double *total);

/* The same for the raw text of a nextPageURL member, between its quotes. */
const char *cel_push_next_member(lua_State *L, int idx, const char *raw,
                                 size_t len);

/* Pushes the error of a list that has ended with fewer records than its
   totalCount tells [-0, +1]. */
void cel_push_incomplete(lua_State *L, int idx, double records, double total);

#endif
