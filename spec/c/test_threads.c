/*
** test_threads.c - many states in many threads, in a host that uses libcurl
** itself: each thread has states of its own, and all begin at once, so that
** the first of them sets libcurl up. Built with ThreadSanitizer it shows what
** they share.
**
** Called with the base URL of a sandbox and, optionally, how many calls each
** thread makes.
*/
#include <pthread.h>

#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "celigo.h"
#include "check.h"
#include "script.h"

#define THREADS 8
#define STATES  4 /* of each thread, one after the other */
#define CALLS   1000

typedef struct worker {
  pthread_t thread;
  pthread_barrier_t *start;
  const char *url;
  int calls; /* of each state */
  int good;  /* calls that went well */
  char message[256];
} worker;

static int run_state(lua_State *L) {
  const worker *w = lua_touserdata(L, 1);
  const celigo_options o = {
      .size = sizeof o, .token = "host-token", .base_url = w->url};
  luaL_openlibs(L);
  luaL_requiref(L, "celigo", luaopen_celigo, 0);
  lua_setglobal(L, "celigo");
  script_load(L, "threads.lua");
  lua_getglobal(L, "celigo");
  if (celigo_push_client(L, &o) != LUA_OK)
    return lua_error(L);
  lua_pushstring(L, w->url);
  lua_pushinteger(L, w->calls);
  lua_call(L, 4, 1);
  return 1;
}

static void *work(void *ud) {
  worker *w = ud;
  pthread_barrier_wait(w->start);
  for (int i = 0; i < STATES; i++) {
    lua_State *L = luaL_newstate();
    if (L == NULL)
      abort();
    lua_pushcfunction(L, run_state);
    lua_pushlightuserdata(L, w);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK)
      w->good += (int)lua_tointeger(L, -1);
    else
      snprintf(w->message, sizeof w->message, "%s",
               luaL_tolstring(L, -1, NULL));
    lua_close(L);
  }
  return NULL;
}

static size_t swallow(char *data, size_t one, size_t len, void *ud) {
  (void)data;
  (void)ud;
  return one * len;
}

/* The host's own transfer; libcurl must be as good as ever. */
static long fetch(const char *url) {
  char target[512];
  long status = 0;
  CURL *curl = curl_easy_init();
  if (curl == NULL)
    return 0;
  snprintf(target, sizeof target, "%s/v1/connectors", url);
  struct curl_slist *headers =
      curl_slist_append(NULL, "Authorization: Bearer own");
  curl_easy_setopt(curl, CURLOPT_URL, target);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
  if (curl_easy_perform(curl) == CURLE_OK)
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  return status;
}

static void run_threads(const char *url, int calls) {
  static worker workers[THREADS];
  pthread_barrier_t start;
  pthread_barrier_init(&start, NULL, THREADS);
  for (int i = 0; i < THREADS; i++) {
    workers[i] =
        (worker){.start = &start, .url = url, .calls = calls / STATES};
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
      abort();
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(workers[i].thread, NULL);
    if (!CHECK("a thread", workers[i].good == calls / STATES * STATES))
      printf("  %d good calls: %s\n", workers[i].good, workers[i].message);
  }
  pthread_barrier_destroy(&start);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    printf("usage: test_threads BASE_URL [CALLS]\n");
    return EXIT_FAILURE;
  }
  run_threads(argv[1], argc > 2 ? (int)strtol(argv[2], NULL, 10) : CALLS);
  /* every state is closed: had one of them torn libcurl down, this and the
     next round would not do */
  CHECK("the host's libcurl", fetch(argv[1]) == 200);
  run_threads(argv[1], STATES);
  CHECK("the host's libcurl", fetch(argv[1]) == 200);
  return check_report();
}
