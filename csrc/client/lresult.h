/*
** lresult.h - from an answer to Lua values: responses, errors, results.
*/
#ifndef CEL_LRESULT_H
#define CEL_LRESULT_H

#include <stdbool.h>

#include <lua.h>

#include "client/lcall.h"
#include "engine/failure.h"

/* Registry name of the Lua function that makes an error object of a table of
   its fields. */
#define CEL_ERROR_CONSTRUCTOR "celigo.new_error"

/* What went wrong, before it is an error object. Strings are borrowed. */
typedef struct cel_failure {
  const cel_failure_row *row;
  const char *message; /* NULL: from the answer */
  bool retryable;
  bool maybe_applied;
  bool answered; /* status, headers and body belong to it */
} cel_failure;

/* Sets method, path and operation of the call at idx in the table at `into`
   [-0, +0]. */
void cel_push_identity(lua_State *L, int idx, int into);

/* Pushes an error object about the call at idx [-0, +1]. */
void cel_push_failure(lua_State *L, int idx, const cel_failure *f);

/* Pushes the error object of a validation that found faults, which are a
   table on top of the stack; `contract` where it is the contract only that
   they offend, so that validate = false sends the body anyway [-1, +1]. */
void cel_push_invalid(lua_State *L, int idx, bool contract);

/* Finishes the call at idx with the failure of its newest exchange
   [-0, +0]. */
void cel_fail(lua_State *L, int idx);

/* Pushes the response table of the answer at hand [-0, +1]. The top is the
   next page's target or nil [-1, +1]. */
void cel_push_response(lua_State *L, int idx);

/* Pushes what the done call at idx gives and returns how many values; or
   raises what a callback raised [-0, +n]. */
int cel_push_result(lua_State *L, int idx);

/* Finds a header of the answer: the values of all fields of that name,
   joined by ", " [-0, +1]; false and nothing pushed where there is none. */
bool cel_push_header(lua_State *L, const cel_call *c, const char *name);

#endif
