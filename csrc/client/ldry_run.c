/*
** ldry_run.c - shows a request instead of sending it.
*/
#include "client/ldry_run.h"

#include <string.h>

#include <lauxlib.h>

#include "client/lcall.h"
#include "common/chars.h"

/* Sets a field of the table on top: a header's line, its name in lower case
   [-0, +0]. */
static void set_header(lua_State *L, const char *line) {
  size_t n = strcspn(line, ":;");
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, n);
  for (size_t i = 0; i < n; i++)
    out[i] = cel_lower(line[i]);
  luaL_pushresultsize(&b, n);
  const char *value = line[n] == ':' ? line + n + 1 : "";
  lua_pushstring(L, value + strspn(value, " "));
  lua_rawset(L, -3);
}

void cel_push_dry_run(lua_State *L, int call) {
  const cel_call *c = cel_call_get(L, call);
  lua_createtable(L, 0, 4);
  lua_pushstring(L, c->method);
  lua_setfield(L, -2, "method");
  lua_pushfstring(L, "%s%s", c->client->base.text, c->target + c->prefix_len);
  lua_setfield(L, -2, "url");
  lua_createtable(L, 0, 6);
  set_header(L, "Authorization: Bearer ***");
  set_header(L, "Accept: application/json");
  if (c->body != NULL)
    set_header(L, "Content-Type: application/json");
  lua_pushstring(L, c->client->agent);
  lua_setfield(L, -2, "user-agent");
  for (const struct curl_slist *s = c->own; s != NULL; s = s->next)
    set_header(L, s->data);
  lua_setfield(L, -2, "headers");
  if (c->body != NULL) {
    lua_pushlstring(L, c->body, c->body_len);
    lua_setfield(L, -2, "body");
  }
}
