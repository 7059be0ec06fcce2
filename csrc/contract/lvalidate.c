/*
** lvalidate.c - checks values against the contract.
*/
#include "contract/lvalidate.h"

#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>

#include "common/quote.h"
#include "contract/email.h"
#include "time/datetime.h"

/* Pushes the types that a shape allows: "a string or a boolean"
   [-0, +1]. */
static void validate_push_expected(lua_State *L, unsigned types) {
  static const struct {
    unsigned bit;
    const char *name;
  } names[] = {
      {CEL_TYPE_STRING, "a string"},    {CEL_TYPE_BOOLEAN, "a boolean"},
      {CEL_TYPE_INTEGER, "an integer"}, {CEL_TYPE_NUMBER, "a number"},
      {CEL_TYPE_ARRAY, "an array"},     {CEL_TYPE_OBJECT, "an object"},
  };
  lua_pushliteral(L, "");
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if ((types & names[i].bit) == 0)
      continue;
    const char *before = lua_tostring(L, -1);
    lua_pushfstring(L, "%s%s%s", before, *before == '\0' ? "" : " or ",
                    names[i].name);
    lua_remove(L, -2);
  }
}

/* Pushes what the value at idx is, for a message [-0, +1]. */
static void validate_push_given(lua_State *L, unsigned types, int idx) {
  char quoted[CEL_QUOTE_SIZE];
  size_t len;
  const char *s;
  switch (lua_type(L, idx)) {
  case LUA_TSTRING:
    s = lua_tolstring(L, idx, &len);
    cel_quote(quoted, s, len);
    lua_pushstring(L, quoted);
    break;
  case LUA_TNUMBER:
    lua_pushvalue(L, idx);
    lua_tostring(L, -1);
    break;
  case LUA_TBOOLEAN:
    lua_pushstring(L, lua_toboolean(L, idx) ? "true" : "false");
    break;
  default:
    lua_pushstring(L, types == 0                ? "null"
                      : types == CEL_TYPE_ARRAY ? "an array"
                                                : "an object");
  }
}

void cel_validate_type(cel_faults *f, const cel_shape *shape, unsigned types,
                       int idx) {
  lua_State *L = f->L;
  if ((shape->types & types) != 0 || shape->types == CEL_TYPE_ANY)
    return;
  luaL_checkstack(L, 6, NULL);
  idx = lua_absindex(L, idx);
  lua_pushliteral(L, "expected ");
  validate_push_expected(L, shape->types);
  lua_pushliteral(L, ", got ");
  validate_push_given(L, types, idx);
  lua_concat(L, 4);
  cel_faults_invalid(f);
}

/* Adds a fault about a string's format; `reason` is NULL, or more about it
   [-0, +0]. */
static void validate_bad_format(cel_faults *f, const char *expected,
                                const char *s, size_t len,
                                const char *reason) {
  char quoted[CEL_QUOTE_SIZE];
  luaL_checkstack(f->L, 4, NULL);
  cel_quote(quoted, s, len);
  if (reason == NULL)
    lua_pushfstring(f->L, "expected %s, got %s", expected, quoted);
  else
    lua_pushfstring(f->L, "expected %s, got %s (%s)", expected, quoted,
                    reason);
  cel_faults_invalid(f);
}

static void validate_date_time(cel_faults *f, const char *s, size_t len) {
  int64_t millis;
  const char *reason = cel_datetime_parse(s, len, &millis);
  if (reason == NULL)
    return;
  if (reason == cel_datetime_malformed)
    reason = NULL; /* the example explains it better */
  validate_bad_format(f, "a date-time such as 2026-12-31T00:00:00Z", s, len,
                      reason);
}

void cel_validate_string(cel_faults *f, const cel_shape *shape, const char *s,
                         size_t len) {
  if ((shape->types & CEL_TYPE_STRING) == 0) {
    cel_validate_type(f, shape, CEL_TYPE_STRING, -1);
    return;
  }
  switch (shape->format) {
  case CEL_FORMAT_DATE_TIME:
    validate_date_time(f, s, len);
    break;
  case CEL_FORMAT_EMAIL:
    if (!cel_email_valid(s, len))
      validate_bad_format(f, "an e-mail address such as ann@example.com", s,
                          len, NULL);
    break;
  case CEL_FORMAT_EMAILS:
    if (!cel_emails_valid(s, len))
      validate_bad_format(f,
                          memchr(s, ',', len) == NULL
                              ? "an e-mail address such as ann@example.com"
                              : "e-mail addresses such as ann@example.com, "
                                "separated by commas",
                          s, len, NULL);
    break;
  case CEL_FORMAT_NONE:
  case CEL_FORMAT_OBJECT_ID:
    break;
  }
}

static bool validate_has(const cel_shape *shape, uint64_t seen,
                         const char *name) {
  const cel_field *field = cel_shape_field(shape, name, strlen(name));
  return (seen >> (field - shape->fields) & 1) != 0;
}

/* trialEnabled = true needs two more members [-0, +0]. */
static void validate_trial(cel_faults *f, const cel_shape *shape,
                           uint64_t seen, int idx) {
  static const char *const needed[] = {"trialPeriod", "_trialLicenseId"};
  lua_State *L = f->L;
  if (!validate_has(shape, seen, "trialEnabled"))
    return;
  luaL_checkstack(L, 2, NULL);
  lua_pushvalue(L, idx);
  lua_pushliteral(L, "trialEnabled");
  lua_rawget(L, -2);
  bool enabled = lua_isboolean(L, -1) && lua_toboolean(L, -1);
  lua_pop(L, 2);
  for (size_t i = 0; enabled && i < sizeof needed / sizeof needed[0]; i++)
    if (!validate_has(shape, seen, needed[i]))
      cel_faults_missing(f, needed[i], "when trialEnabled is true");
}

/* Whether the object at idx has a `type` [-0, +0]. */
static bool validate_has_kind(lua_State *L, int idx) {
  luaL_checkstack(L, 2, NULL);
  lua_pushvalue(L, idx);
  lua_pushliteral(L, "type");
  lua_rawget(L, -2);
  bool has = !lua_isnil(L, -1) && !lua_islightuserdata(L, -1);
  lua_pop(L, 2);
  return has;
}

void cel_validate_filled(cel_faults *f, unsigned types, bool empty) {
  if (types != 0 && !empty)
    return;
  luaL_checkstack(f->L, 1, NULL);
  lua_pushfstring(f->L, "expected at least one, got %s; leave it out for all",
                  types == 0 ? "null" : "an empty array");
  cel_faults_invalid(f);
}

void cel_validate_names(cel_faults *f, const cel_shape *shape,
                        uint64_t present, int idx) {
  lua_State *L = f->L;
  luaL_checkstack(L, 4, NULL);
  lua_pushnil(L);
  while (lua_next(L, idx) != 0) {
    lua_pop(L, 1);
    size_t len;
    const char *name = lua_tolstring(L, -1, &len); /* all keys are strings */
    if (cel_shape_field(shape, name, len) != NULL)
      continue;
    const cel_field *meant = cel_shape_slip(shape, name, len, present);
    if (meant != NULL || shape->closed)
      cel_faults_unknown(f, meant == NULL ? NULL : meant->name);
  }
}

void cel_validate_members(cel_faults *f, const cel_shape *shape, uint64_t seen,
                          int idx) {
  bool lenient = shape->kinds && validate_has_kind(f->L, idx);
  for (size_t i = 0; i < shape->nfields; i++)
    if (shape->fields[i].required && !lenient && (seen >> i & 1) == 0)
      cel_faults_missing(f, shape->fields[i].name, NULL);
  if (shape->trial_rule)
    validate_trial(f, shape, seen, idx);
}
