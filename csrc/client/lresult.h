/*
** lresult.h - makes Lua values of an answer: responses, error objects,
** results.
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

/* A failure, from which an error object is made. Strings are borrowed. */
typedef struct cel_failure {
  const cel_failure_row *row;
  const char *message; /* NULL: it comes from the answer */
  bool retryable;
  bool maybe_applied;
  bool answered; /* the error has status, headers and body of the answer */
} cel_failure;

/* Sets method, path and operation of the call at idx in the table at `into`
   [-0, +0]. */
void cel_push_identity(lua_State *L, int idx, int into);

/* Pushes an error object about the call at idx [-0, +1]. */
void cel_push_failure(lua_State *L, int idx, const cel_failure *f);

/* Replaces the table of faults on top by the error object of a validation.
   `contract`: all faults break only the contract, so validate = false would
   send the body anyway [-1, +1]. */
void cel_push_invalid(lua_State *L, int idx, bool contract);

/* Finishes the call at idx with the failure of its newest exchange
   [-0, +0]. */
void cel_fail(lua_State *L, int idx);

/* Replaces the next page's target or nil, on top, by the response table of the
   call's answer [-1, +1]. */
void cel_push_response(lua_State *L, int idx);

/* Pushes the results of the done call at idx and returns how many there are;
   or raises what a callback has raised [-0, +n]. */
int cel_push_result(lua_State *L, int idx);

/* Pushes a header of the answer: the values of all fields of that name, joined
   by ", " [-0, +1]. If there is none, returns false and pushes nothing. */
bool cel_push_header(lua_State *L, const cel_call *c, const char *name);

#endif
