/*
** lbox.h - a userdata that points to a block of C memory.
**
** Calls and clients cannot be userdata themselves: libcurl and lists in C
** point to them, and the collector does not know that. So each is a block of
** memory from the state's allocator, and a userdata, the box, points to the
** block. The class's __gc ends what the object does, frees the block (or gives
** back its reference to it), and sets the box to NULL. A finaliser of a script
** can keep the box alive after that, but it is empty then, and every function
** refuses an empty box.
**
** Lua does not finalise everything: it leaves out what finalisers make while
** the state closes, and what it has no memory to finalise. So all blocks are
** in a list. The owner of the list is a userdata that is older than every box,
** so Lua finalises it after them; it then frees the blocks that are left. From
** then on all boxes count as empty, and no new ones can be made.
**
** Metatables are closed (__metatable), so that no script calls __gc by hand. A
** script that has the debug library can break all this: that is not defended
** against.
*/
#ifndef CEL_LBOX_H
#define CEL_LBOX_H

#include <lua.h>

#include "common/owner.h"

typedef struct cel_box {
  cel_owned *block; /* NULL while there is none, and after it was freed */
  cel_owner *owner; /* the state's */
} cel_box;

/* Makes the state's owner; must come before the first box [-0, +0]. */
void cel_box_open(lua_State *L);

/* Pushes an empty box of a class, with uvs user values [-0, +1]. Raises if the
   state is closing and the owner has been finalised. */
cel_box *cel_box_push(lua_State *L, const char *class_name, int uvs);

/* Puts a block into an empty box. `end` frees the block, and must not
   raise. */
void cel_box_fill(cel_box *box, cel_owned *block,
                  void (*end)(cel_owned *block));

/* The block of the value at idx; NULL if the value is not a box of this class,
   or if the box is empty [-0, +0]. */
void *cel_box_at(lua_State *L, int idx, const char *class_name);

/* The same, but raises an error instead of giving NULL [-0, +0]. */
void *cel_box_check(lua_State *L, int idx, const char *class_name);

/* The block of the value at idx, which must be a box that is not empty
   [-0, +0]. */
static inline void *cel_box_get(lua_State *L, int idx) {
  return ((const cel_box *)lua_touserdata(L, idx))->block;
}

/* Empties the box at idx and returns the block that it pointed to, or NULL
   [-0, +0]; for __gc. */
void *cel_box_take(lua_State *L, int idx);

/* Pushes a new metatable for a class. Scripts cannot reach it [-0, +1]. */
void cel_class_new(lua_State *L, const char *class_name);

#endif
