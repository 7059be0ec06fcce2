/*
** ltime.c - the service's date-times for Lua: converts seconds since 1970 to
** text and back.
*/
#include "time/ltime.h"

#include <math.h>
#include <stdint.h>

#include <lauxlib.h>

#include "common/lmisuse.h"
#include "common/quote.h"
#include "time/datetime.h"

/* Seconds before or after 1970 that are certainly beyond years of four digits.
   Up to here milliseconds fit into 64 bits. */
#define TIME_MAX_SECONDS 1000000000000

/* Rounds seconds to milliseconds; false if that is beyond any date. Whole
   seconds and the fraction are converted separately, so that a large number
   loses nothing. */
static bool time_millis(double seconds, int64_t *millis) {
  if (!(fabs(seconds) < (double)TIME_MAX_SECONDS))
    return false;
  double whole = floor(seconds);
  double fraction = floor((seconds - whole) * 1000 + 0.5);
  *millis = (int64_t)whole * 1000 + (int64_t)fraction;
  return true;
}

/***
@module celigo
*/

/***
Writes a point in time as the service writes them: ISO 8601 in UTC with
milliseconds.

@function timestamp
@tparam number seconds since 1970-01-01T00:00:00Z, as os.time() gives them; a
fraction is rounded to the nearest millisecond
@treturn string such as "2026-12-31T00:00:00.000Z"
@raise where seconds is no number, not finite, or outside the years 0000 to
9999
@usage
license.expires = celigo.timestamp(os.time() + 30 * 86400)
assert(celigo.timestamp(0) == "1970-01-01T00:00:00.000Z")
*/
/* [-0, +1] */
static int l_timestamp(lua_State *L) {
  char text[CEL_DATETIME_SIZE];
  int64_t millis = 0;
  cel_misuse_colon(L, "celigo.timestamp", "celigo.timestamp(seconds)");
  cel_misuse_type(L, "celigo.timestamp", LUA_TNUMBER,
                  "seconds, such as os.time()");
  if (lua_isinteger(L, 1)) {
    lua_Integer seconds = lua_tointeger(L, 1);
    bool near = seconds > -TIME_MAX_SECONDS && seconds < TIME_MAX_SECONDS;
    luaL_argcheck(L, near, 1, "outside the years 0000 to 9999");
    millis = (int64_t)seconds * 1000;
  } else {
    double seconds = lua_tonumber(L, 1);
    luaL_argcheck(L, isfinite(seconds), 1, "expected a finite number");
    luaL_argcheck(L, time_millis(seconds, &millis), 1,
                  "outside the years 0000 to 9999");
  }
  luaL_argcheck(L, cel_datetime_format(millis, text), 1,
                "outside the years 0000 to 9999");
  lua_pushstring(L, text);
  return 1;
}

/* Pushes what is wrong with a text [-0, +1]. */
static void time_push_fault(lua_State *L, const char *text, size_t len,
                            const char *reason) {
  char quoted[CEL_QUOTE_SIZE];
  cel_quote(quoted, text, len);
  lua_pushfstring(L,
                  "expected a date-time such as 2026-12-31T00:00:00Z, "
                  "got %s",
                  quoted);
  if (reason != cel_datetime_malformed) {
    lua_pushfstring(L, " (%s)", reason);
    lua_concat(L, 2);
  }
}

/***
Reads a date-time of RFC 3339, with any offset from UTC and any number of
digits after the second; what is finer than a millisecond is cut.

@function parse_timestamp
@tparam string text such as "2026-12-31T00:00:00.000Z"
@treturn[1] number seconds since 1970-01-01T00:00:00Z: an integer, or a float
where there is a fraction of a second
@return[2] nil
@treturn[2] string what is wrong with the text
@raise where text is no string
@usage
local left = assert(celigo.parse_timestamp(license.expires)) - os.time()
print(("%d days left"):format(left // 86400))
*/
/* [-0, +1 or +2] */
static int l_parse_timestamp(lua_State *L) {
  size_t len;
  int64_t millis;
  cel_misuse_colon(L, "celigo.parse_timestamp",
                   "celigo.parse_timestamp(text)");
  cel_misuse_type(L, "celigo.parse_timestamp", LUA_TSTRING,
                  "a text such as \"2026-12-31T00:00:00.000Z\"");
  const char *text = lua_tolstring(L, 1, &len);
  const char *reason = cel_datetime_parse(text, len, &millis);
  if (reason != NULL) {
    lua_pushnil(L);
    time_push_fault(L, text, len, reason);
    return 2;
  }
  if (millis % 1000 == 0)
    lua_pushinteger(L, millis / 1000);
  else
    lua_pushnumber(L, (lua_Number)millis / 1000);
  return 1;
}

int cel_open_time(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"timestamp", l_timestamp},
      {"parse_timestamp", l_parse_timestamp},
      {NULL, NULL},
  };
  luaL_newlib(L, functions);
  return 1;
}
