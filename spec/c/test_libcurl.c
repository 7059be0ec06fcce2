/*
** test_libcurl.c WHAT - a host with a libcurl that lacks something:
**
**   old      a version that is no longer taken
**   plain    built without TLS
**   options  does not know an option that the client sets
**
** test_libcurl.c anchors BUNDLE DIRECTORY SCRIPT - a host with a libcurl that
** was built with these places for trust anchors. Runs a Lua script that checks
** what it likes with `check(row, condition)`; `uses_directory()` tells whether
** the newest handle looks into the directory.
**
** The program's own functions take the place of libcurl's for the module that
** it loads, and hand on to the real ones.
*/
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* RTLD_NEXT */
#endif

#include <dlfcn.h>
#include <stdarg.h>

#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "check.h"
#include "script.h"

static const char *what;
static const char *bundle, *directory; /* NULL: as libcurl has them */
static bool uses_directory;

static bool is(const char *name) {
  return strcmp(what, name) == 0;
}

curl_version_info_data *curl_version_info(CURLversion age) {
  static curl_version_info_data changed;
  curl_version_info_data *(*real)(CURLversion);
  *(void **)&real = dlsym(RTLD_NEXT, "curl_version_info");
  changed = *real(age);
  if (is("old")) {
    changed.version = "7.87.0";
    changed.version_num = 0x075700;
  }
  if (is("plain")) {
    changed.features &= ~CURL_VERSION_SSL;
    changed.ssl_version = NULL;
  }
  return &changed;
}

#undef curl_easy_setopt
CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...) {
  CURLcode (*real)(CURL *, CURLoption, ...);
  va_list rest;
  CURLcode code;
  *(void **)&real = dlsym(RTLD_NEXT, "curl_easy_setopt");
  if (is("options") && option == CURLOPT_QUICK_EXIT)
    return CURLE_UNKNOWN_OPTION;
  va_start(rest, option);
  if (option < CURLOPTTYPE_OBJECTPOINT) {
    code = real(curl, option, va_arg(rest, long));
  } else if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB) {
    curl_off_t large = va_arg(rest, curl_off_t);
    code = real(curl, option, large);
  } else {
    void *value = va_arg(rest, void *);
    uses_directory = option == CURLOPT_CAPATH ? value != NULL : uses_directory;
    code = real(curl, option, value);
  }
  va_end(rest);
  return code;
}

CURL *curl_easy_init(void) {
  CURL *(*real)(void);
  *(void **)&real = dlsym(RTLD_NEXT, "curl_easy_init");
  CURL *c = real();
  if (c != NULL && bundle != NULL) {
    curl_easy_setopt(c, CURLOPT_CAINFO, bundle);
    curl_easy_setopt(c, CURLOPT_CAPATH, directory);
  }
  return c;
}

#undef curl_easy_getinfo
CURLcode curl_easy_getinfo(CURL *curl, CURLINFO info, ...) {
  CURLcode (*real)(CURL *, CURLINFO, ...);
  va_list rest;
  *(void **)&real = dlsym(RTLD_NEXT, "curl_easy_getinfo");
  va_start(rest, info);
  void *into = va_arg(rest, void *);
  va_end(rest);
  if (bundle == NULL || (info != CURLINFO_CAINFO && info != CURLINFO_CAPATH))
    return real(curl, info, into);
  *(const char **)into = info == CURLINFO_CAINFO ? bundle : directory;
  return CURLE_OK;
}

static int l_check(lua_State *L) {
  CHECK(luaL_checkstring(L, 1), lua_toboolean(L, 2));
  return 0;
}

static int l_uses_directory(lua_State *L) {
  lua_pushboolean(L, uses_directory);
  return 1;
}

static void run_script(lua_State *L, char **arguments) {
  bundle = arguments[0];
  directory = arguments[1];
  lua_register(L, "check", l_check);
  lua_register(L, "uses_directory", l_uses_directory);
  if (!CHECK(what, luaL_dostring(L, arguments[2]) == LUA_OK))
    printf("  %s\n", luaL_tolstring(L, -1, NULL));
}

/* What scripts/libcurl.lua says of a base URL. */
static void check_new(lua_State *L, const char *base_url, const char *wanted) {
  int top = lua_gettop(L);
  script_load(L, "libcurl.lua");
  lua_pushstring(L, base_url);
  int status = lua_pcall(L, 1, 1, 0);
  const char *said = luaL_tolstring(L, -1, NULL);
  if (!CHECK(what, status == LUA_OK && strstr(said, wanted) != NULL))
    printf("  %s\n", said);
  lua_settop(L, top);
}

int main(int argc, char **argv) {
  if (argc < 2)
    return EXIT_FAILURE;
  what = argv[1];
  lua_State *L = luaL_newstate();
  if (L == NULL)
    return EXIT_FAILURE;
  luaL_openlibs(L);
  CHECK("the real one is linked", curl_version() != NULL);
  const char *https = "https://celigo.example";
  const char *http = "http://127.0.0.1:9";
  if (is("anchors") && argc == 5) {
    run_script(L, argv + 2);
  } else if (is("old")) {
    check_new(L, https,
              "libcurl 7.88.0 or newer is needed; this is libcurl 7.87.0");
    check_new(L, http, "this is libcurl 7.87.0");
  } else if (is("plain")) {
    check_new(L, https, "lacks TLS, which https:// needs");
    check_new(L, http, "made");
  } else {
    check_new(L, https, "lacks CURLOPT_QUICK_EXIT; install one that has it");
  }
  lua_close(L);
  return check_report();
}
