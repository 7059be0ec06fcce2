/*
** lloop.h - what an event loop needs to drive a client: when to come back,
** which descriptors to watch, and word of work that it does not know of.
**
** A loop gives the client a wake-up function. The core calls it when calls are
** started, stepped or ended by somebody else than the loop, and then not again
** until the loop has asked what to wait for.
*/
#ifndef CEL_LLOOP_H
#define CEL_LLOOP_H

#include <lua.h>

#define CEL_DESCRIPTOR_MT "celigo.descriptor"

/* Adds the functions to the table on top, celigo.core [-0, +0]. */
void cel_open_loop(lua_State *L);

#endif
