/*
** fuzz_scripts.c - libFuzzer target: random scripts over the library's whole
** surface, in a host with a memory limit and a count hook, against a server in
** a thread of this process. scripts/fuzz.lua makes calls of the input's bytes:
** the same input is the same script.
**
** A script must not crash the host, see the host's token, run on after the
** hook, or leave memory behind when its state closes.
*/
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "celigo.h"
#include "script.h"
#include "state.h"

#define TOKEN "the-token-of-the-host-9876543210"
#define PIECE 8 /* bytes of it that no script may see */
#define LIMIT ((size_t)24 * 1024 * 1024)
#define TIME  3.0 /* seconds of a script */

static char base_url[64];

/* {====== The server: an answer for each request, by a letter of its path */

#define HEAD(status)                                                          \
  "HTTP/1.1 " status "\r\nConnection: close\r\nContent-Type: "                \
  "application/json\r\n"
#define BODY(status, length, text)                                            \
  HEAD(status) "Content-Length: " length "\r\n\r\n" text

static const char *const answers[] = {
    BODY("200 OK", "24", "{\"_id\":\"a\",\"name\":\"n\"}  "),
    BODY("200 OK", "26", "[{\"_id\":\"a\"},{\"_id\":\"b\"}] "),
    HEAD("200 OK") "Link: </v1/b?skip=1>; rel=\"next\"\r\n"
                   "Content-Length: 3\r\n\r\n[1]",
    HEAD("200 OK") "Link: </v1/c>; rel='next\r\nContent-Length: 3\r\n\r\n[1]",
    BODY("204 No Content", "0", ""),
    BODY("404 Not Found", "51",
         "{\"errors\":[{\"code\":\"invalid_ref\",\"message\":\"no\"}]}  "),
    BODY("401 Unauthorized", "16", "{\"message\":\"no\"}"),
    HEAD("429 Too Many") "Retry-After: 0\r\nContent-Length: 2\r\n\r\n{}",
    BODY("500 Error", "13", "<html>\x9b\xe2\x80\xae</p>"),
    BODY("200 OK", "100", "[{\"cut\":"),
    "\x01\x02 no HTTP\r\n\r\n",
    "",
    HEAD("200 OK") "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\n"
                   "\x1f\x8b\x08zz",
    HEAD("200 OK") "Transfer-Encoding: chunked\r\n\r\n"
                   "5\r\n[[[[[\r\n5\r\n]]]]]\r\n0\r\nX: y\r\n\r\n",
};
#define ANSWERS (sizeof answers / sizeof *answers)

static void send_all(int s, const char *text, size_t len) {
  while (len > 0) {
    ssize_t n = send(s, text, len, MSG_NOSIGNAL);
    if (n <= 0)
      return;
    text += n;
    len -= (size_t)n;
  }
}

/* Answers with what was sent, as a message of the service. */
static void send_echo(int s, const char *request) {
  char body[3000];
  char head[200];
  size_t n = (size_t)snprintf(body, sizeof body, "{\"message\":\"");
  for (; *request != '\0' && n < 2900; request++)
    if (*request >= ' ' && *request != '"' && *request != '\\')
      body[n++] = *request;
  n += (size_t)snprintf(body + n, sizeof body - n, "\"}");
  int len =
      snprintf(head, sizeof head,
               HEAD("422 Unprocessable") "Content-Length: %zu\r\n\r\n", n);
  send_all(s, head, (size_t)len);
  send_all(s, body, n);
}

/* Reads a request's head, and as much of its body as comes with it. */
static void serve(int s) {
  char request[8192];
  size_t len = 0;
  request[0] = '\0';
  while (len + 1 < sizeof request && strstr(request, "\r\n\r\n") == NULL) {
    ssize_t n = recv(s, request + len, sizeof request - 1 - len, 0);
    if (n <= 0)
      return;
    len += (size_t)n;
    request[len] = '\0';
  }
  const char *line = strchr(request, ' ');
  size_t sum = 0; /* of the path's bytes */
  while (line != NULL && *++line != ' ' && *line != '\0')
    sum += (unsigned char)*line;
  size_t which = sum % (ANSWERS + 1);
  if (which == ANSWERS)
    send_echo(s, request);
  else
    send_all(s, answers[which], strlen(answers[which]));
  const struct timeval brief = {.tv_usec = 5000};
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief);
  shutdown(s, SHUT_WR); /* what is still sent must not reset it */
  while (recv(s, request, sizeof request, 0) > 0)
    ;
}

static void *run_connection(void *ud) {
  int s = (int)(intptr_t)ud;
  const struct timeval patience = {.tv_sec = 1};
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  serve(s);
  close(s);
  return NULL;
}

/* A thread for each connection: one that sends nothing, for its script has
   stopped to look, must not keep others waiting. */
static void *run_server(void *ud) {
  int listener = *(const int *)ud;
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  for (;;) {
    pthread_t thread;
    int s = accept(listener, NULL, NULL);
    if (s >= 0 &&
        pthread_create(&thread, &attr, run_connection, (void *)(intptr_t)s))
      close(s);
  }
  return NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  static int listener;
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t size = sizeof address;
  pthread_t thread;
  (void)argc;
  (void)argv;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || bind(listener, (void *)&address, size) != 0 ||
      listen(listener, 64) != 0 ||
      getsockname(listener, (void *)&address, &size) != 0 ||
      pthread_create(&thread, NULL, run_server, &listener) != 0)
    abort();
  snprintf(base_url, sizeof base_url, "http://127.0.0.1:%d",
           (int)ntohs(address.sin_port));
  return 0;
}

/* }====== */

/* {====== The host */

typedef struct host {
  size_t in_use; /* bytes */
  double end;    /* of the script's time */
} host;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *allocate(void *ud, void *ptr, size_t osize, size_t nsize) {
  host *h = ud;
  size_t old = ptr == NULL ? 0 : osize;
  if (nsize > old && h->in_use - old + nsize > LIMIT)
    return NULL;
  void *block = NULL;
  if (nsize == 0)
    free(ptr);
  else if ((block = realloc(ptr, nsize)) == NULL)
    return NULL;
  h->in_use = h->in_use - old + nsize;
  return block;
}

static void on_count(lua_State *L, lua_Debug *ar) {
  void *ud;
  (void)ar;
  lua_getallocf(L, &ud);
  const host *h = ud;
  if (now() < h->end)
    return;
  lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
  luaL_error(L, "the script's time is up");
}

#if defined(__clang__)
#define UNTRACED __attribute__((no_sanitize("coverage")))
#else
#define UNTRACED
#endif

/* look(...): ends the process where a string holds a piece of the token. It is
   no part of what is tried. */
UNTRACED static int l_look(lua_State *L) {
  for (int i = 1; i <= lua_gettop(L); i++) {
    size_t len;
    const char *s =
        lua_type(L, i) == LUA_TSTRING ? lua_tolstring(L, i, &len) : NULL;
    for (; s != NULL && len >= PIECE; s++, len--)
      for (size_t k = 0; k + PIECE < sizeof TOKEN; k++)
        if (s[0] == TOKEN[k] && memcmp(s, &TOKEN[k], PIECE) == 0)
          abort();
  }
  return 0;
}

static int run(lua_State *L) {
  const celigo_options o = {.size = sizeof o,
                            .token = TOKEN,
                            .base_url = base_url,
                            .timeout = 2,
                            .max_retries = -1};
  luaL_openlibs(L);
  luaL_requiref(L, "celigo", luaopen_celigo, 1);
  lua_register(L, "look", l_look);
  if (celigo_push_client(L, &o) != LUA_OK)
    return lua_error(L);
  lua_setglobal(L, "client");
  lua_pushstring(L, base_url);
  lua_setglobal(L, "url");
  if (luaL_dostring(L, "loop = require 'celigo.loop'") != LUA_OK)
    return lua_error(L);
  static const char *const none[] = {"debug", "io",      "os",     "package",
                                     "load",  "require", "dofile", "loadfile"};
  script_load(L, "fuzz.lua");
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    lua_pushnil(L);
    lua_setglobal(L, none[i]);
  }
  lua_sethook(L, on_count, LUA_MASKCOUNT, 1000);
  lua_pushvalue(L, 1);
  lua_call(L, 1, 0);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  host h = {.end = now() + TIME};
  lua_State *L = new_state(allocate, &h);
  if (L == NULL)
    abort();
  lua_pushcfunction(L, run);
  lua_pushlstring(L, (const char *)data, size < 512 ? size : 512);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK && getenv("FUZZ_SHOW") != NULL)
    printf("%s\n", luaL_tolstring(L, -1, NULL));
  lua_sethook(L, NULL, 0, 0);
  lua_close(L);
  if (h.in_use != 0) {
    printf("%zu bytes are left behind\n", h.in_use);
    abort();
  }
  return 0;
}

/* }====== */
