/*
** bench.tape - the least that any JSON decoder for Lua has to do.
**
** record(value) writes a decoded value down as a flat list of steps;
** tape:build() makes the same tables again from it: sizes known beforehand,
** numbers converted, strings unescaped, arrays marked with a metatable. No
** text is read, so what it costs is Lua's own table and string building.
** An empty table counts as an array: the data holds no empty objects.
*/
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#define TAPE_MT "bench.tape"
#define MARK_MT "bench.tape.array"

typedef enum step_kind {
  STEP_NULL,
  STEP_FALSE,
  STEP_TRUE,
  STEP_INTEGER,
  STEP_NUMBER,
  STEP_STRING,
  STEP_ARRAY, /* followed by n values */
  STEP_OBJECT /* followed by n strings, each with its value */
} step_kind;

typedef struct step {
  step_kind kind;
  size_t n; /* elements, members, or bytes of a string */
  union {
    lua_Integer integer;
    lua_Number number;
    size_t offset; /* of a string in the tape's text */
  } as;
} step;

typedef struct tape {
  step *steps; /* owned */
  size_t nsteps;
  size_t steps_cap;
  char *text; /* owned: all strings, one after another */
  size_t ntext;
  size_t text_cap;
} tape;

static int l_free(lua_State *L) {
  tape *t = luaL_checkudata(L, 1, TAPE_MT);
  free(t->steps);
  free(t->text);
  memset(t, 0, sizeof *t);
  return 0;
}

static size_t tape_step(lua_State *L, tape *t, step_kind kind) {
  if (t->steps == NULL || t->nsteps == t->steps_cap) {
    size_t cap = t->steps_cap ? t->steps_cap * 2 : 1024;
    step *grown = realloc(t->steps, cap * sizeof *grown);
    if (grown == NULL)
      return (size_t)luaL_error(L, "not enough memory");
    t->steps = grown;
    t->steps_cap = cap;
  }
  t->steps[t->nsteps] = (step){.kind = kind};
  return t->nsteps++;
}

static void tape_string(lua_State *L, tape *t, int idx) {
  size_t n;
  const char *s = luaL_checklstring(L, idx, &n);
  if (t->text == NULL || n > t->text_cap - t->ntext) {
    size_t cap = (t->ntext + n) * 2 + 64;
    char *grown = realloc(t->text, cap);
    if (grown == NULL) {
      luaL_error(L, "not enough memory");
      return;
    }
    t->text = grown;
    t->text_cap = cap;
  }
  size_t at = tape_step(L, t, STEP_STRING);
  t->steps[at].n = n;
  t->steps[at].as.offset = t->ntext;
  memcpy(t->text + t->ntext, s, n);
  t->ntext += n;
}

static void tape_number(lua_State *L, tape *t, int idx) {
  int whole;
  lua_Integer i = lua_tointegerx(L, idx, &whole);
  size_t at = tape_step(L, t, whole ? STEP_INTEGER : STEP_NUMBER);
  if (whole)
    t->steps[at].as.integer = i;
  else
    t->steps[at].as.number = lua_tonumber(L, idx);
}

static void tape_value(lua_State *L, tape *t, int idx);

static void tape_array(lua_State *L, tape *t, int idx) {
  size_t n = lua_rawlen(L, idx);
  size_t at = tape_step(L, t, STEP_ARRAY);
  t->steps[at].n = n;
  for (size_t i = 1; i <= n; i++) {
    lua_rawgeti(L, idx, (lua_Integer)i);
    tape_value(L, t, lua_gettop(L));
    lua_pop(L, 1);
  }
}

static void tape_object(lua_State *L, tape *t, int idx) {
  size_t at = tape_step(L, t, STEP_OBJECT);
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, idx) != 0; lua_pop(L, 1)) {
    int value = lua_gettop(L);
    tape_string(L, t, value - 1);
    tape_value(L, t, value);
    n++;
  }
  t->steps[at].n = n;
}

/* [-0, +0] */
static void tape_value(lua_State *L, tape *t, int idx) {
  luaL_checkstack(L, 4, "nested too deep");
  switch (lua_type(L, idx)) {
  case LUA_TBOOLEAN:
    tape_step(L, t, lua_toboolean(L, idx) ? STEP_TRUE : STEP_FALSE);
    break;
  case LUA_TNUMBER:
    tape_number(L, t, idx);
    break;
  case LUA_TSTRING:
    tape_string(L, t, idx);
    break;
  case LUA_TTABLE: {
    lua_pushnil(L);
    bool empty = lua_next(L, idx) == 0;
    lua_pop(L, empty ? 0 : 2);
    if (empty || lua_rawlen(L, idx) > 0)
      tape_array(L, t, idx);
    else
      tape_object(L, t, idx);
    break;
  }
  default: /* cjson.null */
    tape_step(L, t, STEP_NULL);
  }
}

static void build_string(lua_State *L, const tape *t, const step *s) {
  lua_pushlstring(L, t->text + s->as.offset, s->n);
}

/* Pushes the value that begins at s; returns the step after it. `mark` is
   the stack index of the arrays' metatable. [-0, +1] */
static const step *build(lua_State *L, const tape *t, const step *s,
                         int mark) {
  const step *next = s + 1;
  switch (s->kind) {
  case STEP_NULL:
    lua_pushlightuserdata(L, NULL);
    break;
  case STEP_FALSE:
  case STEP_TRUE:
    lua_pushboolean(L, s->kind == STEP_TRUE);
    break;
  case STEP_INTEGER:
    lua_pushinteger(L, s->as.integer);
    break;
  case STEP_NUMBER:
    lua_pushnumber(L, s->as.number);
    break;
  case STEP_STRING:
    build_string(L, t, s);
    break;
  case STEP_ARRAY:
    luaL_checkstack(L, 4, "nested too deep");
    lua_createtable(L, (int)s->n, 0);
    for (size_t i = 1; i <= s->n; i++) {
      next = build(L, t, next, mark);
      lua_rawseti(L, -2, (lua_Integer)i);
    }
    lua_pushvalue(L, mark);
    lua_setmetatable(L, -2);
    break;
  case STEP_OBJECT:
    luaL_checkstack(L, 4, "nested too deep");
    lua_createtable(L, 0, (int)s->n);
    for (size_t i = 0; i < s->n; i++) {
      build_string(L, t, next);
      next = build(L, t, next + 1, mark);
      lua_rawset(L, -3);
    }
    break;
  }
  return next;
}

/* tape:build() -> value [-0, +1] */
static int l_build(lua_State *L) {
  const tape *t = luaL_checkudata(L, 1, TAPE_MT);
  luaL_getmetatable(L, MARK_MT);
  build(L, t, t->steps, lua_gettop(L));
  return 1;
}

/* record(value) -> tape [-0, +1] */
static int l_record(lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  tape *t = lua_newuserdatauv(L, sizeof *t, 0);
  memset(t, 0, sizeof *t);
  luaL_setmetatable(L, TAPE_MT);
  tape_value(L, t, 1);
  return 1;
}

int luaopen_bench_tape(lua_State *L);

int luaopen_bench_tape(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"build", l_build}, {"__gc", l_free}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"record", l_record}, {NULL, NULL}};
  luaL_newmetatable(L, MARK_MT);
  luaL_newmetatable(L, TAPE_MT);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
