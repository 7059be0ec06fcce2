/*
** test_embed.c - a C host: what it can ask of the library, and what a
** hostile script cannot get out of a client that the host has made.
**
** Called with the base URL of a sandbox that keeps a journal, which answers
** with what it was sent, the token included; and with that of a server which
** shows pieces of what it was sent (spec/support/fault_server.lua, `echo`).
*/
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "celigo.h"
#include "check.h"
#include "script.h"
#include "state.h"

#define TOKEN "the-token+of/the=host-9876543210"

extern char **environ;

static celigo_options defaults(const char *url) {
  return (celigo_options){
      .size = sizeof(celigo_options), .token = TOKEN, .base_url = url};
}

/* {====== Scripts that look for the token */

static int seen; /* strings with the token, or a piece of it, in them */

#define PIECE 8 /* bytes of the token in a row that no script may see */

/* Only bytes of the token are compared with it. */
static bool holds_token(const char *s, size_t len) {
  for (; len >= PIECE; s++, len--)
    for (size_t i = 0; i + PIECE < sizeof TOKEN; i++)
      if (s[0] == TOKEN[i] && memcmp(s, &TOKEN[i], PIECE) == 0)
        return true;
  return false;
}

/* look(...): whether a string holds the token. The scripts do not know what
   they look for, so the state holds it only where the library put it. */
static int l_look(lua_State *L) {
  for (int i = 1; i <= lua_gettop(L); i++) {
    size_t len;
    if (lua_type(L, i) != LUA_TSTRING)
      continue;
    const char *s = lua_tolstring(L, i, &len);
    if (holds_token(s, len)) {
      seen++;
      if (lua_toboolean(L, lua_upvalueindex(1)))
        printf("  seen: %.200s\n", s);
    }
  }
  return 0;
}

/* Opens all of Lua's libraries, and makes the globals that scripts use; where
   it tells, what look() has found is printed. */
static void open_globals(lua_State *L, const char *url, bool tells) {
  const celigo_options o = defaults(url);
  luaL_openlibs(L);
  luaL_requiref(L, "celigo", luaopen_celigo, 1);
  lua_pushboolean(L, tells);
  lua_pushcclosure(L, l_look, 1);
  lua_setglobal(L, "look");
  lua_pushstring(L, url);
  lua_setglobal(L, "url");
  CHECK("a client", celigo_push_client(L, &o) == LUA_OK);
  lua_setglobal(L, "client");
  lua_settop(L, 0);
}

static lua_State *open_state(const char *url, bool tells) {
  lua_State *L = luaL_newstate();
  if (L == NULL)
    abort();
  open_globals(L, url, tells);
  return L;
}

/* Runs the function on top of the stack. */
static bool run(lua_State *L, const char *row) {
  bool good = CHECK(row, lua_pcall(L, 0, 0, 0) == LUA_OK);
  if (!good)
    printf("  %s\n", luaL_tolstring(L, -1, NULL));
  lua_settop(L, 0);
  return good;
}

static bool run_script(lua_State *L, const char *row, const char *name) {
  script_load(L, name);
  return run(L, row);
}

static bool run_line(lua_State *L, const char *row, const char *code) {
  if (luaL_loadstring(L, code) != LUA_OK)
    abort();
  return run(L, row);
}

typedef struct hostile_script {
  const char *name;
  const char *file;
} hostile_script;

static const hostile_script hostile[] = {
    {"values of all kinds are looked through, with calls under way",
     "hostile/values.lua"},
    {"a hook that looks at every frame", "hostile/hook.lua"},
    {"errors, dry runs, texts", "hostile/texts.lua"},
    {"a server that answers with what it was sent", "hostile/echo.lua"},
    {"other origins, files, proxies, tokens", "hostile/elsewhere.lua"},
    {"the library's own functions, with a target of two requests",
     "hostile/core.lua"},
    {"metatables, which are closed", "hostile/metatables.lua"},
    {"methods of one class on objects of another", "hostile/strangers.lua"},
    {"ends in callbacks", "hostile/callbacks.lua"},
    {"objects that finalisers bring back", "hostile/revived.lua"},
    {"an answer that is not whole yet", "hostile/unfinished.lua"},
    {"a globals table that lies", "hostile/globals.lua"},
    {"waits for what was never started", "hostile/unstarted.lua"},
};

/* Each in a state of its own: what they break is theirs. */
static void test_secrecy(const char *url) {
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
    const hostile_script *s = &hostile[i];
    lua_State *L = open_state(url, true);
    seen = 0;
    if (run_script(L, s->name, "hostile/prelude.lua"))
      run_script(L, s->name, s->file);
    run_line(L, s->name, "look_everywhere()");
    lua_close(L);
    CHECK(s->name, seen == 0);
  }
}

/* A server that shows pieces of a request lets a script shift the cut. */
static void test_pieces(const char *url, const char *echo_url) {
  const char *row = "a server that shows pieces of what it was sent";
  lua_State *L = open_state(url, true);
  const celigo_options o = defaults(echo_url);
  seen = 0;
  CHECK(row, celigo_push_client(L, &o) == LUA_OK);
  lua_setglobal(L, "echo");
  run_script(L, row, "hostile/pieces.lua");
  lua_close(L);
  CHECK(row, seen == 0);
}

static void *count(void *ud, void *ptr, size_t osize, size_t nsize) {
  size_t *in_use = ud;
  void *block = nsize == 0 ? NULL : realloc(ptr, nsize);
  if (nsize == 0)
    free(ptr);
  if (nsize == 0 || block != NULL)
    *in_use += nsize - (ptr == NULL ? 0 : osize);
  return block;
}

/* told(): counts how often a script has come to its end. */
static int l_told(lua_State *L) {
  int *times = lua_touserdata(L, lua_upvalueindex(1));
  ++*times;
  return 0;
}

/* What finalisers make while the state closes leaves nothing behind. One of
   them is older than the library. */
static void test_closing(const char *url) {
  const char *row = "finalisers while the state closes";
  size_t in_use = 0;
  int told = 0;
  lua_State *L = new_state(count, &in_use);
  if (L == NULL)
    abort();
  luaL_openlibs(L);
  run_line(L, row,
           "older = setmetatable({}, { __gc = function(o) o[1]() end })");
  open_globals(L, url, true);
  lua_pushlightuserdata(L, &told);
  lua_pushcclosure(L, l_told, 1);
  lua_setglobal(L, "told");
  run_script(L, row, "hostile/closing.lua");
  lua_close(L);
  CHECK(row, told == 1);
  if (!CHECK(row, in_use == 0))
    printf("  %zu bytes\n", in_use);
}

/* The scan finds what is there to be found. */
static void test_look(const char *url) {
  lua_State *L = open_state(url, false);
  seen = 0;
  run_script(L, "a token in a script", "hostile/prelude.lua");
  lua_pushliteral(L, "Bearer " TOKEN);
  lua_setglobal(L, "hidden");
  run_script(L, "a token in a script", "hostile/hidden.lua");
  CHECK("a token in a script", seen > 0);
  lua_close(L);
}

/* }====== */

/* {====== Options */

static void expect_refusal(lua_State *L, const char *row,
                           const celigo_options *o, const char *word) {
  int top = lua_gettop(L);
  int status = celigo_push_client(L, o);
  if (CHECK(row, status == LUA_ERRRUN && lua_gettop(L) == top + 1)) {
    const char *message = lua_tostring(L, -1);
    if (!CHECK(row, message != NULL && strstr(message, word) != NULL))
      printf("  %s\n", message == NULL ? "no string" : message);
    CHECK(row, message == NULL || strstr(message, TOKEN) == NULL);
  }
  lua_settop(L, top);
}

static void expect_client(lua_State *L, const char *row,
                          const celigo_options *o) {
  int top = lua_gettop(L);
  if (!CHECK(row, celigo_push_client(L, o) == LUA_OK))
    printf("  %s\n", lua_tostring(L, -1));
  CHECK(row, lua_gettop(L) == top + 1);
  CHECK(row, lua_isuserdata(L, -1));
  lua_settop(L, top);
}

#define REFUSED(word, ...)                                                    \
  do {                                                                        \
    celigo_options o = {.size = sizeof o, .token = TOKEN, __VA_ARGS__};       \
    expect_refusal(L, #__VA_ARGS__, &o, word);                                \
  } while (0)

#define ACCEPTED(...)                                                         \
  do {                                                                        \
    celigo_options o = {.size = sizeof o, .token = TOKEN, __VA_ARGS__};       \
    expect_client(L, #__VA_ARGS__, &o);                                       \
  } while (0)

/* A client that cannot write, and a host that was compiled before there was
   one. */
static void test_read_only(const char *url) {
  const char *row = "a client that is read-only";
  celigo_options o = defaults(url);
  lua_State *L = open_state(url, false);
  o.read_only = 1;
  o.http1_only = 1;
  CHECK(row, celigo_push_client(L, &o) == LUA_OK);
  lua_setglobal(L, "reader");
  o.size = offsetof(celigo_options, read_only);
  CHECK(row, celigo_push_client(L, &o) == LUA_OK);
  lua_setglobal(L, "writer");
  run_script(L, row, "read_only.lua");
  lua_close(L);
}

static void test_options(void) {
  const double nan = strtod("nan", NULL);
  const celigo_options no_token = {.size = sizeof no_token};
  const celigo_options bad_token = {.size = sizeof bad_token,
                                    .token = TOKEN "\r\nX: y"};
  const celigo_options empty_token = {.size = sizeof empty_token, .token = ""};
  const celigo_options no_size = {.token = TOKEN};
  const celigo_options too_few = {
      .size = sizeof too_few, .token = TOKEN, .max_retries = -2};
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  expect_refusal(L, "no options", NULL, "size");
  expect_refusal(L, "no size", &no_size, "size");
  expect_refusal(L, "an empty token", &empty_token, "token");
  expect_refusal(L, "no token", &no_token, "token");
  expect_refusal(L, "a token of two lines", &bad_token, "token");
  REFUSED("region", .region = "uk");
  REFUSED("base_url", .base_url = "http://example.com");
  REFUSED("base_url", .base_url = "");
  REFUSED("ca_file", .ca_file = "/no/such/file");
  REFUSED("user_agent", .user_agent = "a\nb");
  REFUSED("timeout", .timeout = -1);
  REFUSED("timeout", .timeout = nan);
  REFUSED("connect_timeout", .connect_timeout = 1e300);
  REFUSED("max_retries", .max_retries = -2);
  expect_refusal(L, "a range in words", &too_few,
                 "expected an integer from 0 to 1000000, 0 for the default, "
                 "-1 for none");
  REFUSED("max_connections", .max_connections = 257);
  ACCEPTED(.region = "eu");
  ACCEPTED(.region = "us", .user_agent = "host/1", .proxy = "");
  ACCEPTED(.max_retries = -1, .max_connections = 256, .timeout = 0.5);
  ACCEPTED(.connect_timeout = 1, .max_response_bytes = SIZE_MAX);
  lua_close(L);
}

/* A host that was compiled with an older or a newer header. */
static void test_sizes(void) {
  struct {
    celigo_options known;
    size_t later;
  } o = {.known = {.size = sizeof o, .token = TOKEN}};
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  expect_client(L, "a newer host", &o.known);
  o.later = 1;
  expect_refusal(L, "a newer host that sets more", &o.known, "not know");
  o.known.size = offsetof(celigo_options, region);
  o.known.region = "what an older host has there";
  expect_client(L, "an older host", &o.known);
  lua_close(L);
}

/* }====== */

/* {====== Quiet */

typedef struct surroundings {
  struct sigaction signals[NSIG];
  char locale[256];
  char cwd[256];
  size_t variables;
  char **environment;
} surroundings;

static void look_around(surroundings *s) {
  memset(s, 0, sizeof *s);
  for (int i = 1; i < NSIG; i++)
    sigaction(i, NULL, &s->signals[i]);
  snprintf(s->locale, sizeof s->locale, "%s", setlocale(LC_ALL, NULL));
  if (getcwd(s->cwd, sizeof s->cwd) == NULL)
    abort();
  s->environment = environ;
  while (environ[s->variables] != NULL)
    s->variables++;
}

/* Field by field: the system's own structure has padding. */
static void compare(const surroundings *a, const surroundings *b) {
  for (int i = 1; i < NSIG; i++)
    if (a->signals[i].sa_handler != b->signals[i].sa_handler)
      CHECK("signal handlers", i == 0);
  CHECK("locale", strcmp(a->locale, b->locale) == 0);
  CHECK("directory", strcmp(a->cwd, b->cwd) == 0);
  CHECK("environment",
        a->environment == b->environment && a->variables == b->variables);
}

static void test_quiet(const char *url) {
  static surroundings before;
  static surroundings after;
  look_around(&before);
  lua_State *L = open_state(url, true);
  run_script(L, "calls", "calls.lua");
  lua_close(L);
  look_around(&after);
  compare(&before, &after);
}

/* }====== */

/* {====== A host that gives its scripts little */

static void open_some(lua_State *L) {
  static const luaL_Reg some[] = {
      {LUA_GNAME, luaopen_base},       {LUA_COLIBNAME, luaopen_coroutine},
      {LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string},
      {LUA_MATHLIBNAME, luaopen_math}, {NULL, NULL}};
  static const char *const none[] = {"dofile", "loadfile", "load", "print"};
  for (const luaL_Reg *lib = some; lib->func != NULL; lib++) {
    luaL_requiref(L, lib->name, lib->func, 1);
    lua_pop(L, 1);
  }
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    lua_pushnil(L);
    lua_setglobal(L, none[i]);
  }
}

static void test_little(const char *url) {
  lua_State *L = luaL_newstate();
  const celigo_options o = defaults(url);
  setenv("CELIGO_API_TOKEN", "of-the-environment", 1);
  open_some(L);
  luaL_requiref(L, "celigo", luaopen_celigo, 1);
  CHECK("a sandboxed state", celigo_push_client(L, &o) == LUA_OK);
  lua_setglobal(L, "client");
  lua_pushstring(L, url);
  lua_setglobal(L, "url");
  lua_settop(L, 0);
  run_script(L, "a sandboxed state", "ordinary.lua");
  run_script(L, "a log without io", "no_io.lua");
  run_script(L, "the environment without os", "no_os.lua");
  luaL_requiref(L, LUA_OSLIBNAME, luaopen_os, 1);
  lua_settop(L, 0);
  run_script(L, "the environment with os", "environment.lua");
  unsetenv("CELIGO_API_TOKEN");
  lua_close(L);
}

/* push_client opens what it needs where the host has opened nothing. */
static void test_nothing(const char *url) {
  lua_State *L = luaL_newstate();
  const celigo_options o = defaults(url);
  int top = lua_gettop(L);
  open_some(L);
  lua_settop(L, top);
  CHECK("no module", celigo_push_client(L, &o) == LUA_OK);
  lua_setglobal(L, "client");
  run_line(L, "no module", "assert(client:list_connectors())");
  lua_close(L);
}

/* Scripts that may require get the module from luaopen_celigo only. */
static void test_closed_module(const char *url) {
  static const char open[] = "assert(require('celigo').new)";
  static const char closed[] = "assert(not pcall(require, 'celigo'))"
                               "assert(not pcall(require, 'celigo.core'))"
                               "for name in pairs(package.loaded) do "
                               "assert(not name:find 'celigo') end";
  lua_State *L = luaL_newstate();
  const celigo_options o = defaults(url);
  luaL_openlibs(L);
  run_line(L, "no path", "package.path, package.cpath = '', ''");
  CHECK("no module", celigo_push_client(L, &o) == LUA_OK);
  lua_setglobal(L, "client");
  run_line(L, "no module to require", closed);
  luaL_requiref(L, "celigo", luaopen_celigo, 0);
  lua_settop(L, 0);
  run_line(L, "a module to require", open);
  lua_close(L);
}

/* Nothing is raised where the stack is all used up. */
static void test_full_stack(const char *url) {
  lua_State *L = luaL_newstate();
  const celigo_options o = defaults(url);
  luaL_openlibs(L);
  for (int i = 0; i < 2; i++) /* the first refusal may leave a reserve */
    while (lua_checkstack(L, 2))
      lua_pushnil(L);
  int top = lua_gettop(L);
  CHECK("a full stack", celigo_push_client(L, &o) != LUA_OK);
  CHECK("a full stack", lua_gettop(L) == top + 1);
  CHECK("a full stack", lua_type(L, -1) == LUA_TSTRING);
  lua_settop(L, 0);
  CHECK("the stack again", celigo_push_client(L, &o) == LUA_OK);
  lua_close(L);
}

/* In a locale with a decimal comma, which the runner has made. */
static void test_locale(const char *url, const char *name) {
  char text[16];
  CHECK("the locale", setlocale(LC_ALL, name) != NULL);
  snprintf(text, sizeof text, "%.1f", 1.5);
  CHECK("the locale", strcmp(text, "1,5") == 0);
  lua_State *L = open_state(url, true);
  run_script(L, "numbers in a locale", "numbers.lua");
  lua_close(L);
  setlocale(LC_ALL, "C");
}

/* }====== */

int main(int argc, char **argv) {
  if (argc == 4) {
    test_locale(argv[1], argv[3]);
    return check_report();
  }
  if (argc != 3) {
    printf("usage: test_embed BASE_URL ECHO_URL [LOCALE]\n");
    return EXIT_FAILURE;
  }
  CHECK("version", strcmp(celigo_version(), CELIGO_VERSION) == 0);
  test_options();
  test_read_only(argv[1]);
  test_sizes();
  test_quiet(argv[1]);
  test_little(argv[1]);
  test_closed_module(argv[1]);
  test_nothing(argv[1]);
  test_full_stack(argv[1]);
  test_look(argv[1]);
  test_secrecy(argv[1]);
  test_pieces(argv[1], argv[2]);
  test_closing(argv[1]);
  return check_report();
}
