/*
** lfaults.h - a list of what is wrong with a value, and where in it.
*/
#ifndef CEL_LFAULTS_H
#define CEL_LFAULTS_H

#include <stddef.h>

#include <lua.h>

#define CEL_FAULTS_DEPTH 128 /* steps of a path: as deep as JSON may be */

/* One table on the path from the value to the place that is checked now. */
typedef struct cel_step {
  const void *table; /* its address, to find cycles */
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

/* Makes an empty list; the path is that of the value itself [-0, +1]. */
void cel_faults_init(cel_faults *f, lua_State *L);

/* Adds an "invalid_field" for the current path. The message is on top
   [-1, +0]. */
void cel_faults_invalid(cel_faults *f);

/* The same for a value that cannot be encoded at all [-1, +0]. */
void cel_faults_unfit(cel_faults *f);

/* Adds an "unknown_field" for a member of the table at the current path; its
   name is the string on top. `meant` is the name that was most likely meant,
   or NULL [-0, +0]. */
void cel_faults_unknown(cel_faults *f, const char *meant);

/* Adds a "missing_required_field" for a member of the table at the current
   path. `when` is NULL, or what follows "name is required " [-0, +0]. */
void cel_faults_missing(cel_faults *f, const char *member, const char *when);

/* Pushes the list, every fault in it, sorted by path [-0, +1]. */
void cel_faults_push(cel_faults *f);

#endif
