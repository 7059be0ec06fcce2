/*
** schema_probe.c - the contract's tables, and encoding against them, as a
** Lua module for the specs.
*/
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "contract/email.h"
#include "json/ljson.h"
#include "json/ljson_module.h"
#include "contract/schema.h"
#include "state.h"

static const struct {
  const char *name;
  const cel_shape *shape;
} shapes[] = {
    {"connector", &cel_shape_connector},
    {"license", &cel_shape_license},
    {"license_create", &cel_shape_license_create},
    {"push_update", &cel_shape_push_update},
    {"install", &cel_shape_install},
};

enum { NSHAPES = sizeof shapes / sizeof shapes[0] };

static const cel_shape *probe_shape(lua_State *L, int idx) {
  if (lua_isnoneornil(L, idx))
    return NULL;
  const char *name = luaL_checkstring(L, idx);
  for (int i = 0; i < NSHAPES; i++)
    if (strcmp(shapes[i].name, name) == 0)
      return shapes[i].shape;
  luaL_error(L, "no shape '%s'", name);
  return NULL;
}

static void probe_push_types(lua_State *L, unsigned types) {
  static const char *const names[] = {"string", "boolean", "integer",
                                      "number", "array",   "object"};
  lua_newtable(L);
  for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
    if ((types >> i & 1) == 0)
      continue;
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, names[i]);
  }
}

/* Pushes { types =, format =, fields =, items =, ... }. */
static void probe_push_shape(lua_State *L, const cel_shape *shape) {
  static const char *const formats[] = {NULL, "objectId", "email", "emails",
                                        "date-time"};
  luaL_checkstack(L, 8, NULL);
  lua_newtable(L);
  probe_push_types(L, shape->types);
  lua_setfield(L, -2, "types");
  lua_pushstring(L, formats[shape->format]);
  lua_setfield(L, -2, "format");
  lua_pushboolean(L, shape->trial_rule);
  lua_setfield(L, -2, "trial_rule");
  lua_pushboolean(L, shape->closed);
  lua_setfield(L, -2, "closed");
  lua_pushboolean(L, shape->kinds);
  lua_setfield(L, -2, "kinds");
  if (shape->items != NULL) {
    probe_push_shape(L, shape->items);
    lua_setfield(L, -2, "items");
  }
  lua_newtable(L);
  for (size_t i = 0; i < shape->nfields; i++) {
    const cel_field *field = &shape->fields[i];
    probe_push_shape(L, field->shape);
    lua_pushboolean(L, field->required);
    lua_setfield(L, -2, "required");
    lua_pushboolean(L, field->read_only);
    lua_setfield(L, -2, "read_only");
    lua_pushboolean(L, field->beyond);
    lua_setfield(L, -2, "beyond");
    lua_setfield(L, -2, field->name);
  }
  lua_setfield(L, -2, "fields");
}

/* encode(value[, shape[, validate]]): text; or nil and the faults. `shape`
   is a name or nil; `validate` is true where it is not given. */
static int l_encode(lua_State *L) {
  luaL_checkany(L, 1);
  cel_encode_options o = {
      .shape = probe_shape(L, 2),
      .validate = lua_isnoneornil(L, 3) || lua_toboolean(L, 3),
  };
  lua_settop(L, 1);
  lua_pushnil(L);
  int status = cel_json_encode(L, 1, &o);
  if (lua_gettop(L) != 3)
    return luaL_error(L, "stack holds %d values", lua_gettop(L));
  return status == 0 ? 1 : 2; /* the nil is below the faults */
}

/* email(text): whether it can be an address. */
static int l_email(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  char *copy = lua_newuserdatauv(L, len, 0); /* ends where it ends */
  memcpy(copy, text, len);
  lua_pushboolean(L, cel_email_valid(copy, len));
  return 1;
}

/* emails(text): whether it can be an address, or several. */
static int l_emails(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  char *copy = lua_newuserdatauv(L, len, 0); /* ends where it ends */
  memcpy(copy, text, len);
  lua_pushboolean(L, cel_emails_valid(copy, len));
  return 1;
}

/* An allocator that fails once, at its `fails`th growth, or, with `stays`,
   from then on. */
typedef struct probe_memory {
  size_t used;
  long fails; /* growths to go; negative: never */
  int stays;
  int met; /* it has failed */
} probe_memory;

static void *probe_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  probe_memory *memory = ud;
  size_t old = ptr == NULL ? 0 : osize;
  if (nsize == 0) {
    free(ptr);
    memory->used -= old;
    return NULL;
  }
  if (nsize > old && memory->fails >= 0) {
    if (memory->fails == 0) {
      memory->met = 1;
      memory->fails = memory->stays ? 0 : -1;
      return NULL;
    }
    memory->fails--;
  }
  void *block = realloc(ptr, nsize);
  if (block != NULL)
    memory->used = memory->used - old + nsize;
  return block;
}

/* Encodes the value at 1 as a new connector; the status. */
static int l_encode_connector(lua_State *L) {
  cel_encode_options o = {.shape = &cel_shape_connector, .validate = true};
  lua_pushinteger(L, cel_json_encode(L, 1, &o));
  return 1;
}

/* Calls the function and its argument on the stack while memory fails. */
static int probe_starve(lua_State *L, probe_memory *memory, long fails) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  memory->fails = fails;
  int status = lua_pcall(L, 1, 1, 0);
  memory->fails = -1;
  return status;
}

/* starved(json, fails, stays): encodes what a JSON text means in a state
   whose allocator fails. Returns the status as a name and whether the
   failure was met; raises if memory is left over. */
static int l_starved(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  long fails = (long)luaL_checkinteger(L, 2);
  probe_memory memory = {.fails = -1, .stays = lua_toboolean(L, 3)};
  cel_json_fault fault;
  lua_State *other = new_state(probe_alloc, &memory);
  if (other == NULL)
    return luaL_error(L, "not enough memory");
  cel_open_json(other);
  lua_settop(other, 0);
  lua_pushcfunction(other, l_encode_connector);
  int status = LUA_ERRRUN;
  if (cel_json_decode(other, text, len, &fault) == 0)
    status = probe_starve(other, &memory, fails);
  lua_pushstring(L, status == LUA_OK                 ? "ok"
                    : is_memory_error(other, status) ? "memory"
                                                     : "error");
  lua_pushboolean(L, memory.met);
  lua_close(other);
  if (memory.used != 0)
    return luaL_error(L, "%d bytes are left over", (int)memory.used);
  return 2;
}

int luaopen_schema_probe(lua_State *L);

int luaopen_schema_probe(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"encode", l_encode},   {"email", l_email}, {"emails", l_emails},
      {"starved", l_starved}, {NULL, NULL},
  };
  luaL_newlib(L, functions);
  lua_newtable(L);
  for (int i = 0; i < NSHAPES; i++) {
    probe_push_shape(L, shapes[i].shape);
    lua_setfield(L, -2, shapes[i].name);
  }
  lua_setfield(L, -2, "shapes");
  return 1;
}
