/*
** larguments.h - what a method is given: ids, a body, options.
*/
#ifndef CEL_LARGUMENTS_H
#define CEL_LARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "client/loptions.h"
#include "contract/operations.h"

/* The method that asks, where it is not the operation's own: for errors. */
typedef struct cel_asker {
  const char *name;
  bool iterates;         /* it has the options of iterators */
  const char *arguments; /* that it takes, in words */
} cel_asker;

/* What was read from the stack, where the client is at index 1. Indices are
   absolute. */
typedef struct cel_arguments {
  const char *what;        /* the method's name, for errors */
  const cel_operation *op; /* NULL for the escape hatch */
  const cel_asker *by;     /* the method that asks, where it is another */
  int options;             /* the options' index; may hold nothing */
  int body;                /* the body's index; 0 for none */
  int call;                /* the index where the new call goes */
  const char *wrong_id;    /* which of the ids changes the path, or NULL */
  const char *shown_id;    /* that one */
} cel_arguments;

/* Reads the arguments of an operation, or of request { ... }: `what`, `op` and
   `by` are set [-n, +n]. Raises what is wrong with them, with the caller's
   position. */
void cel_arguments_read(lua_State *L, cel_arguments *a);
void cel_arguments_read_any(lua_State *L, cel_arguments *a);

/* Raises where the body is no table, though an operation wants one, or holds
   options [-0, +0]. */
void cel_arguments_check_body(lua_State *L, const cel_arguments *a);

/* The id number i, from 0; raises where it is no string [-0, +0]. Ids come
   from outside: one that would lead to another path is no mistake of the
   program, and only noted in a->wrong_id. */
const char *cel_arguments_id(lua_State *L, cel_arguments *a, size_t i,
                             size_t *len);

/* The per-call options, and all that request takes; one more row of each is
   for iterators. */
extern const cel_option cel_call_options[];
extern const size_t cel_call_options_count;
extern const cel_option cel_request_options[];
extern const size_t cel_request_options_count;

#endif
