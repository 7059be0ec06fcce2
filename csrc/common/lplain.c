/*
** lplain.c - makes a text from outside safe to print in a terminal or a log.
*/
#include "common/lplain.h"

#include <stdbool.h>

#include <lauxlib.h>

#include "common/quote.h"
#include "common/utf8.h"

/* How many bytes from s on can stay as they are: printable ASCII. */
static size_t plain_length(const char *s, size_t n) {
  size_t i = 0;
  while (i < n && s[i] >= ' ' && s[i] < 0x7F)
    i++;
  return i;
}

/* One character that is not printable ASCII; returns how many bytes it is. */
static size_t add_character(luaL_Buffer *b, const char *s, size_t n,
                            bool json) {
  static const char hex[] = "0123456789abcdef";
  char escape[CEL_QUOTE_CHAR];
  size_t used;
  size_t len = cel_quote_escape(escape, s, n, &used);
  if (len == 0) {
    luaL_addlstring(b, s, used);
  } else if (json) {
    unsigned long code =
        cel_utf8_length(s, n) == 0 ? 0xFFFD : cel_utf8_code(s, used);
    luaL_addstring(b, "\\u");
    for (int shift = 12; shift >= 0; shift -= 4)
      luaL_addchar(b, hex[code >> shift & 15]);
  } else if ((unsigned char)s[0] < 0x80) {
    while (used < n && (unsigned char)s[used] < ' ')
      used++;
    luaL_addchar(b, ' ');
  } else {
    luaL_addlstring(b, escape, len);
  }
  return used;
}

int cel_l_plain(lua_State *L) {
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  bool json = lua_toboolean(L, 2);
  size_t at = plain_length(s, len);
  luaL_Buffer b;
  lua_settop(L, 1);
  if (at == len)
    return 1;
  luaL_buffinit(L, &b);
  luaL_addlstring(&b, s, at);
  while (at < len) {
    at += add_character(&b, s + at, len - at, json);
    size_t n = plain_length(s + at, len - at);
    luaL_addlstring(&b, s + at, n);
    at += n;
  }
  luaL_pushresult(&b);
  return 1;
}
