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
#include "script.h"
#include "state.h"

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

/* One of scripts/alloc.lua. */
typedef struct scenario {
  lua_Integer number;
  const char *name;
} scenario;

/* Calls the function below its `nargs` arguments. */
static bool run(lua_State *L, const char *row, int nargs) {
  bool good = lua_pcall(L, nargs, 0, 0) == LUA_OK;
  if (!CHECK(row, good)) {
    printf("  %s\n", luaL_tolstring(L, -1, NULL));
    lua_settop(L, 0);
  }
  return good;
}

/* Pushes a member of a scenario: [-0, +1]; its type, LUA_TNIL behind the last
   scenario. */
static int push_scenario(lua_State *L, lua_Integer number,
                         const char *member) {
  script_push(L, "scenarios");
  lua_geti(L, -1, number);
  lua_remove(L, -2);
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, member);
    lua_remove(L, -2);
  }
  return lua_type(L, -1);
}

/* The function is there beforehand: Lua's compiler is not at stake. The error
   object is looked at once there is memory again. */
static int attempt(lua_State *L, memory *m, const scenario *s, refusal mode,
                   long due) {
  push_scenario(L, s->number, "run");
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
    good = CHECK(row,
                 status == LUA_OK || (refused && is_memory_error(L, status)));
    if (!good)
      printf("  status %d: %s\n", status, luaL_tolstring(L, -1, NULL));
    lua_settop(L, 0);
    script_push(L, "afterwards");
    good = run(L, row, 0) && good;
    if (!refused)
      break;
  }
  good = CHECK(s->name, due > 10 && due < MAX_REFUSALS) && good;
  printf("%s: %ld refusals\n", s->name, due);
  return good;
}

static void test_scenarios(lua_State *L, memory *m) {
  for (lua_Integer i = 1;; i++) {
    if (push_scenario(L, i, "name") != LUA_TSTRING)
      break;
    char name[80];
    snprintf(name, sizeof name, "%s", lua_tostring(L, -1));
    const scenario *s = &(scenario){.number = i, .name = name};
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
  lua_State *L = new_state(allocate, m);
  if (L == NULL)
    abort();
  luaL_openlibs(L);
  luaL_requiref(L, "celigo", luaopen_celigo, 0);
  return L;
}

/* Calls of every kind, then the end of the client and of the state: no
   block that is given back holds the token. */
static void test_token(const char *url) {
  memory m = {.watch = true};
  lua_State *L = open_state(&m);
  const celigo_options o = {.size = sizeof o, .token = TOKEN, .base_url = url};
  lua_settop(L, 0);
  CHECK("the token", celigo_push_client(L, &o) == LUA_OK);
  script_load(L, "token.lua");
  lua_insert(L, 1);
  run(L, "the token", 1);
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
    CHECK("a token refused",
          m.refused ? is_memory_error(L, status) || status == LUA_OK
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
  script_open(L, "alloc.lua");
  script_push(L, "prepare");
  lua_insert(L, 1);
  lua_pushstring(L, argv[1]);
  open_silent(silent, sizeof silent);
  lua_pushstring(L, silent);
  if (run(L, "prepare", 3))
    test_scenarios(L, &m);
  lua_close(L);
  CHECK("the state", m.in_use == 0);
  test_token(argv[1]);
  test_token_refused(argv[1]);
  return check_report();
}
