/*
** lplain.h - makes a text from outside safe to print in a terminal or a log.
*/
#ifndef CEL_LPLAIN_H
#define CEL_LPLAIN_H

#include <lua.h>

/* base.plain(text [, json]), a lua_CFunction: the text on one line, without
   characters that control a terminal. Ends of lines, tabs and the like become
   spaces, the others become escapes (those of JSON where `json` is true: then
   the text is JSON). */
int cel_l_plain(lua_State *L);

#endif
