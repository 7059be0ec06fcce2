/*
** lscheduler.h - what schedulers need to run calls side by side: the yield
** hook, watched calls, and turns of the client.
*/
#ifndef CEL_LSCHEDULER_H
#define CEL_LSCHEDULER_H

#include <lua.h>

/* Adds the functions to the table on top, celigo.core [-0, +0]. */
void cel_open_scheduler(lua_State *L);

#endif
