/*
** lcursor.h - cursors over the records of page calls.
*/
#ifndef CEL_LCURSOR_H
#define CEL_LCURSOR_H

#include <lua.h>

#define CEL_CURSOR_MT "celigo.cursor"

/* Adds the functions to the table on top, celigo.core [-0, +0]. */
void cel_open_cursor(lua_State *L);

#endif
