/*
** lbox.h - userdata that lead to a block of C memory which others point to.
**
** libcurl and the client's lists point to calls, calls to their client. Such
** an object is a block of the state's allocator, and its userdata, the box,
** only leads to it. The class's __gc ends what the object does, frees the
** block, or gives its reference up, and empties the box. What a finaliser of
** a script's brings back is then an empty box, which every function refuses.
**
** Lua does not finalise everything: not what finalisers make while the state
** closes, nor what it has no memory to finalise. So all blocks stand in a
** list, whose owner is a userdata older than every box: Lua finalises it after
** them, and it ends what is left. From then on boxes are as good as empty,
** and there are no new ones.
**
** Metatables are closed (__metatable), so that no script calls __gc by hand.
** Nothing here stands up to a script that has the debug library.
*/
#ifndef CEL_LBOX_H
#define CEL_LBOX_H

#include <lua.h>

#include "common/owner.h"

typedef struct cel_box {
  cel_owned *block; /* NULL before there is one, and when it has been freed */
  cel_owner *owner; /* the state's */
} cel_box;

/* Makes the state's owner, before its first box [-0, +0]. */
void cel_box_open(lua_State *L);

/* Pushes an empty box of a class, with uvs user values [-0, +1]. Raises where
   the state closes and the owner has come to its end. */
cel_box *cel_box_push(lua_State *L, const char *class_name, int uvs);

/* Puts a block into an empty box. `end` frees it, and raises nothing. */
void cel_box_fill(cel_box *box, cel_owned *block,
                  void (*end)(cel_owned *block));

/* The block of the value at idx, NULL where it is no box of this class, or an
   empty one [-0, +0]. */
void *cel_box_at(lua_State *L, int idx, const char *class_name);

/* The same; raises where there is none [-0, +0]. */
void *cel_box_check(lua_State *L, int idx, const char *class_name);

/* The block of the value at idx, which is known to be a full box
   [-0, +0]. */
static inline void *cel_box_get(lua_State *L, int idx) {
  return ((const cel_box *)lua_touserdata(L, idx))->block;
}

/* Empties the box at idx and returns the block that it led to, or NULL
   [-0, +0]; for __gc. */
void *cel_box_take(lua_State *L, int idx);

/* Pushes a new metatable for a class, which scripts cannot get at
   [-0, +1]. */
void cel_class_new(lua_State *L, const char *class_name);

#endif
