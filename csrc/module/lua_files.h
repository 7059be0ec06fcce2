/*
** lua_files.h - the files of lua/celigo as C arrays, made by the build from
** the same files that are installed (cmake/EmbedLua.cmake).
*/
#ifndef CEL_LUA_FILES_H
#define CEL_LUA_FILES_H

#include <stddef.h>

typedef struct cel_lua_file {
  const char *module; /* "celigo.pages" */
  const unsigned char *text;
  size_t len; /* bytes */
} cel_lua_file;

extern const cel_lua_file cel_lua_files[];
extern const size_t cel_lua_files_count;

#endif
