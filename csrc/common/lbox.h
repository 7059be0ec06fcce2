/*
** lbox.h - userdata that hold a block of C memory which others point to.
**
** libcurl and the client's lists point to calls, calls to their client. Such
** an object is a block of the state's allocator, and its userdata, the box,
** only leads to it. The box's own finaliser, which a script can call by hand
** at any time or take away, ends what the object does. What frees the block
** is the finaliser of an owner, another userdata, and only once the box is
** gone for good: a finaliser of the script's may bring it back, and a program
** runs on between two finalisers. A weak table tells. Where Lua has no memory
** to call a finaliser, the block is left behind: nothing ever points to
** memory that is gone.
*/
#ifndef CEL_LBOX_H
#define CEL_LBOX_H

#include <stdbool.h>

#include <lua.h>

#include "common/ltag.h"

typedef struct cel_box {
  cel_tag tag;
  void *block; /* NULL before there is one, and when it has been freed */
} cel_box;

/* The user value that holds the owner; a class's own follow. */
enum { CEL_BOX_UV_OWNER = 1 };

/* Frees a block, or gives a reference up. False where it is in use: it is
   asked again, later. No Lua. */
typedef bool (*cel_box_free)(void *block);

typedef struct cel_box_owner cel_box_owner;

/* Pushes a box without a block, of a class and a kind (see ltag.h), with
   uvs user values, the owner's included [-0, +1]. */
void cel_box_push(lua_State *L, const void *kind, const char *class_name,
                  int uvs, cel_box_free release);

/* Pushes the owner of the box at idx, for a block that is to be made
   [-0, +1]; raises where the debug library has put something else in its
   place. */
cel_box_owner *cel_box_push_owner(lua_State *L, int idx, cel_box_free release);

/* Gives the owner and its box their block. No Lua. */
void cel_box_fill(cel_box_owner *owner, void *block);

/* The block of the box at idx, NULL where it has none or is no box of this
   kind [-0, +0]. */
void *cel_box_at(lua_State *L, int idx, const void *kind);

/* Whether the value at idx is a box of this kind, full or not [-0, +0]. */
bool cel_box_is(lua_State *L, int idx, const void *kind);

/* The block of the value at idx, which is known to be a full box
   [-0, +0]. */
static inline void *cel_box_get(lua_State *L, int idx) {
  return ((const cel_box *)lua_touserdata(L, idx))->block;
}

/* Registers the owners' class [-0, +0]. */
void cel_open_box(lua_State *L);

#endif
