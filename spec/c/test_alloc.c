/*
** test_alloc.c - a C host whose allocator refuses: the n-th request for
** memory, and in a second round every one from the n-th on until the
** protected call is over, for every n until a scenario comes through.
**
** Each refusal has to arrive as Lua's own memory error or to be survived (an
** emergency collection may find room), to leak nothing, and to leave the
** client good for the next call. The allocator also looks at what is given
** back to it: the token of a closed client must not be in there.
**
** Called with the base URL of a sandbox.
*/
#define _GNU_SOURCE /* memmem */

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "celigo.h"
#include "check.h"

#define TOKEN        "a-token-to-be-wiped-0123456789"
#define SLACK        65536 /* bytes by which Lua's own tables may come to differ */
#define MAX_REFUSALS 20000 /* no scenario takes so many blocks */

/* {====== The allocator */

typedef enum refusal {
  REFUSE_NONE,
  REFUSE_ONCE,    /* the one that is due */
  REFUSE_FROM_NOW /* all that follow, too */
} refusal;

typedef struct memory {
  size_t in_use; /* bytes */
  long due;      /* blocks until the refusal */
  refusal mode;
  bool refused; /* the refusal has happened */
  bool watch;   /* look for the token in what is given back */
  int found;    /* blocks given back with the token in them */
} memory;

static bool refuses(memory *m) {
  if (m->mode == REFUSE_NONE)
    return false;
  if (m->due > 0) {
    m->due--;
    return false;
  }
  if (m->mode == REFUSE_ONCE)
    m->mode = REFUSE_NONE;
  m->refused = true;
  return true;
}

/* Every block moves, so that a stale pointer into the old one shows. */
static void *allocate(void *ud, void *ptr, size_t osize, size_t nsize) {
  memory *m = ud;
  size_t old = ptr == NULL ? 0 : osize;
  if (nsize > old && refuses(m))
    return NULL;
  if (m->watch && ptr != NULL &&
      memmem(ptr, old, TOKEN, sizeof TOKEN - 1) != NULL)
    m->found++;
  /* zeroed: what libcurl has freed must not show as the library's */
  void *block = nsize == 0 ? NULL : calloc(1, nsize);
  if (nsize > 0 && block == NULL)
    abort();
  if (block != NULL && ptr != NULL)
    memcpy(block, ptr, old < nsize ? old : nsize);
  free(ptr);
  m->in_use = m->in_use - old + nsize;
  return block;
}

static void set_refusal(memory *m, refusal mode, long due) {
  m->mode = mode;
  m->due = due;
  m->refused = false;
}

/* }====== */

/* {====== Scenarios */

typedef struct scenario {
  const char *name;
  const char *code; /* sees celigo, url, silent; client, which outlives it */
} scenario;

/* In each, `client` is a client that has been in use before. */
static const scenario scenarios[] = {
    {"a client", "local c <close> = celigo.new { token = 't', base_url = url, "
                 "user_agent = 'test', proxy = '' }"},
    {"a client and a call",
     "local c <close> = celigo.new { token = 't', base_url = url } "
     "assert(c:get_connector_by_id(id))"},
    {"a call", "assert(client:get_connector_by_id(id))"},
    {"a call with headers and a query",
     "assert(client:get_connector_by_id(id, { headers = { A = 'b' }, "
     "query = { c = 'd' } }))"},
    {"a write",
     "assert(client:update_connector(id, { name = 'n', settings = {} }))"},
    {"an edit", "assert(client:edit_connector(id, function(record) "
                "record.name = 'n' end))"},
    {"a write that is refused before it is sent",
     "local _, err = client:create_connector { name = 1 } "
     "assert(err.kind == 'validation')"},
    {"a list", "assert(#client:list_connectors() > 2)"},
    {"a list of pages", "assert(#client:list_connectors { limit = 1 } > 2)"},
    {"an error", "local _, err = client:get_connector_by_id('none') "
                 "assert(err.kind == 'http' and #tostring(err) > 0)"},
    {"a connection that is refused",
     "local c <close> = celigo.new { token = 't', max_retries = 1, "
     "retry_base = 0, base_url = 'http://127.0.0.1:1' } "
     "local _, err = c:list_connectors() "
     "assert(err.code == 'connect_failed')"},
    {"an iterator",
     "local n = 0 for c in client:each_connector { limit = 1 } do "
     "n = n + 1 end assert(n > 2)"},
    {"pages",
     "for page in client:pages { path = '/v1/connectors?limit=2' } do "
     "assert(#page > 0) end"},
    {"map", "local r, e = client:map({ id, id, id }, function(i) "
            "return assert(client:get_connector_by_id(i)) end) "
            "for _, v in pairs(e) do error(v, 0) end assert(#r == 3)"},
    {"calls that are submitted",
     "local a = client:submit('get_connector_by_id', id) "
     "local b = client:submit('list_connectors') "
     "while client:step(1) > 0 do end "
     "assert(a:result()) assert(b:result())"},
    {"events and a token function",
     "local n = 0 local c <close> = celigo.new { base_url = url, "
     "token = function() return 't' end, "
     "on_event = function() n = n + 1 end } "
     "assert(c:get_connector_by_id(id)) assert(n == 2)"},
    {"closing with calls under way",
     "local c = celigo.new { token = 't', base_url = silent } "
     "local a = c:submit('list_connectors') c:step() c:close() "
     "local _, err = a:result() assert(err.kind == 'closed')"},
};

static const char prelude[] =
    "celigo, url, silent = ... "
    "client = celigo.new { token = 't', base_url = url, "
    "rate_limit = false } "
    "id = assert(client:list_connectors())[1]._id";

/* What has to hold after each: nothing is under way, and a call works. */
static const char afterwards[] =
    "collectgarbage() "
    "assert(client:step() == 0, 'a call is unfinished') "
    "assert(client:get_connector_by_id(id))";

static void load(lua_State *L, const char *code) {
  if (luaL_loadstring(L, code) != LUA_OK) {
    printf("%s\n", lua_tostring(L, -1));
    exit(EXIT_FAILURE);
  }
}

static bool run(lua_State *L, const char *row, const char *code, int nargs) {
  load(L, code);
  lua_insert(L, -1 - nargs);
  bool good = lua_pcall(L, nargs, 0, 0) == LUA_OK;
  if (!CHECK(row, good)) {
    printf("  %s\n", luaL_tolstring(L, -1, NULL));
    lua_settop(L, 0);
  }
  return good;
}

/* The chunk is loaded beforehand: Lua's compiler is not at stake. The error
   object is looked at once there is memory again. */
static int attempt(lua_State *L, memory *m, const scenario *s, refusal mode,
                   long due) {
  load(L, s->code);
  set_refusal(m, mode, due);
  int status = lua_pcall(L, 0, 0, 0);
  m->mode = REFUSE_NONE;
  return status;
}

static bool go_through(lua_State *L, memory *m, const scenario *s,
                       refusal mode) {
  char row[160];
  long due = 0;
  bool good = true;
  for (; good && due < MAX_REFUSALS; due++) {
    snprintf(row, sizeof row, "%s, %s %ld", s->name,
             mode == REFUSE_ONCE ? "without block" : "no block from", due);
    int status = attempt(L, m, s, mode, due);
    bool refused = m->refused;
    good = CHECK(row, status == LUA_OK || (refused && status == LUA_ERRMEM));
    if (!good)
      printf("  status %d: %s\n", status, luaL_tolstring(L, -1, NULL));
    lua_settop(L, 0);
    good = run(L, row, afterwards, 0) && good;
    if (!refused)
      break;
  }
  good = CHECK(s->name, due > 10 && due < MAX_REFUSALS) && good;
  printf("%s: %ld refusals\n", s->name, due);
  return good;
}

static void test_scenarios(lua_State *L, memory *m) {
  for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
    const scenario *s = &scenarios[i];
    CHECK(s->name, attempt(L, m, s, REFUSE_NONE, 0) == LUA_OK);
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    size_t before = m->in_use;
    if (!go_through(L, m, s, REFUSE_ONCE) ||
        !go_through(L, m, s, REFUSE_FROM_NOW))
      return; /* the client is no good for the next scenario */
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    CHECK(s->name, m->in_use < before + SLACK);
  }
}

/* }====== */

static lua_State *open_state(memory *m) {
  lua_State *L = lua_newstate(allocate, m);
  if (L == NULL)
    abort();
  luaL_openlibs(L);
  luaL_requiref(L, "celigo", luaopen_celigo, 0);
  return L;
}

/* Calls of every kind, then the end of the client and of the state: no
   block that is given back holds the token. */
static void test_token(const char *url) {
  static const char code[] =
      "local client = ... "
      "local id = assert(client:list_connectors())[1]._id "
      "assert(client:get_connector_by_id(id, { headers = { A = 'b' } })) "
      "assert(client:update_connector(id, { name = 'n' })) "
      "local _, err = client:get_connector_by_id('none') "
      "assert(err.kind == 'http') "
      "local pending = client:submit('list_connectors') client:step() "
      "client:close() collectgarbage() "
      "assert(not client:list_connectors())";
  memory m = {.watch = true};
  lua_State *L = open_state(&m);
  const celigo_options o = {.size = sizeof o, .token = TOKEN, .base_url = url};
  lua_settop(L, 0);
  CHECK("the token", celigo_push_client(L, &o) == LUA_OK);
  run(L, "the token", code, 1);
  lua_close(L);
  CHECK("the token", m.found == 0);
  CHECK("the token", m.in_use == 0);
}

/* The same for the failing allocator: what a half-made client leaves. */
static void test_token_refused(const char *url) {
  memory m = {.watch = true};
  lua_State *L = open_state(&m);
  const celigo_options o = {.size = sizeof o, .token = TOKEN, .base_url = url};
  for (long due = 0; due < MAX_REFUSALS; due++) {
    lua_settop(L, 0);
    set_refusal(&m, REFUSE_FROM_NOW, due);
    int status = celigo_push_client(L, &o);
    m.mode = REFUSE_NONE;
    CHECK("a token refused", m.refused
                                 ? status == LUA_ERRMEM || status == LUA_OK
                                 : status == LUA_OK);
    if (!m.refused)
      break;
  }
  lua_close(L);
  CHECK("a token refused", m.found == 0);
  CHECK("a token refused", m.in_use == 0);
}

/* A port that takes connections and never says anything: its base URL. */
static void open_silent(char *url, size_t size) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t len = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 ||
      listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &len) != 0)
    abort();
  snprintf(url, size, "http://127.0.0.1:%d", ntohs(address.sin_port));
}

int main(int argc, char **argv) {
  char silent[64];
  memory m = {.mode = REFUSE_NONE};
  if (argc != 2) {
    printf("usage: test_alloc BASE_URL\n");
    return EXIT_FAILURE;
  }
  lua_State *L = open_state(&m);
  open_silent(silent, sizeof silent);
  lua_pushstring(L, argv[1]);
  lua_pushstring(L, silent);
  if (run(L, "prelude", prelude, 3))
    test_scenarios(L, &m);
  lua_close(L);
  CHECK("the state", m.in_use == 0);
  test_token(argv[1]);
  test_token_refused(argv[1]);
  return check_report();
}
