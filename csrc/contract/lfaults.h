/*
** lfaults.h - what is wrong with a value, and where in it.
*/
#ifndef CEL_LFAULTS_H
#define CEL_LFAULTS_H

#include <stddef.h>

#include <lua.h>

#define CEL_FAULTS_DEPTH 128 /* steps of a path: as deep as JSON may be */

/* One table on the way from the value to what is looked at. */
typedef struct cel_step {
  const void *table; /* its identity, for cycles */
  int key;           /* stack index of the member's name; 0: an array */
  lua_Integer index; /* position in the array, from 1; 0: none */
} cel_step;

typedef struct cel_faults {
  lua_State *L;
  int slot;           /* index of the list; nil while there is none */
  lua_Integer count;  /* faults in the list */
  lua_Integer always; /* those that no option turns off */
  int depth;          /* steps in use */
  cel_step steps[CEL_FAULTS_DEPTH];
} cel_faults;

/* Makes an empty list, with the path of the value itself [-0, +1]. */
void cel_faults_init(cel_faults *f, lua_State *L);

/* Adds an "invalid_field" about where the path is. The top is what is wrong
   with it [-1, +0]. */
void cel_faults_invalid(cel_faults *f);

/* The same about a value that cannot be encoded at all [-1, +0]. */
void cel_faults_unfit(cel_faults *f);

/* Adds an "unknown_field" about a member of the table that the path is at; it
   is the string on top. `meant` is NULL or the name that was most likely
   meant [-0, +0]. */
void cel_faults_unknown(cel_faults *f, const char *meant);

/* Adds a "missing_required_field" about a member of the table that the path
   is at; `when` is NULL or goes on after "name is required " [-0, +0]. */
void cel_faults_missing(cel_faults *f, const char *member, const char *when);

/* Pushes the list, every fault in it, sorted by path [-0, +1]. */
void cel_faults_push(cel_faults *f);

#endif
