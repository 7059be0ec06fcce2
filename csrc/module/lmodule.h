/*
** lmodule.h - opens the two C modules.
*/
#ifndef CEL_LMODULE_H
#define CEL_LMODULE_H

#include <lua.h>

#if defined(__GNUC__)
#define CEL_EXPORT __attribute__((visibility("default")))
#else
#define CEL_EXPORT
#endif

/* Pushes celigo.base: JSON and times, without libcurl [-0, +1]. */
CEL_EXPORT int luaopen_celigo_base(lua_State *L);

/* Pushes celigo.core: the client; celigo.base must be open [-0, +1]. */
CEL_EXPORT int luaopen_celigo_core(lua_State *L);

#endif
