/*
** tables_probe.c - shows specs the tables of operations and options, for what
** compares them with the contract and the documentation.
*/
#include <lauxlib.h>
#include <lua.h>

#include "client/lclient.h"
#include "client/lconfig.h"
#include "common/loptions.h"
#include "client/lrequest.h"
#include "contract/operations.h"

static void set_string(lua_State *L, const char *name, const char *value) {
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

static void push_operation(lua_State *L, const cel_operation *o) {
  static const char *const bodies[] = {"none", "optional", "required"};
  static const char *const answers[] = {"record", "list", "true"};
  static const char *const repeats[] = {"safe", "delete", "never"};
  lua_createtable(L, 0, 10);
  set_string(L, "name", o->name);
  set_string(L, "method", o->method);
  set_string(L, "path", o->path);
  set_string(L, "body", bodies[o->body]);
  set_string(L, "answer", answers[o->answer]);
  set_string(L, "repeat", repeats[o->repeat]);
  lua_pushinteger(L, (lua_Integer)o->ids);
  lua_setfield(L, -2, "ids");
  lua_pushnumber(L, o->timeout);
  lua_setfield(L, -2, "timeout");
  lua_newtable(L);
  for (int i = 0; i < 3 && o->success[i] != 0; i++) {
    lua_pushinteger(L, o->success[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "success");
}

static int l_operations(lua_State *L) {
  lua_createtable(L, CEL_OPERATIONS, 0);
  for (int i = 0; i < CEL_OPERATIONS; i++) {
    push_operation(L, &cel_operations[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* Pushes the rows as an array of { name, type } [-0, +1]. */
static int show(lua_State *L, const cel_option *rows, size_t n) {
  static const char *const types[] = {
      [CEL_OPTION_STRING] = "string",     [CEL_OPTION_BOOLEAN] = "boolean",
      [CEL_OPTION_NUMBER] = "number",     [CEL_OPTION_INTEGER] = "integer",
      [CEL_OPTION_FUNCTION] = "function", [CEL_OPTION_TABLE] = "table",
      [CEL_OPTION_OTHER] = "other"};
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_createtable(L, 0, 2);
    lua_pushstring(L, rows[i].name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, types[rows[i].type]);
    lua_setfield(L, -2, "type");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int l_client_options(lua_State *L) {
  return show(L, cel_client_options, cel_client_options_count);
}

static int l_call_options(lua_State *L) {
  return show(L, cel_call_options, cel_call_options_count);
}

static int l_request_options(lua_State *L) {
  return show(L, cel_request_options, cel_request_options_count);
}

static void set_number(lua_State *L, const char *name, double value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

static void set_boolean(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

/* The values of options that are not given, by name; of rate_limit both. */
static int l_client_defaults(lua_State *L) {
  const cel_client_config *d = &cel_client_defaults;
  lua_createtable(L, 0, 16);
  set_number(L, "timeout", d->timeout);
  set_number(L, "connect_timeout", d->connect_timeout);
  set_number(L, "max_retries", d->policy.max_retries);
  set_number(L, "retry_base", d->policy.retry_base);
  set_number(L, "retry_cap", d->policy.retry_cap);
  set_number(L, "rate", d->rate);
  set_number(L, "burst", d->burst);
  set_number(L, "max_connections", (double)d->max_connections);
  set_number(L, "max_response_bytes", (double)d->max_response);
  set_number(L, "max_request_bytes", (double)d->max_request);
  set_boolean(L, "validate", d->validate);
  set_boolean(L, "read_only", d->read_only);
  set_boolean(L, "http2", !d->http1_only);
  return 1;
}

int luaopen_tables_probe(lua_State *L);

int luaopen_tables_probe(lua_State *L) {
  static const luaL_Reg functions[] = {{"operations", l_operations},
                                       {"client_options", l_client_options},
                                       {"client_defaults", l_client_defaults},
                                       {"call_options", l_call_options},
                                       {"request_options", l_request_options},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
