/*
** test_bomb.c BASE_URL WHAT [CA_FILE] - a C host with a memory limit, and a
*server that
** sends far more than fits. WHAT is "memory", where each call is to be Lua's
** memory error, or the code that errors are to have. What is resident does not
** pass the limit by much, libcurl's buffers included.
*/
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "celigo.h"
#include "check.h"
#include "script.h"
#include "state.h"

#define MIB ((size_t)1024 * 1024)

/* Of a state. A tool that watches the program has memory of its own, and is
   slow: a small limit is met as well. */
static size_t limit_of_state(void) {
  return (getenv("CELIGO_TEST_WRAPPER") == NULL ? 16 : 2) * MIB;
}

/* Of the process: the program, its libraries and libcurl's buffers come on
   top. */
static size_t limit_of_process(void) {
  return limit_of_state() + 20 * MIB;
}

typedef struct memory {
  size_t in_use, limit; /* bytes */
} memory;

static void *allocate(void *ud, void *ptr, size_t osize, size_t nsize) {
  memory *m = ud;
  size_t old = ptr == NULL ? 0 : osize;
  if (nsize > old && m->in_use - old + nsize > m->limit)
    return NULL;
  void *block = NULL;
  if (nsize == 0)
    free(ptr);
  else
    block = realloc(ptr, nsize);
  if (block == NULL && nsize > 0)
    return NULL;
  m->in_use = m->in_use - old + nsize;
  return block;
}

/* Has the C library give large blocks back when they are freed. Else glibc
   keeps the larger ones for later, once it has seen some: twice the limit was
   resident then, and how much was a matter of luck. */
static void keep_no_blocks(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
#endif
}

/* The most memory that was resident, in bytes; 0 where it cannot be told, or
   where a tool that watches the program has its own. */
static size_t peak(void) {
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) &&                   \
    !defined(__SANITIZE_THREAD__)
  char line[200];
  size_t kib = 0;
  FILE *f = getenv("CELIGO_TEST_WRAPPER") == NULL
                ? fopen("/proc/self/status", "r")
                : NULL;
  if (f == NULL)
    return 0;
  while (fgets(line, sizeof line, f) != NULL)
    if (strncmp(line, "VmHWM:", 6) == 0)
      kib = (size_t)strtoul(line + 6, NULL, 10);
  fclose(f);
  return kib * 1024;
#else
  return 0;
#endif
}

/* Functions of scripts/bomb.lua. */
static const char *const calls[] = {"list",   "get",  "create",
                                    "submit", "walk", "map"};

/* The code of the error that a call returned, or raised, or of its first
   item: [-all, +1] */
static const char *code_of(lua_State *L) {
  script_push(L, "code_of");
  lua_insert(L, 1);
  if (lua_pcall(L, lua_gettop(L) - 1, 1, 0) != LUA_OK)
    abort();
  return lua_tostring(L, -1);
}

static void run(lua_State *L, memory *m, const char *call, const char *want) {
  lua_settop(L, 0);
  lua_gc(L, LUA_GCCOLLECT);
  script_push(L, call);
  m->limit = limit_of_state();
  int status = lua_pcall(L, 0, LUA_MULTRET, 0);
  m->limit = SIZE_MAX;
  if (strcmp(want, "memory") == 0) {
    if (!CHECK(call, is_memory_error(L, status)))
      printf("  %s\n", code_of(L));
  } else if (!CHECK(call, strcmp(code_of(L), want) == 0)) {
    printf("  %s\n", lua_tostring(L, -1));
  }
}

int main(int argc, char **argv) {
  memory m = {.limit = SIZE_MAX};
  if (argc < 3) {
    printf("usage: test_bomb BASE_URL WHAT [CA_FILE]\n");
    return EXIT_FAILURE;
  }
  keep_no_blocks();
  celigo_options o = {.size = sizeof o,
                      .token = "host-token",
                      .base_url = argv[1],
                      .ca_file = argv[3],
                      .max_response_bytes = 1024 * MIB,
                      .max_retries = -1};
  for (int retries = 0; retries < 2; retries++) {
    lua_State *L = new_state(allocate, &m);
    if (L == NULL)
      abort();
    luaL_openlibs(L);
    CHECK("a client", celigo_push_client(L, &o) == LUA_OK);
    lua_setglobal(L, "client");
    script_open(L, "bomb.lua");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
      size_t before = peak();
      run(L, &m, calls[i], argv[2]);
      size_t after = peak();
      if (!CHECK(calls[i], before == 0 || after < limit_of_process()))
        printf("  %zu MiB resident, %zu before\n", after / MIB, before / MIB);
    }
    lua_close(L);
    CHECK("the state", m.in_use == 0);
    o.max_retries = 3;
  }
  return check_report();
}
