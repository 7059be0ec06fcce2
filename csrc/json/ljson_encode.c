/*
** ljson_encode.c - encodes a Lua value as JSON text, and checks it against the
** contract in the same walk.
**
** A fault does not end the walk, so that all faults are reported together; the
** text is thrown away then. Whether a table is an array is decided by its
** mark, or else by all of its keys.
*/
#include "json/ljson.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <lauxlib.h>

#include "common/lproxy.h"
#include "common/lturn.h"
#include "contract/lvalidate.h"
#include "json/ljson_scalar.h"
#include "json/lnames.h"

_Static_assert(CEL_FAULTS_DEPTH == CEL_JSON_MAX_DEPTH,
               "a path reaches as deep as a text");

#define MOST_FAULTS                                                           \
  10000 /* nobody reads more; shared tables can make 2^128                    \
         */

static void encode_value(cel_encoder *e, const cel_shape *shape, bool member);

/* cel_table_items; what is wrong becomes a fault [-0, +0]. */
static lua_Integer encode_judge(cel_encoder *e, int t, cel_mark mark) {
  cel_work(e->L, &e->work, (size_t)lua_rawlen(e->L, t));
  lua_Integer n = cel_table_items(e->L, t, mark);
  if (n < 0)
    cel_faults_unfit(&e->faults);
  return n;
}

/* Begins a new line, if the text is to be indented: before an item or a
   member, and before the closing bracket [-0, +0]. */
static void encode_line(cel_encoder *e, bool closing) {
  if (e->indent == 0)
    return;
  size_t n = (size_t)(e->faults.depth - (closing ? 1 : 0)) * (size_t)e->indent;
  cel_writer_room(&e->out, n + 1);
  *e->out.at++ = '\n';
  memset(e->out.at, ' ', n);
  e->out.at += n;
}

/* Ends an array or object: its closing bracket replaces the last comma
   [-0, +0]. */
static void encode_close(cel_encoder *e, char bracket) {
  if (e->out.at[-1] == ',') { /* if not, all members were left out */
    e->out.at--;
    encode_line(e, true);
  }
  cel_writer_char(&e->out, bracket);
}

/* Writes the items from i on of an array whose keys did not come in order;
   false where it is no array [-0, +0]. */
static bool encode_items(cel_encoder *e, const cel_shape *items, int t,
                         cel_mark mark, lua_Integer i) {
  cel_step *step = &e->faults.steps[e->faults.depth - 1];
  step->index = 0; /* a fault is about the table */
  lua_Integer n = encode_judge(e, t, mark);
  if (n < 0)
    return false;
  for (; i <= n && !e->over; i++) {
    step->index = i;
    lua_rawgeti(e->L, t, i);
    encode_line(e, false);
    encode_value(e, items, false);
    lua_pop(e->L, 1);
    cel_writer_char(&e->out, ',');
  }
  return true;
}

/* Writes a table that has items. Its first key and value are on the stack
   [-2, +0]. Keys of an array come in order almost always. */
static bool encode_array(cel_encoder *e, const cel_shape *shape, int t,
                         cel_mark mark) {
  lua_State *L = e->L;
  cel_step *step = &e->faults.steps[e->faults.depth - 1];
  const cel_shape *items = shape == NULL ? NULL : shape->items;
  bool whole = true;
  cel_writer_char(&e->out, '[');
  for (lua_Integer i = 1;; i++) {
    if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) != i) {
      lua_pop(L, 2);
      whole = encode_items(e, items, t, mark, i);
      break;
    }
    step->index = i;
    encode_line(e, false);
    encode_value(e, items, false);
    lua_pop(L, 1);
    cel_writer_char(&e->out, ',');
    if (e->over) {
      lua_pop(L, 1);
      break;
    }
    if (!lua_next(L, t))
      break;
  }
  step->index = 0;
  encode_close(e, ']');
  return whole;
}

/* Whether the value on top is JSON null [-0, +0]. */
static bool encode_is_null(lua_State *L) {
  return lua_islightuserdata(L, -1) && lua_touserdata(L, -1) == NULL;
}

/* The fields that an object has, a bit for each. */
typedef struct members {
  uint64_t seen;    /* with a value other than null */
  uint64_t present; /* also those that are null or not sent */
  bool others;      /* it has names that the shape does not have */
} members;

/* Checks that the value on top is not empty, for a member that must not be
   [-0, +0]. */
static void encode_filled(cel_encoder *e) {
  lua_State *L = e->L;
  bool empty = lua_islightuserdata(L, -1);
  if (lua_istable(L, -1)) {
    luaL_checkstack(L, 3, NULL);
    lua_pushnil(L);
    empty = lua_next(L, -2) == 0;
    if (!empty)
      lua_pop(L, 2);
  }
  cel_validate_filled(&e->faults, encode_is_null(L) ? 0 : CEL_TYPE_ANY, empty);
}

/* Writes the member whose name and value are on top, unless it is read-only
   [-0, +0]. */
static void encode_member(cel_encoder *e, const cel_shape *shape, members *m) {
  lua_State *L = e->L;
  size_t len;
  const char *name = lua_tolstring(L, -2, &len);
  const cel_field *field =
      shape == NULL ? NULL : cel_shape_field(shape, name, len);
  if (field != NULL)
    m->present |= UINT64_C(1) << (field - shape->fields);
  else
    m->others = true;
  if (field != NULL && field->read_only)
    return;
  encode_line(e, false);
  size_t bad = cel_writer_string(&e->out, name, len);
  cel_writer_raw(&e->out, ": ", e->indent > 0 ? 2 : 1);
  if (bad > 0) {
    luaL_checkstack(L, 1, NULL);
    lua_pushfstring(L, "name is not valid UTF-8 at byte %I", (LUAI_UACINT)bad);
    cel_faults_unfit(&e->faults);
  }
  encode_value(e, field == NULL ? NULL : field->shape, true);
  cel_writer_char(&e->out, ',');
  if (field != NULL && !encode_is_null(L))
    m->seen |= UINT64_C(1) << (field - shape->fields);
  if (field != NULL && field->filled && e->validate)
    encode_filled(e);
}

/* Writes a table that has names, sorted. Its first key and value are on the
   stack [-2, +0]; false where a key is no name. */
static bool encode_sorted(cel_encoder *e, const cel_shape *shape, int t,
                          members *m) {
  lua_State *L = e->L;
  lua_Integer n = cel_push_names(L, t);
  if (n < 0)
    return false;
  const cel_name *names = lua_touserdata(L, -1);
  e->faults.steps[e->faults.depth - 1].key = t + 3;
  cel_work(L, &e->work, (size_t)n);
  for (lua_Integer i = 0; i < n && !e->over; i++) {
    lua_pushlstring(L, names[i].text, names[i].len);
    lua_pushvalue(L, -1);
    lua_rawget(L, t);
    encode_member(e, shape, m);
    lua_pop(L, 2);
  }
  lua_pop(L, 2);
  return true;
}

/* Writes a table that has names, in the order of the table. Its first key and
   value are on the stack [-2, +0]; false where a key is no name. */
static bool encode_members(cel_encoder *e, const cel_shape *shape, int t,
                           members *m) {
  lua_State *L = e->L;
  cel_step *step = &e->faults.steps[e->faults.depth - 1];
  step->key = t + 1;
  do {
    if (lua_type(L, -2) != LUA_TSTRING) {
      lua_pop(L, 2);
      return false;
    }
    encode_member(e, shape, m);
    lua_pop(L, 1);
    if (e->over) {
      lua_pop(L, 1);
      break;
    }
  } while (lua_next(L, t));
  return true;
}

/* Writes a table that has names. Its first key and value are on the stack
   [-2, +0]. */
static bool encode_object(cel_encoder *e, const cel_shape *shape, int t,
                          cel_mark mark) {
  cel_step *step = &e->faults.steps[e->faults.depth - 1];
  members m = {0};
  cel_writer_char(&e->out, '{');
  bool named = e->sort ? encode_sorted(e, shape, t, &m)
                       : encode_members(e, shape, t, &m);
  step->key = 0;
  if (!named) {
    encode_judge(e, t, mark);
    return false;
  }
  encode_close(e, '}');
  if (shape != NULL && e->validate && !e->over) {
    cel_validate_members(&e->faults, shape, m.seen, t);
    if (m.others && (shape->nfields > 0 || shape->closed))
      cel_validate_names(&e->faults, shape, m.present, t);
  }
  return true;
}

/* Writes an empty table as array or object, as its mark or the contract says,
   and returns that type [-0, +0]. */
static unsigned encode_empty(cel_encoder *e, const cel_shape *shape, int t,
                             cel_mark mark) {
  unsigned both = CEL_TYPE_ARRAY | CEL_TYPE_OBJECT;
  bool array = mark == CEL_MARK_ARRAY || mark == CEL_MARK_ARRAY_IF_EMPTY;
  if (mark == CEL_MARK_NONE && shape != NULL)
    array = (shape->types & both) == CEL_TYPE_ARRAY;
  cel_writer_raw(&e->out, array ? "[]" : "{}", 2);
  if (!array && shape != NULL && e->validate)
    cel_validate_members(&e->faults, shape, 0, t);
  return array ? CEL_TYPE_ARRAY : CEL_TYPE_OBJECT;
}

/* Adds a fault if the empty table at t is a proxy [-0, +0]. */
static bool is_proxy(cel_encoder *e, int t) {
  bool proxy = cel_table_is_proxy(e->L, t);
  if (proxy)
    encode_fault(e, "the table is empty, but its metatable has __pairs or "
                    "__index; copy what it shows into a plain table");
  return proxy;
}

/* Enters the table on top. If it contains itself or is too deep, adds a fault
   and returns false [-0, +0]. */
static bool encode_enter(cel_encoder *e) {
  cel_faults *f = &e->faults;
  const void *table = lua_topointer(e->L, -1);
  for (int i = 0; i < f->depth; i++) {
    if (f->steps[i].table == table) {
      encode_fault(e, "the table contains itself");
      return false;
    }
  }
  if (f->depth == CEL_FAULTS_DEPTH) {
    encode_fault(e, "nested deeper than 128 levels");
    return false;
  }
  f->steps[f->depth++] = (cel_step){.table = table};
  return true;
}

/* [-0, +0] */
static void encode_table(cel_encoder *e, const cel_shape *shape) {
  lua_State *L = e->L;
  int t = lua_gettop(L);
  if (!encode_enter(e))
    return;
  if (!lua_checkstack(L, 10))
    luaL_error(L, "stack overflow");
  cel_mark mark = cel_marks_of(&e->marks, L);
  unsigned type;
  bool whole = true;
  lua_pushnil(L);
  bool empty = lua_next(L, t) == 0;
  if (empty && mark == CEL_MARK_NONE && is_proxy(e, t)) {
    type = CEL_TYPE_ANY; /* no second fault for the same table */
    whole = false;
  } else if (empty) {
    type = encode_empty(e, shape, t, mark);
  } else if (mark == CEL_MARK_ARRAY ||
             (mark != CEL_MARK_OBJECT && lua_type(L, -2) == LUA_TNUMBER)) {
    type = CEL_TYPE_ARRAY;
    whole = encode_array(e, shape, t, mark);
  } else {
    type = CEL_TYPE_OBJECT;
    whole = encode_object(e, shape, t, mark);
  }
  e->faults.depth--;
  if (whole && shape != NULL && e->validate)
    cel_validate_type(&e->faults, shape, type, t);
}

/* Whether to end the walk early. Tables may contain the same table twice, and
   so on: a hundred tables can make 2^128 values. */
static bool encode_is_over(const cel_encoder *e) {
  return (e->most > 0 && (size_t)(e->out.at - e->out.start) > e->most) ||
         e->faults.count >= MOST_FAULTS;
}

/* Writes the value on top; `member` where it is one of an object's
   [-0, +0]. */
static void encode_value(cel_encoder *e, const cel_shape *shape, bool member) {
  cel_work(e->L, &e->work, 1);
  int type = lua_type(e->L, -1);
  if (type == LUA_TTABLE)
    encode_table(e, shape);
  else
    encode_scalar(e, type, shape, member);
  e->over = e->over || encode_is_over(e);
}

int cel_json_encode(lua_State *L, int idx, const cel_encode_options *o) {
  cel_encoder e;
  int top = lua_gettop(L);
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  lua_pushvalue(L, idx);
  e.L = L;
  e.validate = o->validate;
  e.sort = o->sort;
  e.indent = o->indent;
  e.over = false;
  e.most = o->most;
  e.work = 0;
  cel_marks_init(&e.marks, L);
  cel_faults_init(&e.faults, L);
  cel_writer_init(&e.out, L);
  lua_pushvalue(L, top + 1);
  encode_value(&e, o->shape, false);
  int status = CEL_ENCODE_OK;
  if (e.faults.count > 0)
    status = e.faults.always > 0 ? CEL_ENCODE_FAULTS : CEL_ENCODE_REFUSED;
  if (o->most > 0 && (size_t)(e.out.at - e.out.start) > o->most)
    status = CEL_ENCODE_LARGE;
  if (status == CEL_ENCODE_OK)
    cel_writer_push(&e.out);
  else if (status == CEL_ENCODE_LARGE)
    lua_pushnil(L);
  else
    cel_faults_push(&e.faults);
  cel_writer_close(&e.out);
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
  return status;
}
