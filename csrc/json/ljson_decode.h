/*
** ljson_decode.h - the decoder, for cursors.
*/
#ifndef CEL_LJSON_DECODE_H
#define CEL_LJSON_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "json/json_scan.h"
#include "json/ljson_keys.h"

typedef struct cel_json_decoder {
  lua_State *L;
  cel_json_scan scan;
  cel_json_keys *keys; /* kept alive by the stack's slot `keys_index` */
  int keys_index;
  size_t work; /* pieces of work since debug hooks could run */
} cel_json_decoder;

/* Makes sure of n free slots, or raises Lua's memory error [-0, +0]. */
void cel_json_need_stack(lua_State *L, int n);

/* Pushes the value that begins at scan.p and moves behind it [-0, +1]. After a
   fault any number of values may be left on the stack. *place predicts what
   objects at this place are like, and is updated. */
bool cel_json_decode_value(cel_json_decoder *d, cel_json_place *place);

#endif
