/*
** loptions.h - strict option tables: every key is known, every value has
** the type and range that its row says.
*/
#ifndef CEL_LOPTIONS_H
#define CEL_LOPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

typedef enum cel_option_type {
  CEL_OPTION_STRING,
  CEL_OPTION_BOOLEAN,
  CEL_OPTION_NUMBER,
  CEL_OPTION_INTEGER,
  CEL_OPTION_FUNCTION,
  CEL_OPTION_TABLE,
  CEL_OPTION_OTHER /* whoever uses it checks it */
} cel_option_type;

typedef struct cel_option {
  const char *name;
  cel_option_type type;
  double min, max;      /* for numbers */
  const char *expected; /* in words, a number's range apart; NULL: the type */
} cel_option;

/*
** Checks the table at idx against n rows [-0, +0]. A key without a row, a
** wrong type or a value out of range raises, with the caller's position, an
** error that begins with `what` and names the option and what was expected.
** nil or nothing at idx is an empty table; anything but a table raises, and
** so does one that stands for another, by __index or __pairs, for it is read
** without metamethods.
*/
void cel_options_check(lua_State *L, int idx, const cel_option *rows, size_t n,
                       const char *what);

/* Values of options that have been checked; the default where the option,
   or the whole table, is not there [-0, +0]. */
double cel_option_number(lua_State *L, int idx, const char *name,
                         double otherwise);
bool cel_option_boolean(lua_State *L, int idx, const char *name,
                        bool otherwise);

/* Pushes the option or nil; true where there is one [-0, +1]. */
bool cel_option_push(lua_State *L, int idx, const char *name);

/* Raises "what: option 'name' ..., expected ..., got ..." about the value on
   top. */
int cel_option_error(lua_State *L, const char *what, const char *name,
                     const char *expected);

/* Pushes what the row wants, for people; the value given is on top
   [-0, +1 to 3]. */
const char *cel_option_expected(lua_State *L, const cel_option *row);

/* Whether one of n rows has this name. */
bool cel_option_is(const cel_option *rows, size_t n, const char *name);

/* core.nearest(word, names), a lua_CFunction. */
int cel_l_nearest(lua_State *L);

/* Makes the table of methods on top say which of them was meant when one is
   asked for that it has not; `otherwise` is said where none is near. The
   metatable below it refuses fields that are set, with `where` the values
   belong [-0, +0]. */
void cel_suggest_methods(lua_State *L, const char *class_name,
                         const char *otherwise, const char *where);

#endif
