/*
** lmodule.h - opens celigo.core.
*/
#ifndef CEL_LMODULE_H
#define CEL_LMODULE_H

#include <lua.h>

#if defined(__GNUC__)
#define CEL_EXPORT __attribute__((visibility("default")))
#else
#define CEL_EXPORT
#endif

/* Pushes celigo.core, the C part of the module [-0, +1]. */
CEL_EXPORT int luaopen_celigo_core(lua_State *L);

#endif
