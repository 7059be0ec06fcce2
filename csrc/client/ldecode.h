/*
** ldecode.h - from the body of a good answer to a value.
*/
#ifndef CEL_LDECODE_H
#define CEL_LDECODE_H

#include <stdbool.h>

#include <lua.h>

#include "client/lcall.h"
#include "json/json_scan.h"

/* Whether the answer has no body, or only white space. */
bool cel_body_is_blank(const cel_call *c);

/* Decodes the body: pushes its value, or true if it is blank; or returns false
   and pushes what is wrong, a string [-0, +1]. */
bool cel_push_decoded(lua_State *L, int idx);

/* Decodes the body with the user's codec: pushes the array of records and the
   next page's reference or nil [-0, +2], and sets *total if the body says how
   many records the whole list has. Or returns false and pushes what is wrong,
   a string [-0, +1]. */
bool cel_push_decoded_page(lua_State *L, int idx, double *total);

/* Says what is wrong with a body that cannot be decoded. `page`: it should
   hold records. The message may quote the body, so tokens in the body are
   masked first. No Lua. */
const char *cel_body_fault(cel_call *c, bool page, cel_json_fault *fault);

/* Pushes the error for a good answer whose body cannot be decoded. `message`
   says what is wrong with the JSON; it is not used if the Content-Encoding is
   the reason [-0, +1]. */
void cel_push_undecoded(lua_State *L, int idx, const char *message);

#endif
