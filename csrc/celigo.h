/*
** celigo.h - the celigo client in a C or C++ program that hosts Lua (5.4 or
** 5.5: the one that the library was built for).
**
** One header, one library:
**
**   celigo_options o = {.size = sizeof o, .token = "..."};
**   int status = celigo_push_client(L, &o);
**
** The library prints nothing, ends nothing, sets no signal handler and
** changes neither environment nor locale. Any number of states may be used
** in any number of threads, each state by one thread at a time. What is for
** the host to decide stands in docs/embedding.md.
*/
#ifndef CELIGO_H
#define CELIGO_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#include <lua.h>

#ifdef __cplusplus
/* The library calls Lua's functions by their C names, which a Lua built as
   C++ has too where its LUA_API says extern "C" (errors are exceptions then,
   and pass through the library well). Where lua.h was included before and
   gave them C++ names, this line does not compile: include lua.hpp. */
int(lua_gettop)(lua_State *L);
#endif

#if defined(CELIGO_SHARED) && defined(_WIN32)
#define CELIGO_API __declspec(dllimport)
#elif defined(__GNUC__)
#define CELIGO_API __attribute__((visibility("default")))
#else
#define CELIGO_API
#endif

/*
** Opens the module, its Lua layer included; needs no file, and no library
** of Lua's but the base functions, string, table, math and coroutine. A
** lua_CFunction: raises where it fails. It reads CELIGO_API_TOKEN and
** CELIGO_BASE_URL by the state's own os.getenv, so a state without `os`
** reads neither.
*/
CELIGO_API int luaopen_celigo(lua_State *L);

/*
** What a client is made of. Zero it, set `size`, set what you need: a
** member left at zero has its default. Strings are copied. `size` lets the
** struct grow without breaking hosts that were compiled before; members are
** only ever added at the end.
*/
typedef struct celigo_options {
  size_t size;               /* sizeof(celigo_options) */
  const char *token;         /* required; no Lua code can read it */
  const char *region;        /* "us" (default) or "eu" */
  const char *base_url;      /* overrides region */
  const char *ca_file;       /* extra trust anchors, PEM */
  const char *proxy;         /* proxy URL; NULL: the environment's, "": none */
  const char *user_agent;    /* put before the library's own */
  double timeout;            /* seconds for a call; default 60 */
  double connect_timeout;    /* seconds; default 10 */
  int max_retries;           /* default 4; -1: none */
  int max_connections;       /* default 8 */
  size_t max_response_bytes; /* after decompression; default 64 MiB */
  int read_only;             /* not 0: everything but a GET is refused */
  int http1_only;            /* not 0: no HTTP/2 */
} celigo_options;

/*
** Pushes a client [-0, +1]. Returns LUA_OK and leaves the client on the
** stack, or an error status (LUA_ERRRUN, LUA_ERRMEM) and leaves a message
** there; raises nothing. Opens first what the client needs, where that has
** not been done; it does not make require("celigo") work, as luaopen_celigo
** does. The stack needs one free slot, which lua_checkstack provides. The
** client lives as long as Lua code can reach it.
**
** The token stands in no Lua value, so nothing that a script can do with
** Lua values leads to it; where a server answers with the token, asterisks
** stand in its place.
*/
CELIGO_API int celigo_push_client(lua_State *L, const celigo_options *options);

/* The version, such as "1.2.3"; a constant. */
CELIGO_API const char *celigo_version(void);

#ifdef __cplusplus
}
#endif

#endif
