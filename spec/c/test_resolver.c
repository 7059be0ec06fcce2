/*
** test_resolver.c - a resolver that never answers keeps nobody: a call ends
** by its deadline, is cancelled and closed at once, and a host may close its
** state, which unloads the module, while a thread of libcurl's still waits
** for the resolver.
**
** The program's own getaddrinfo() takes the place of the C library's, also
** for libcurl. It answers when the gate is opened, which is when all is over.
*/
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "check.h"
#include "script.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool open_gate;
static int asked, answered;

int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **found) {
  (void)node;
  (void)service;
  (void)hints;
  *found = NULL;
  pthread_mutex_lock(&lock);
  asked++;
  pthread_cond_broadcast(&changed);
  while (!open_gate)
    pthread_cond_wait(&changed, &lock);
  answered++;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  return EAI_FAIL;
}

static int read_counter(const int *counter) {
  pthread_mutex_lock(&lock);
  int n = *counter;
  pthread_mutex_unlock(&lock);
  return n;
}

/* What a script sees: how many lookups have begun, and how many ended. */
static int l_lookups(lua_State *L) {
  lua_pushinteger(L, read_counter(&asked));
  lua_pushinteger(L, read_counter(&answered));
  return 2;
}

static void open_the_gate(void) {
  pthread_mutex_lock(&lock);
  open_gate = true;
  pthread_cond_broadcast(&changed);
  while (answered < asked)
    pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
  /* The threads end some time after that; nobody can wait for them. */
  nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
}

int main(void) {
  lua_State *L = luaL_newstate();
  if (L == NULL)
    return 1;
  luaL_openlibs(L);
  lua_register(L, "lookups", l_lookups);
  script_load(L, "resolver.lua");
  bool good = CHECK("a resolver", lua_pcall(L, 0, 0, 0) == LUA_OK);
  if (!good)
    printf("  %s\n", luaL_tolstring(L, -1, NULL));
  lua_close(L);
  CHECK("after the state", read_counter(&answered) == 0);
  open_the_gate();
  return check_report();
}
