/*
** ldecode.h - from the body of a good answer to a value.
*/
#ifndef CEL_LDECODE_H
#define CEL_LDECODE_H

#include <stdbool.h>

#include <lua.h>

#include "client/lcall.h"
#include "json/ljson.h"

/* Whether the answer has no body, or one of white space only. */
bool cel_body_is_blank(const cel_call *c);

/* Pushes the body's value, true where there is none; or returns false and
   pushes what is wrong with it as a string [-0, +1]. */
bool cel_push_decoded(lua_State *L, int idx);

/* Decodes the body with the user's codec: pushes the array of records and
   the next page's reference or nil [-0, +2], and sets *total where the body
   tells how many records the whole list has; or returns false and pushes what
   is wrong as a string [-0, +1]. */
bool cel_push_decoded_page(lua_State *L, int idx, double *total);

/* What is wrong with a body that cannot be decoded; `page` says that it was
   to hold records. The message may quote the body, so tokens are masked in
   there first. No Lua. */
const char *cel_body_fault(cel_call *c, bool page, cel_json_fault *fault);

/* Pushes the error of a good answer whose body cannot be decoded: `message`
   says what is wrong with its JSON, where it is not its Content-Encoding
   [-0, +1]. */
void cel_push_undecoded(lua_State *L, int idx, const char *message);

#endif
