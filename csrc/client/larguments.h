/*
** larguments.h - the arguments of a method: ids, a body, options.
*/
#ifndef CEL_LARGUMENTS_H
#define CEL_LARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "common/loptions.h"
#include "contract/operations.h"

/* The method that was called, where it is not the operation's own
   (each_connector, for example). For error messages. */
typedef struct cel_asker {
  const char *name;
  bool iterates;         /* it takes the options of iterators */
  const char *arguments; /* the arguments that it takes, in words */
} cel_asker;

/* What stands where on the stack; the client is at index 1. Indices are
   absolute. */
typedef struct cel_arguments {
  const char *what;        /* the method's name, for errors */
  const cel_operation *op; /* NULL for the escape hatch */
  const cel_asker *by;     /* the method that was called, if it is another */
  int options;             /* the options' index; nil may stand there */
  int body;                /* the body's index; 0 for none */
  int call;                /* the index where the new call goes */
  const char *wrong_id;    /* which of the ids changes the path, or NULL */
  const char *shown_id;    /* its value */
} cel_arguments;

/* Reads the arguments of an operation, or of request { ... }. The fields
   `what`, `op` and `by` must be set [-n, +n]. Raises if an argument is wrong,
   with the caller's position. */
void cel_arguments_read(lua_State *L, cel_arguments *a);
void cel_arguments_read_any(lua_State *L, cel_arguments *a);

/* Raises if the body holds options, or if an operation's body is not a table
   [-0, +0]. */
void cel_arguments_check_body(lua_State *L, const cel_arguments *a);

/* The id number i, from 0 [-0, +0]. Raises if it is not a string. An id that
   would change the path does not raise, because ids come from outside: it is
   noted in a->wrong_id. */
const char *cel_arguments_id(lua_State *L, cel_arguments *a, size_t i,
                             size_t *len);

/* Rows of options that clients and calls have. */
#define CEL_OPTION_TIMEOUT                                                    \
  { "timeout", CEL_OPTION_NUMBER, 1e-3, 1e7, "seconds, a number" }
#define CEL_OPTION_RETRIES                                                    \
  { "max_retries", CEL_OPTION_INTEGER, 0, 1e6, NULL }

/* The per-call options, and all options of request. Each table has one more
   row, which is for iterators. */
extern const cel_option cel_call_options[];
extern const size_t cel_call_options_count;
extern const cel_option cel_request_options[];
extern const size_t cel_request_options_count;

#endif
