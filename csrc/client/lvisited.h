/*
** lvisited.h - the set of targets that a walk has visited, as 64-bit hashes:
** 14 bytes a page at most. Two different targets have the same hash once in
** 2^64: then the walk ends with an error, but no record is given twice.
*/
#ifndef CEL_LVISITED_H
#define CEL_LVISITED_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#define CEL_VISITED_MT "celigo.visited"

/* How many pages in a row may hold no record before a walk ends. */
#define CEL_MAX_EMPTY 1000

/* Pushes an empty set [-0, +1]. */
void cel_visited_push(lua_State *L);

/* Puts a text into the set at idx; false where it was there [-0, +0]. */
bool cel_visited_add(lua_State *L, int idx, const char *text, size_t len);

/* Whether a text is in the set at idx [-0, +0]. */
bool cel_visited_has(lua_State *L, int idx, const char *text, size_t len);

void cel_open_visited(lua_State *L);

#endif
