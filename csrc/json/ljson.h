/*
** ljson.h - converts JSON (RFC 8259) to and from Lua values directly, without
** a document in between.
**
** Functions that take a lua_State may raise Lua's memory error, and what a
** debug hook raises (common/lturn.h); nothing else. What is wrong with a text
** or a value is returned as a status. No C memory is held across a call that
** may raise.
*/
#ifndef CEL_LJSON_H
#define CEL_LJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "contract/schema.h"
#include "json/json_scan.h"

/* Registry names of the metatables that mark a table's JSON type. */
#define CEL_ARRAY_MT  "celigo.array"
#define CEL_OBJECT_MT "celigo.object"

/* Registry name of the module table celigo.json. */
#define CEL_JSON_MODULE "celigo.json"

/* JSON null is the light userdata NULL, as in lua-cjson. */

/* What the last object at some place of a text was like, which predicts the
   next one there. Only for the implementation. */
typedef struct cel_json_place {
  uint16_t members; /* 0: none has been seen */
  uint8_t first;    /* the slot of its first key (ljson_keys.h) */
} cel_json_place;

/* Decodes a whole text. Returns 0 and pushes the value [-0, +1], or returns
   -1, pushes nothing and fills in *fault. */
int cel_json_decode(lua_State *L, const char *text, size_t len,
                    cel_json_fault *fault);

/*
** A walk over the records of one page: the elements of a top-level array,
** or, where the top level is an object, of its one member that is an array
** (an object with none or several is a fault). Holds no memory of its own:
** `text` must stay where it is, unchanged, while the cursor is in use.
** Records are pushed as cel_json_decode would push them; text after a fault
** is never touched. Levels of nesting are counted from the page's own top.
** Opening an object body scans it once, checks it to its end, and finds its
** array, nextPageURL and totalCount. The URL itself is what the text from
** next_start - 1 on, next_len + 2 bytes with both quotes, is decoded to.
*/
typedef struct cel_json_cursor {
  const char *text;
  size_t len;
  size_t pos;        /* the next byte to read */
  size_t index;      /* records handed out so far */
  bool open;         /* false after the end or a fault */
  bool failed;       /* ended by a fault, which is returned again and again */
  bool in_object;    /* the array is a member of an object */
  size_t next_start; /* a nextPageURL member's string, raw, between its */
  size_t next_len;   /* quotes; 0 and 0 where there is none */
  bool next_bad; /* nextPageURL is there, but not a string, null or false */
  double total;  /* a totalCount member's number; 0 where there is
                    none */
  cel_json_place place; /* of the records */
} cel_json_cursor;

int cel_json_cursor_open(cel_json_cursor *c, const char *text, size_t len,
                         cel_json_fault *fault);

/* Returns 1 and pushes a record [-0, +1]; 0 at the end of a page without
   faults (what follows the array was checked, too); -1 for a fault, pushing
   nothing; the next call returns the same fault. After a memory error the
   cursor is where it was. */
int cel_json_cursor_next(lua_State *L, cel_json_cursor *c,
                         cel_json_fault *fault);

/* Appends the remaining records to the table at index `into`, from position *n
   + 1 on, and adds their number to *n, also if a fault comes after them.
   Returns 0 or -1 as cel_json_decode does. */
int cel_json_cursor_append(lua_State *L, cel_json_cursor *c, int into,
                           lua_Integer *n, cel_json_fault *fault);

/* How a value is encoded. */
typedef struct cel_encode_options {
  const cel_shape *shape; /* what the contract says of it, or NULL */
  bool validate; /* check against shape. If false, shape only gives the type of
                    empty tables and says which members are read-only: those at
                    the top level are left out in any case */
  bool sort;     /* members by name */
  int indent;    /* spaces for each level; 0: one line */
  size_t most;   /* the most bytes of text; 0: any number */
} cel_encode_options;

enum {
  CEL_ENCODE_OK = 0,
  CEL_ENCODE_FAULTS = -1,
  CEL_ENCODE_REFUSED = -2,
  CEL_ENCODE_LARGE = -3
};

/*
** Encodes the value at idx. CEL_ENCODE_OK: the text is pushed [-0, +1].
** CEL_ENCODE_LARGE: it would be longer than `most`; nil is pushed [-0, +1].
** CEL_ENCODE_FAULTS: a table of faults is pushed [-0, +1]: an array of { code
** = "invalid_field", "missing_required_field" or "unknown_field", field = path
** ("" for the value itself), message = text }. CEL_ENCODE_REFUSED: the same
** where none of them would be there without `validate`. A value that JSON
** cannot hold (function, cycle, NaN, sparse
** table, ...) is a fault even where validate is false. The value is not
** changed, and no metamethod is called. Debug hooks have their turns, and
** what they raise is raised.
*/
int cel_json_encode(lua_State *L, int idx, const cel_encode_options *o);

#endif
