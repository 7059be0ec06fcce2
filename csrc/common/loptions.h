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
  CEL_OPTION_OTHER /* no type: the caller checks the value */
} cel_option_type;

typedef struct cel_option {
  const char *name;
  cel_option_type type;
  double min, max;      /* for numbers */
  const char *expected; /* in words, without a number's range; NULL: the name
                           of the type */
} cel_option;

/*
** Checks the table at idx against n rows [-0, +0]. An unknown key, a wrong
** type or a value out of range raises an error with the caller's position. It
** begins with `what`, and names the option and what was expected. Where idx
** holds nil or nothing, there are no options. Anything else that is not a
** table raises, and so does a table whose metatable has __index or __pairs,
** because it is read without metamethods.
*/
void cel_options_check(lua_State *L, int idx, const cel_option *rows, size_t n,
                       const char *what);

/* Values of options that have been checked. `otherwise` is the default, for
   where the option or the whole table is missing [-0, +0]. */
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

/* Pushes what the row expects, in words. The value that was given is on top
   [-0, +1 to 3]. */
const char *cel_option_expected(lua_State *L, const cel_option *row);

/* Whether one of n rows has this name. */
bool cel_option_is(const cel_option *rows, size_t n, const char *name);

/*
** For files of Lua, as lua_CFunctions: cel_options_check is
**
**   base.check_options(rows, options, what)
**
** and cel_option_error is
**
**   base.option_error(what, name, expected, value)
**
** A row is an array: name, type (a word of the enum above, in lower case),
** what is expected (in words, or false for the name of the type), and for
** numbers the minimum and the maximum. Where pcall calls them their messages
** have no position.
*/
int cel_l_check_options(lua_State *L);
int cel_l_option_error(lua_State *L);

#endif
