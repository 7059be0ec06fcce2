/*
** ltime.h - celigo.timestamp and celigo.parse_timestamp.
*/
#ifndef CEL_LTIME_H
#define CEL_LTIME_H

#include <lua.h>

/* Pushes a table with the functions `timestamp` and `parse_timestamp`
   [-0, +1]. */
int cel_open_time(lua_State *L);

#endif
