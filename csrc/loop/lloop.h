/*
** lloop.h - what an event loop needs to drive a client: when to come back,
** which descriptors to watch, and a wake-up when there is new work.
**
** A loop gives the client a wake-up function. It is called when something
** other than the loop starts, steps or ends calls, and then not again until
** the loop has called core.wants().
*/
#ifndef CEL_LLOOP_H
#define CEL_LLOOP_H

#include <lua.h>

#define CEL_DESCRIPTOR_MT "celigo.descriptor"

/* Adds the functions to the table on top, celigo.core [-0, +0]. */
void cel_open_loop(lua_State *L);

#endif
