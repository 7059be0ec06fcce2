/*
** bench.clock - the two clocks of the Lua peers, and a pause.
**
** A library of its own, so that no peer needs a socket library in memory to
** know the time.
*/
#include <errno.h>
#include <time.h>

#include <lauxlib.h>
#include <lua.h>

static double clock_read(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* now() -> seconds of CPU time (user and system) of this process, and
   seconds on a steady clock [-0, +2] */
static int l_now(lua_State *L) {
  lua_pushnumber(L, clock_read(CLOCK_PROCESS_CPUTIME_ID));
  lua_pushnumber(L, clock_read(CLOCK_MONOTONIC));
  return 2;
}

/* sleep(seconds) [-0, +0] */
static int l_sleep(lua_State *L) {
  double s = luaL_checknumber(L, 1);
  struct timespec t;
  t.tv_sec = (time_t)s;
  t.tv_nsec = (long)((s - (double)t.tv_sec) * 1e9);
  while (nanosleep(&t, &t) != 0 && errno == EINTR) {
  }
  return 0;
}

int luaopen_bench_clock(lua_State *L);

int luaopen_bench_clock(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"now", l_now}, {"sleep", l_sleep}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
