/*
** lplain.h - somebody else's text, for a terminal or a log.
*/
#ifndef CEL_LPLAIN_H
#define CEL_LPLAIN_H

#include <lua.h>

/* base.plain(text [, json]): the text on one line, nothing in it that steers a
   terminal: a lua_CFunction. What does is a space (line ends, tabs and the
   like) or an escape, of JSON's where json is true and the text is JSON. */
int cel_l_plain(lua_State *L);

#endif
