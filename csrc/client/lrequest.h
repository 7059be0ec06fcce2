/*
** lrequest.h - from a method's arguments to a call.
*/
#ifndef CEL_LREQUEST_H
#define CEL_LREQUEST_H

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

/*
** Takes a method's arguments from the stack, the client at index 1, and
** leaves a call instead of all of them [-n, +1]. Wrong arguments raise with
** the caller's position; a body that the contract refuses makes a call that
** is done with an error, a dry run one that is done with the table that shows
** the request; nothing is sent yet. `by` is NULL for the operation's own
** method.
*/
void cel_request_operation(lua_State *L, const cel_operation *op,
                           const cel_asker *by);

/* The same for client:request { ... }. */
void cel_request_any(lua_State *L, const cel_asker *by);

/* The per-call options, and all that request takes; one more row of each is
   for iterators. */
extern const cel_option cel_call_options[];
extern const size_t cel_call_options_count;
extern const cel_option cel_request_options[];
extern const size_t cel_request_options_count;

#endif
